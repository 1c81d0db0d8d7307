"""The figures of a run, one rule for each."""

for name, figure in FIGURES.items():
    if not PAGES.pictures[name]:
        continue

    rule:
        name:
            f"plot_{name}"
        input:
            **FILES.needed(figure.needs),
        output:
            [
                (in_report(svg, figure.section, figure=title), png)
                for picture, title in PAGES.titles_of_pictures(name).items()
                for svg, png in [PAGES.files_of_picture(picture)]
            ],
        log:
            f"{RUN}/logs/plot_{name}.log",
        localrule: True
        conda:
            NETWORK_ENVIRONMENT if figure.runs_network else LIGHT_ENVIRONMENT
        params:
            **PAGES.captioned(
                name,
                figure.caption,
                f"Grey: {PAGES.reference_name}." if figure.shows_reference else "",
            ),
            code=code_of("plot", modules=(figure.module,), FORMS=PLAN.forms, **PLAN.taught),
            run_in_a_line=name_run(config),
            module=figure.module,
            needs=figure.needs,
            subjects=list(PAGES.pictures[name]),
            run=PAGES.run,
            settings=PAGES.settings_for(figure.settings),
            backend=config["backend"] if figure.runs_network else None,
        message:
            f"Plotting the figure {name}"
        script:
            "../scripts/plot.py"
