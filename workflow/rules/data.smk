"""From the archive to arrays of images."""


rule write_config:
    output:
        f"{RUN}/config.yaml",
    log:
        f"{RUN}/logs/write_config.log",
    localrule: True
    conda:
        LIGHT_ENVIRONMENT
    params:
        code=code_of("write_config"),
        config=config,
    message:
        "Writing the merged configuration"
    script:
        "../scripts/write_config.py"


rule draw_sample:
    output:
        FILES.sample,
    log:
        f"{RUN}/logs/draw_sample.log",
    benchmark:
        f"{RUN}/benchmarks/draw_sample.tsv"
    conda:
        LIGHT_ENVIRONMENT
    threads: CORES
    resources:
        **growing(2000, 10),
    params:
        **params_of("draw_sample", "sample"),
    message:
        "Drawing the {params.sample[images]} images of the built-in sample"
    script:
        "../scripts/draw_sample.py"


rule index_archive:
    input:
        archive=ARCHIVE,
    output:
        index=f"{RUN}/data/index.csv",
        unusable=f"{RUN}/data/unusable.csv",
    log:
        f"{RUN}/logs/index_archive.log",
    benchmark:
        f"{RUN}/benchmarks/index_archive.tsv"
    conda:
        LIGHT_ENVIRONMENT
    threads: CORES
    resources:
        **growing(2000, minutes_by_size(1)),
    params:
        **params_of("index_archive", "classes", "layout", LAYOUTS=(config["layout"],)),
        archive=ARCHIVE_CONTENT,
    message:
        "Listing the usable images of {input.archive}"
    script:
        "../scripts/index_archive.py"


rule split_images:
    input:
        index=rules.index_archive.output.index,
        unusable=rules.index_archive.output.unusable,
        predictions=GIVEN_FILE if PLAN.drops_images else [],
    output:
        splits=FILES.splits,
        copies=FILES.copies,
        rejected=FILES.rejected,
        counts=FILES.counts,
    log:
        f"{SPLIT}/logs/split_images.log",
    localrule: True
    conda:
        LIGHT_ENVIRONMENT
    params:
        **params_of("split_images", "split", "classes") | SPLIT_OF_JOB,
        predictions=GIVEN_CONTENT if PLAN.drops_images else None,
    message:
        "Splitting the images into train, validation and test"
    script:
        "../scripts/split_images.py"


rule write_arrays:
    input:
        archive=ARCHIVE,
        index=rules.index_archive.output.index,
        splits=FILES.splits,
    output:
        **{part: FILES.arrays[part] for part in PARTS},
    log:
        f"{SPLIT}/logs/write_arrays/{{pixels}}.log",
    benchmark:
        f"{SPLIT}/benchmarks/write_arrays/{{pixels}}.tsv"
    conda:
        LIGHT_ENVIRONMENT
    threads: CORES
    resources:
        **growing(2000, minutes_by_size(1)),
    params:
        code=code_of("write_arrays"),
        pixels=lambda wildcards: asdict(PLAN.pixels_in_use[wildcards.pixels]),
        archive=ARCHIVE_CONTENT,
    message:
        "Decoding and resizing the images to {params.pixels[size]} pixels"
    script:
        "../scripts/write_arrays.py"


if PLAN.see_unlabelled:

    rule list_unlabelled:
        input:
            archive=ARCHIVE,
            unusable=rules.index_archive.output.unusable,
        output:
            listed=FILES.unlabelled_list,
        log:
            f"{RUN}/logs/list_unlabelled.log",
        priority: 3  # that there are none is said before a network is trained
        conda:
            LIGHT_ENVIRONMENT
        threads: CORES
        resources:
            **growing(2000, minutes_by_size(1)),
        params:
            code=code_of("list_unlabelled"),
            archive=ARCHIVE_CONTENT,
        message:
            "Listing the images without a label"
        script:
            "../scripts/list_unlabelled.py"

    rule write_unlabelled:
        input:
            archive=ARCHIVE,
            unusable=rules.index_archive.output.unusable,
            listed=FILES.unlabelled_list,
        output:
            array=FILES.arrays[UNLABELLED],
        log:
            f"{RUN}/logs/write_unlabelled/{{pixels}}.log",
        benchmark:
            f"{RUN}/benchmarks/write_unlabelled/{{pixels}}.tsv"
        conda:
            LIGHT_ENVIRONMENT
        threads: CORES
        resources:
            **growing(2000, minutes_by_size(1)),
        params:
            code=code_of("write_unlabelled"),
            pixels=lambda wildcards: asdict(PLAN.pixels_in_use[wildcards.pixels]),
            archive=ARCHIVE_CONTENT,
        message:
            "Decoding and resizing the images without a label to {params.pixels[size]} pixels"
        script:
            "../scripts/write_unlabelled.py"


# Not part of the experiment: snakemake --configfile PRESET --config archive=FOLDER -- suggest
# Its settings are no output, which Snakemake would delete to write them again: they may have been changed by hand.
rule suggest:
    input:
        archive=given_archive,
    log:
        f"{RUN}/logs/suggest.log",
    localrule: True
    conda:
        NETWORK_ENVIRONMENT
    threads: CORES
    params:
        minutes=MINUTES,
        command=["snakemake", "--cores", "all", "--config", f"archive={config['archive']}"]
        + ["--configfile", with_the_workflow(f"../../{PRESET}")],
    message:
        "Looking at the images of {input.archive}"
    script:
        "../scripts/suggest.py"
