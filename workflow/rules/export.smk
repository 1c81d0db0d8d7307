"""Networks that leave the workflow: ONNX and LiteRT files, your own photos, a bundle to carry away."""


rule export:
    input:
        unpack(lambda wildcards: FILES.images(wildcards.network)),
        model=FILES.model,
        splits=FILES.splits,
        validation_predictions=FILES.predictions[VALIDATION],
        test_predictions=FILES.predictions[TEST],
        lineage=lineages([FILES.model, FILES.predictions[VALIDATION], FILES.predictions[TEST]]),
    output:
        float32=f"{SEED}/onnx/{{network}}.onnx",
        int8=f"{SEED}/onnx/{{network}}.int8.onnx",
        measurements=f"{SEED}/onnx/{{network}}.json",
    log:
        f"{SEED}/logs/export/{{network}}.log",
    benchmark:
        f"{SEED}/benchmarks/export/{{network}}.tsv"
    priority: 1  # longer than an evaluation
    conda:
        EXPORT_ENVIRONMENT
    threads: HALF_OF_THE_CORES
    resources:
        **growing(mem_mb_of_network, minutes_by_size(5)),
    params:
        form="onnx",
        code=code_of("export", modules=(FORMS["onnx"],)),
        card=lambda wildcards: words.card_of(PLAN, wildcards.network, wildcards.seed),
        int8_max_drop=config["export"]["int8_max_drop"],
    message:
        "Exporting {wildcards.network}, seed {wildcards.seed}, to ONNX"
    script:
        "../scripts/export.py"


use rule export as export_litert with:
    output:
        float32=f"{SEED}/litert/{{network}}.tflite",
        int8=f"{SEED}/litert/{{network}}.int8.tflite",
        measurements=f"{SEED}/litert/{{network}}.json",
    log:
        f"{SEED}/logs/export_litert/{{network}}.log",
    benchmark:
        f"{SEED}/benchmarks/export_litert/{{network}}.tsv"
    params:
        form="litert",
        code=code_of("export", modules=(FORMS["litert"],)),
        card=lambda wildcards: words.card_of(PLAN, wildcards.network, wildcards.seed),
        int8_max_drop=config["export"]["int8_max_drop"],
    message:
        "Exporting {wildcards.network}, seed {wildcards.seed}, to LiteRT"
