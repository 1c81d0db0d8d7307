"""The page that holds the whole result."""


rule summarise:
    input:
        **FILES.tables,
        inserts=INSERTS,
        figures=[
            PAGES.files_of_picture(picture)[1]
            for pictures in PAGES.pictures.values()
            for picture in pictures.values()
        ],
        index=rules.index_archive.output.index,
        counts=FILES.of_first_seed(FILES.counts),
        rejected=FILES.of_first_seed(FILES.rejected),
        copies=FILES.of_first_seed(FILES.copies),
        splits=FILES.of_first_seed(FILES.splits),
        measurements=FILES.known["measurements"],
        exports=FILES.exports,
        lineages=lineages(FILES.known["models"]),
    output:
        summary=f"{RUN}/summary.md",
    log:
        f"{RUN}/logs/summarise.log",
    localrule: True
    conda:
        LIGHT_ENVIRONMENT
    params:
        run_description=PAGES.described,
        code=code_of("summarise", FIGURES=(), **PLAN.taught),
        warnings=first_lines.warnings(config, NAMED_IMAGES),
        pixels=[asdict(pixels) for pixels in PLAN.pixels_in_use.values()],
        sections_of_pictures=PAGES.sections_of_pictures,
        headings=PAGES.headings,
        settings={network: PLAN.settings(network) for network in PLAN.models},
        students=config["students"],
        teacher_is_given=PLAN.given is not None,
        shown=PLAN.shown,
        choice=config["choose"],
        int8_max_drop=config["export"]["int8_max_drop"],
        reference=PAGES.reference_name,
        about_reference=PAGES.about_reference,
    message:
        "Writing the summary"
    script:
        "../scripts/summarise.py"


rule summary_to_html:
    input:
        **FILES.for_gallery(),
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
        **PAGES.captioned("summary", "The whole result on one page: tables and figures."),
        code=code_of("summary_to_html", *FILES_OF_PAGE, FILE_OF_GALLERY),
        run=config["run"],
        gallery=(
            {
                "results": [(PLAN.first_seed, network) for network in PLAN.in_gallery],
                "classes": config["classes"],
                "shown": PLAN.shown,
                "chains": PLAN.chains,
            }
            if config["summary"]["images"]
            else None
        ),
        captions=PAGES.captions_of_pictures,
    message:
        "Writing the summary for the report"
    script:
        "../scripts/summary_to_html.py"
