"""The labels that each network trains on."""


def source_of(wildcards):
    """Id of the network whose predictions become the labels; None for a network without a source."""
    return NETWORKS[wildcards.network].source


def predictions_of_source(wildcards):
    """Predictions of the source of labels and their lineage, where there is one."""
    if (source := source_of(wildcards)) is None:
        return {}
    files = {
        part: path.format(seed=wildcards.seed, network=source) for part, path in PREDICTIONS.items()
    }
    return files | {"lineage": lineage_of(files.values())}


rule write_labels:
    input:
        unpack(predictions_of_source),
        splits=SPLITS,
    output:
        labels=f"{SEED}/labels/{{network}}.csv",
        lineage=f"{SEED}/labels/{{network}}.lineage.json",
    log:
        f"{SEED}/logs/labels/{{network}}.log",
    priority: 2  # the chains of students are the longest way; evaluations fill the gaps
    localrule: True
    conda:
        LIGHT_ENVIRONMENT
    resources:
        **LIGHT,
    params:
        code=lambda wildcards: code_of("write_labels", WAYS=[NETWORKS[wildcards.network].way]),
        way=lambda wildcards: NETWORKS[wildcards.network].way,
        source=source_of,
    message:
        "Labelling the images for {wildcards.network}, seed {wildcards.seed}"
    script:
        "../scripts/write_labels.py"
