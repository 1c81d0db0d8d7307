"""Networks that leave the workflow, one rule for each form: in float32 and int8, compared with Keras.

A network that cannot be written fails no job: its measurements say why, and so does the text in place of its file.
"""

for form in PLAN.forms:

    rule:
        name:
            f"export_{form}"
        input:
            unpack(lambda wildcards: FILES.images(wildcards.network, wildcards.seed)),
            model=FILES.model,
            splits=FILES.splits,
            validation_predictions=FILES.predictions[VALIDATION],
            test_predictions=FILES.predictions[TEST],
            lineage=lineages([FILES.model, FILES.predictions[VALIDATION], FILES.predictions[TEST]]),
        output:
            **files_of_form(form, SEED, "{network}", PLAN.precisions),
        log:
            f"{SEED}/logs/export_{form}/{{network}}.log",
        benchmark:
            f"{SEED}/benchmarks/export_{form}/{{network}}.tsv"
        priority: 1  # longer than an evaluation
        conda:
            EXPORT_ENVIRONMENT
        threads: HALF_OF_THE_CORES
        resources:
            **growing(mem_mb_of_network, minutes_by_size(5)),
        params:
            form=form,
            precisions=PLAN.precisions,  # Snakemake sees no change of the list of outputs
            code=code_of("export", modules=FORMS[form].modules, FORMS=(form,)),
            card=lambda wildcards: words.card_of(PLAN, wildcards.network, wildcards.seed),
        message:
            f"Exporting {{wildcards.network}}, seed {{wildcards.seed}}, to {FORMS[form].title}"
        script:
            "../scripts/export.py"
