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
        "Predicting the unlabelled images in {input.archive}"
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
        card=configuration.card(config, config["export"]["network"], config["seeds"][0]),
    message:
        "Bundling {params.card[network]} to carry away"
    script:
        "../scripts/write_bundle.py"


PHOTOS = f"{RUN}/photos/{name_of_folder(config['photos'] or '')}"


# Not part of the experiment: snakemake --config photos=FOLDER -- classify
rule classify:
    input:
        photos=given_photos,
        teacher=forms_of("teacher")["onnx"],
        student=DEPLOYED["onnx"],
    output:
        # The answers that are there stay until the new ones are whole, and when the job fails. `.done` goes then, so that
        # they do not count as up to date.
        table=update(f"{PHOTOS}/answers.csv"),
        sheet=update(f"{PHOTOS}/contact-sheet.png"),
        done=touch(f"{PHOTOS}/.done"),
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
        content=fingerprint_of_archive(config["photos"]) if config["photos"] else None,
        student=config["export"]["network"],
        classes=config["classes"],
        run_description=DESCRIBED["run_description"]["run"],
    message:
        "Classifying the photos of {params.photos}"
    script:
        "../scripts/classify.py"
