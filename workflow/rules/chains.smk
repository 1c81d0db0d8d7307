"""Chains of heads on frozen backbones, to study what a chain of students loses by.

Not part of the experiment: snakemake --configfile presets/chains.yaml -- chains
"""


rule write_features:
    input:
        unpack(files_of_role),
        splits=FILES.of_first_seed(FILES.splits),
    output:
        features=FEATURES,
    log:
        f"{RUN}/logs/write_features/{{role}}.log",
    benchmark:
        f"{RUN}/benchmarks/write_features/{{role}}.tsv"
    wildcard_constraints:
        role="|".join(ROLES),
    conda:
        NETWORK_ENVIRONMENT
    threads: CORES
    resources:
        **growing(4000, minutes_by_size(3)),
    params:
        backend=config["backend"],
        code=lambda wildcards: code_of_features(PLAN, network_of_job(wildcards)),
        backbone=lambda wildcards: PLAN.recipe(network_of_job(wildcards))["backbone"],
        preprocessing=lambda wildcards: PLAN.recipe(network_of_job(wildcards))["preprocessing"],
        fingerprints=fingerprints_of_recipe,
    message:
        "Computing features with the frozen backbone of the {wildcards.role}"
    script:
        "../scripts/write_features.py"


rule train_chains:
    input:
        **{f"of_{role}": FEATURES.format(role=role) for role in ROLES},
        splits=FILES.of_first_seed(FILES.splits),
    output:
        chains=f"{RUN}/chains/{{dose}}.csv",
    log:
        f"{RUN}/logs/train_chains/{{dose}}.log",
    benchmark:
        f"{RUN}/benchmarks/train_chains/{{dose}}.tsv"
    wildcard_constraints:
        dose="|".join(CHAINS["doses"]) or "none",
    conda:
        LIGHT_ENVIRONMENT
    resources:
        **growing(3000, 120),
    params:
        code=code_of("train_chains"),
        study={key: value for key, value in CHAINS.items() if key != "doses"},
        dose=lambda wildcards: CHAINS["doses"][wildcards.dose],
    message:
        "Training chains of heads, {wildcards.dose}"
    script:
        "../scripts/train_chains.py"


rule chains:
    input:
        chains_of_doses,
    output:
        chains=f"{RUN}/chains.csv",
        lifetimes=f"{RUN}/lifetimes.csv",
        figure=f"{RUN}/chains.svg",
        image=f"{RUN}/chains.png",
    log:
        f"{RUN}/logs/chains.log",
    localrule: True
    conda:
        LIGHT_ENVIRONMENT
    params:
        code=code_of("study_chains"),
        doses=CHAINS["doses"],
        run_in_a_line=f"Run {config['run']}",
    message:
        "Tabulating and plotting chains of heads"
    script:
        "../scripts/study_chains.py"
