"""Networks that leave the workflow: ONNX files, Kaggle's submission, your own photos, a bundle to carry away."""


rule export:
    input:
        **IMAGES,
        model=f"{SEED}/models/{{network}}.keras",
        splits=f"{RUN}/data/splits.csv",
        validation_predictions=PREDICTIONS["validation"],
        test_predictions=PREDICTIONS["test"],
        lineage=lineage_of(
            [f"{SEED}/models/{{network}}.keras", PREDICTIONS["validation"], PREDICTIONS["test"]]
        ),
    output:
        onnx=f"{SEED}/onnx/{{network}}.onnx",
        int8=f"{SEED}/onnx/{{network}}.int8.onnx",
        report=f"{SEED}/onnx/{{network}}.json",
    log:
        f"{SEED}/logs/export/{{network}}.log",
    benchmark:
        f"{SEED}/benchmarks/export/{{network}}.tsv"
    priority: 1  # longer than an evaluation
    conda:
        "../../envs/export.yaml"
    threads: half_of_the_cores()
    resources:
        mem_mb=mem_mb_of_network,
        runtime=runtime_by_size(5),
    params:
        code=code_of("export"),
        card=card_of_network,
        int8_max_drop=config["export"]["int8_max_drop"],
    message:
        "Exporting {wildcards.network}, seed {wildcards.seed}, to ONNX"
    script:
        "../scripts/export.py"


rule write_submission:
    input:
        archive=ARCHIVE,
        network=DEPLOYED["onnx"],
    output:
        submission=f"{RUN}/submission.csv",
    log:
        f"{RUN}/logs/write_submission.log",
    benchmark:
        f"{RUN}/benchmarks/write_submission.tsv"
    conda:
        "../../envs/export.yaml"
    threads: CORES
    resources:
        mem_mb=growing(2000),
        runtime=runtime_by_size(1),
    params:
        code=code_of("write_submission"),
        archive=ARCHIVE_CONTENT,
        clip=config["submission"]["clip"],
    message:
        "Answering the unlabelled images of {input.archive}"
    script:
        "../scripts/write_submission.py"


rule write_bundle:
    input:
        **{form: DEPLOYED[form] for form in ("onnx", "int8", "report")},
        script=ancient(local(with_the_workflow("../deploy/classify.py"))),
    output:
        model=f"{RUN}/deploy/model.onnx",
        int8=f"{RUN}/deploy/model.int8.onnx",
        script=f"{RUN}/deploy/classify.py",
        requirements=f"{RUN}/deploy/requirements.txt",
        readme=f"{RUN}/deploy/README.md",
    log:
        f"{RUN}/logs/write_bundle.log",
    localrule: True
    conda:
        "../../envs/export.yaml"
    resources:
        **LIGHT,
    params:
        code=code_of("write_bundle", "../deploy/classify.py"),
        network=config["export"]["network"],
    message:
        "Bundling {params.network} to carry away"
    script:
        "../scripts/write_bundle.py"


# Not part of the experiment: snakemake --config photos=FOLDER -- classify
rule classify:
    input:
        photos=local(config["photos"]) if config["photos"] else [],
        teacher=forms_of("teacher")["onnx"],
        student=DEPLOYED["onnx"],
    output:
        table=f"{RUN}/photos/answers.csv",
        sheet=f"{RUN}/photos/contact-sheet.png",
    log:
        f"{RUN}/logs/classify.log",
    conda:
        "../../envs/export.yaml"
    threads: CORES
    resources:
        mem_mb=growing(2000),
        runtime=runtime_by_size(1),
    params:
        code=code_of("classify"),
        photos=config["photos"],
        student=config["export"]["network"],
        classes=config["classes"],
    message:
        "Classifying the photos of {params.photos}"
    script:
        "../scripts/classify.py"
