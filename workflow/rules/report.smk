"""The page that holds the whole result."""

ABOUT_REFERENCE = PRESENTATION.about_reference if not config["reference"] else REFERENCE


rule summarise:
    input:
        **{table: FILES[table] for table in TABLES},
        inserts=INSERTS,
        figures=[
            drawn(picture)[1] for pictures in PICTURES.values() for picture in pictures.values()
        ],
        counts=rules.split_images.output.counts,
        rejected=rules.split_images.output.rejected,
        copies=rules.split_images.output.copies,
        splits=SPLITS,
        measurements=FILES["measurements"],
        lineages=lineage_of(FILES["models"]),
    output:
        summary=f"{RUN}/summary.md",
    log:
        f"{RUN}/logs/summarise.log",
    localrule: True
    conda:
        LIGHT_ENVIRONMENT
    params:
        run_description=DESCRIBED,
        code=code_of("summarise", FIGURES=(), **TAUGHT_IN_RUN),
        sections_of_pictures={
            PRESENTATION.numbered(picture): FIGURES[name].section
            for name, pictures in PICTURES.items()
            for picture in pictures.values()
        },
        headings=HEADINGS,
        settings={network: settings_of(network) for network in MODELS},
        students=config["students"],
        teacher_is_given=GIVEN is not None,
        student=SHOWN_STUDENT,
        reference=REFERENCE_NAME,
        about_reference=ABOUT_REFERENCE,
    message:
        "Writing the summary"
    script:
        "../scripts/summarise.py"


rule summary_to_html:
    input:
        summary=rules.summarise.output.summary,
        figures=rules.summarise.input.figures,
    output:
        html=in_report(f"{RUN}/summary.html", "result", result="summary, on one page"),
    log:
        f"{RUN}/logs/summary_to_html.log",
    localrule: True
    conda:
        LIGHT_ENVIRONMENT
    params:
        **captioned("summary", "The whole result on one page: tables and figures.", ""),
        code=code_of("summary_to_html"),
    message:
        "Writing the summary for the report"
    script:
        "../scripts/summary_to_html.py"
