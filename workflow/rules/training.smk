"""Weights that come from elsewhere, and the training of every network: one rule, whatever labels it trains on."""


def files_of_recipe(network):
    """The files of the backbone and of its weights that a recipe names, by what they are."""
    recipe = recipe_of(network)
    found = {"backbone": recipe["backbone"]} if is_saved(recipe["backbone"]) else {}
    if recipe["weights"] not in (None, "imagenet"):
        found["weights"] = recipe["weights"]
    return found


def inputs_of_training(wildcards):
    """Labels, and the files of the backbone and of its weights, of the network that a job trains."""
    network = network_of_job(wildcards)
    labels = f"{SEED.format(seed=wildcards.seed)}/labels/{network}.csv"
    found = {"labels": labels, "lineage": lineage_of([labels])}
    if recipe_of(network)["weights"] == "imagenet":
        found["weights"] = f"results/weights/{recipe_of(network)['backbone']}-imagenet-notop.h5"
    given = files_of_recipe(network).items()
    return found | {name: ancient(local(path)) for name, path in given}


def code_of_training(wildcards):
    """The code that trains a network: of its backbone, of the way it is taught, and of its augmentation."""
    network = network_of_job(wildcards)
    recipe = recipe_of(network)
    return code_of(
        "train",
        modules=[BACKBONES[recipe["backbone"]]] if recipe["backbone"] in BACKBONES else [],
        WAYS=[NETWORKS[network].way],
        TRANSFORMATIONS=active(recipe["augmentation"]),
    )


def checkpoints(wildcards, output):
    """The folder for the checkpoints of a training run, wherever a module puts the results."""
    model = Path(output.model)
    return str(model.parents[1] / "checkpoints" / model.stem)


rule fetch_weights:
    output:
        "results/weights/{backbone}-imagenet-notop.h5",
    log:
        "results/weights/{backbone}.log",
    localrule: True  # compute nodes may have no connection
    conda:
        "../../envs/training.yaml"
    resources:
        **LIGHT,
    params:
        code=code_of("fetch_weights"),
    message:
        "Fetching the ImageNet weights of {wildcards.backbone}"
    script:
        "../scripts/fetch_weights.py"


rule train_teacher:
    input:
        unpack(inputs_of_training),
        train=IMAGES["train"],
        validation=IMAGES["validation"],
        splits=SPLITS,
    output:
        model=f"{SEED}/models/teacher.keras",
        lineage=f"{SEED}/models/teacher.lineage.json",
        history=f"{SEED}/history/teacher.csv",
    log:
        f"{SEED}/logs/train/teacher.log",
    benchmark:
        f"{SEED}/benchmarks/train/teacher.tsv"
    priority: 3  # all students with a source wait for it
    conda:
        NETWORK_ENVIRONMENT
    threads: CORES
    resources:
        **GPU,
        mem_mb=mem_mb_of_network,
        runtime=runtime_of_training,
    params:
        code=code_of_training,
        network=network_of_job,
        way=lambda wildcards: NETWORKS[network_of_job(wildcards)].way,
        checkpoints=checkpoints,
        recipe=recipe_of_job,
        image_size=config["image_size"],
        precision=config["precision"],
        backend=config["backend"],
        fingerprints=lambda wildcards: [
            content_of_file(path) for path in files_of_recipe(network_of_job(wildcards)).values()
        ],
    message:
        "Training the teacher, seed {wildcards.seed}"
    script:
        "../scripts/train.py"


use rule train_teacher as train_student with:
    output:
        model=f"{SEED}/models/{{student}}.keras",
        lineage=f"{SEED}/models/{{student}}.lineage.json",
        history=f"{SEED}/history/{{student}}.csv",
    log:
        f"{SEED}/logs/train/{{student}}.log",
    benchmark:
        f"{SEED}/benchmarks/train/{{student}}.tsv"
    priority: 2  # the chains of students are the longest way; evaluations fill the gaps
    threads: HALF_OF_THE_CORES
    message:
        "Training {wildcards.student}, seed {wildcards.seed}"
