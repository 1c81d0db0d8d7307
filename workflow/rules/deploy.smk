"""What ships a network: its model card, the bundle, answers to photos, and the page in the browser."""

TABLES_OF_CARD = ("uncertainty", "classes", "calibration", "inheritance")


rule write_model_card:
    input:
        unpack(lambda wildcards: FILES.for_model_card(wildcards.network, wildcards.seed)),
        **{table: FILES.tables[table] for table in TABLES_OF_CARD},
        counts=FILES.counts,
    output:
        model_card=FILES.model_card,
    log:
        f"{SEED}/logs/write_model_card/{{network}}.log",
    localrule: True
    conda:
        LIGHT_ENVIRONMENT
    params:
        run_description=PAGES.described["run"],
        code=code_of("write_model_card", FORMS=PLAN.forms),
        card=lambda wildcards: words.card_of(PLAN, wildcards.network, wildcards.seed),
        lineage=lambda wildcards: words.lineage_in_words(PLAN, wildcards.network),
        tables=TABLES_OF_CARD,
        int8_max_drop=config["export"]["int8_max_drop"],
        # Of a network that cannot be chosen, another choice makes no other card.
        choice=lambda wildcards, input: config["choose"] if input.get("frontier") else None,
    message:
        "Writing the model card of {wildcards.network}, seed {wildcards.seed}"
    script:
        "../scripts/write_model_card.py"


rule write_bundle:
    input:
        **FILES.to_bundle(),
        choice=FILES.choice,
        splits=FILES.of_first_seed(FILES.splits),
        script=given_file(with_the_workflow("../deploy/classify.py")),
        check=given_file(with_the_workflow("../deploy/check.py")),
        decoding=given_file(with_the_workflow("snakedistill/data/decoding.py")),
        answers=given_file(with_the_workflow("snakedistill/export/answers.py")),
    output:
        script=f"{RUN}/deploy/classify.py",
        check=f"{RUN}/deploy/check.py",
        decoding=f"{RUN}/deploy/decoding.py",
        answers=f"{RUN}/deploy/answers.py",
        requirements=f"{RUN}/deploy/requirements.txt",
        readme=f"{RUN}/deploy/README.md",
        golden=f"{RUN}/deploy/golden.csv",
        checksums=f"{RUN}/deploy/SHA256SUMS",
    log:
        f"{RUN}/logs/write_bundle.log",
    localrule: True
    conda:
        EXPORT_ENVIRONMENT
    params:
        code=code_of(
            "write_bundle",
            "../deploy/classify.py",
            "../deploy/check.py",
            "snakedistill/data/decoding.py",
            "snakedistill/export/answers.py",
            FORMS=PLAN.bundled_forms,
        ),
        forms=PLAN.bundled_forms,
        kinds=(*PLAN.precisions, "measurements"),
        int8_max_drop=config["export"]["int8_max_drop"],
        networks=PLAN.bundled,
        classes=config["classes"],
    message:
        f"Bundling {'the chosen student' if PLAN.chooses else PLAN.bundled[0]} to carry away"
    script:
        "../scripts/write_bundle.py"


ON_THE_PAGE = [*PLAN.bundled, *(one for one in PLAN.shipped if one not in PLAN.bundled)]
NAMES_ON_THE_PAGE = ["model", *(one for one in PLAN.shipped if one not in PLAN.bundled)]
PRECISION_OF_PAGE = PLAN.precisions[-1]  # int8, where it is written
PAGE = ("index.html", "style.css", "page.js", "duel.js", "pixels.js", "worker.js")
WEB = f"{RUN}/deploy/web"
# Drawings of cats and dogs, for networks that tell them apart.
EXAMPLES_OF_PAGE = range(len(EXAMPLES) if are_sample_classes(config["classes"]) else 0)
PHOTOS = f"{RUN}/photos/{name_of_folder(config['photos'] or '')}"


# Not part of the experiment: snakemake --config photos=FOLDER -- classify
rule classify:
    input:
        photos=given_photos,
        networks=[FILES.form("onnx", network)["float32"] for network in PLAN.shipped],
        measurements=[FILES.form("onnx", network)["measurements"] for network in PLAN.shipped],
        choice=FILES.choice,
    output:
        # The answers that are there stay until the new ones are whole, and when the job fails. `.done` goes then, so that
        # they do not count as up to date.
        table=update(f"{PHOTOS}/answers.csv"),
        sheet=update(f"{PHOTOS}/contact-sheet.png"),
        done=touch(f"{PHOTOS}/.done"),
    log:
        f"{RUN}/logs/classify.log",
    conda:
        EXPORT_ENVIRONMENT
    threads: CORES
    resources:
        **growing(2000, minutes_by_size(1)),
    params:
        code=code_of("classify"),
        photos=config["photos"],
        content=fingerprint_of_archive(config["photos"]) if config["photos"] else None,
        networks=PLAN.shipped,
        candidates=PLAN.bundled,
        classes=config["classes"],
        run_description=PAGES.described["run"],
    message:
        "Classifying the photos of {params.photos}"
    script:
        "../scripts/classify.py"


rule fetch_onnx_runtime_web:
    output:
        f"{WEB}/onnxruntime/ort.wasm.bundle.min.mjs",
        f"{WEB}/onnxruntime/ort-wasm-simd-threaded.wasm",
    log:
        f"{RUN}/logs/fetch_onnx_runtime_web.log",
    localrule: True
    conda:
        "../../envs/npm.yaml"
    params:
        code=code_of("fetch_onnx_runtime_web"),
    message:
        "Loading ONNX Runtime for browsers"
    script:
        "../scripts/fetch_onnx_runtime_web.py"


# Not part of the experiment: snakemake -- web
rule web:
    input:
        networks=[FILES.form("onnx", network)[PRECISION_OF_PAGE] for network in ON_THE_PAGE],
        measurements=[FILES.form("onnx", network)["measurements"] for network in ON_THE_PAGE],
        choice=FILES.choice,
        sources=[given_file(with_the_workflow(f"../deploy/web/{file}")) for file in PAGE],
        splits=FILES.of_first_seed(FILES.splits),
        runtime=rules.fetch_onnx_runtime_web.output,
    output:
        page=[f"{WEB}/{file}" for file in PAGE],
        networks=[
            f"{WEB}/{FORMS['onnx'].file_name(name, PRECISION_OF_PAGE)}"
            for name in NAMES_ON_THE_PAGE
        ],
        examples=[f"{WEB}/examples/{number}.jpg" for number in EXAMPLES_OF_PAGE],
        facts=f"{WEB}/page.json",
    log:
        f"{RUN}/logs/web.log",
    localrule: True
    conda:
        EXPORT_ENVIRONMENT
    params:
        code=code_of("write_page", *(f"../deploy/web/{file}" for file in PAGE)),
        networks=ON_THE_PAGE,
        candidates=PLAN.bundled,
        precision=PRECISION_OF_PAGE,
        classes=config["classes"],
        run_description=PAGES.described["run"],
        learned_from=learned_from(config),
    message:
        "Making the page that classifies in the browser"
    script:
        "../scripts/write_page.py"
