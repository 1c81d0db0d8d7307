"""The figures of a run, one rule for each."""

for name, figure in FIGURES.items():
    if not PICTURES[name]:
        continue

    rule:
        name:
            f"draw_{name}"
        input:
            **needed(figure.needs),
        output:
            [
                (
                    in_report(
                        svg,
                        figure.section,
                        figure=PRESENTATION.titled(picture, figure.title.format(subject)),
                    ),
                    png,
                )
                for subject, picture in PICTURES[name].items()
                for svg, png in [drawn(picture)]
            ],
        log:
            f"{RUN}/logs/draw_{name}.log",
        localrule: True
        conda:
            NETWORK_ENVIRONMENT if figure.runs_network else LIGHT_ENVIRONMENT
        params:
            **captioned(
                name, figure.caption, f"Grey: {REFERENCE_NAME}." if figure.shows_reference else ""
            ),
            code=code_of("draw", modules=(figure.module,), **TAUGHT_IN_RUN),
            module=figure.module,
            needs=figure.needs,
            subjects=list(PICTURES[name]),
            run=RUN_OF,
            settings={setting: SETTINGS[setting] for setting in figure.settings},
            backend=config["backend"] if figure.runs_network else None,
        message:
            f"Drawing the figure {name}"
        script:
            "../scripts/draw.py"
