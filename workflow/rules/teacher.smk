"""The teacher: trained as the students are, or given, as predictions or as a finished classifier."""

if PLAN.given is None:

    use rule train_student as train_teacher with:
        output:
            **FILES.written_by_training(TEACHER),
        log:
            f"{SEED}/logs/train/teacher.log",
        benchmark:
            f"{SEED}/benchmarks/train/teacher.tsv"
        priority: 3  # all students with a source wait for it
        threads: CORES_BESIDE_A_GPU if config["gpu"] else CORES
        message:
            "Training the teacher, seed {wildcards.seed}"


if PLAN.given == "predictions":

    rule take_in_predictions:
        input:
            given=GIVEN_FILE,
            index=rules.index_archive.output.index,
            splits=FILES.splits,
        output:
            **FILES.predictions_of(TEACHER),
            evaluation=f"{SEED}/evaluation/teacher.csv",
        log:
            f"{SEED}/logs/take_in/teacher.log",
        priority: 3  # what is wrong with the file is said before a network is trained
        localrule: True
        conda:
            LIGHT_ENVIRONMENT
        params:
            code=code_of("take_in_predictions"),
            classes=config["classes"],
            content=GIVEN_CONTENT,
        message:
            "Taking in the teacher's predictions, seed {wildcards.seed}"
        script:
            "../scripts/take_in_predictions.py"


if PLAN.given == "classifier":

    rule take_in_classifier:
        input:
            given=GIVEN_FILE,
            splits=FILES.splits,
        output:
            model=f"{SEED}/models/teacher.keras",
            lineage=f"{SEED}/models/teacher.lineage.json",
        log:
            f"{SEED}/logs/take_in/teacher.log",
        priority: 3  # all students with a source wait for it
        conda:
            NETWORK_ENVIRONMENT
        threads: HALF_OF_THE_CORES
        resources:
            **growing(mem_mb_of_network, 10),
        params:
            code=code_of("take_in_classifier"),
            content=GIVEN_CONTENT,
            settings=PLAN.settings(TEACHER),
            classes=len(config["classes"]),
            backend=config["backend"],
        message:
            "Taking in the teacher, seed {wildcards.seed}"
        script:
            "../scripts/take_in_classifier.py"

    rule predict:
        input:
            **FILES.images(TEACHER, "{seed}"),
            model=f"{SEED}/models/teacher.keras",
            lineage=f"{SEED}/models/teacher.lineage.json",
            splits=FILES.splits,
        output:
            **FILES.predictions_of(TEACHER),
        log:
            f"{SEED}/logs/predict/teacher.log",
        benchmark:
            f"{SEED}/benchmarks/predict/teacher.tsv"
        priority: 2  # the chains of students are the longest way; evaluations fill the gaps
        conda:
            NETWORK_ENVIRONMENT
        threads: HALF_OF_THE_CORES
        resources:
            **growing(mem_mb_of_network, minutes_by_size(3)),
        params:
            **params_of("predict", "backend", "classes"),
            network=TEACHER,
            parts=PARTS,
        message:
            "Predicting with the teacher, seed {wildcards.seed}"
        script:
            "../scripts/predict.py"
