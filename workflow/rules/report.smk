"""The page that holds the whole result."""

TABLES_OF_CARD = ("uncertainty", "classes", "calibration", "inheritance")
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


rule write_model_card:
    input:
        unpack(inputs_of_model_card),
        **{table: FILES[table] for table in TABLES_OF_CARD},
        counts=rules.split_images.output.counts,
    output:
        model_card=f"{SEED}/cards/{{network}}.md",
    log:
        f"{SEED}/logs/write_model_card/{{network}}.log",
    localrule: True
    conda:
        LIGHT_ENVIRONMENT
    params:
        run_description=DESCRIBED["run"],
        code=code_of("write_model_card"),
        card=lambda wildcards: card_of(wildcards.network, wildcards.seed),
        lineage=lambda wildcards: lineage_in_words(wildcards.network),
        tables=TABLES_OF_CARD,
    message:
        "Writing the model card of {wildcards.network}, seed {wildcards.seed}"
    script:
        "../scripts/write_model_card.py"
