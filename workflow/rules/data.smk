"""From the archive to arrays of images."""


localrules:
    write_config,


rule write_config:
    message:
        "Writing the merged configuration"
    output:
        f"{RUN}/config.yaml",
    log:
        f"{RUN}/logs/write_config.log",
    params:
        config=config,
    conda:
        "../../envs/light.yaml"
    script:
        "../scripts/write_config.py"


rule draw_sample:
    message:
        "Drawing {params.sample[images]} cats and dogs"
    output:
        SAMPLE,
    log:
        f"{RUN}/logs/draw_sample.log",
    params:
        sample=config["sample"],
    threads: workflow.cores or 1
    conda:
        "../../envs/light.yaml"
    script:
        "../scripts/draw_sample.py"


rule index_archive:
    message:
        "Listing the usable images of {input.archive}"
    input:
        archive=ARCHIVE,
    output:
        index=f"{RUN}/data/index.csv",
        rejected=f"{RUN}/data/rejected.csv",
    log:
        f"{RUN}/logs/index_archive.log",
    params:
        classes=config["classes"],
    threads: workflow.cores or 1
    conda:
        "../../envs/light.yaml"
    script:
        "../scripts/index_archive.py"


rule split_images:
    message:
        "Splitting the images into train, validation and test"
    input:
        index=f"{RUN}/data/index.csv",
    output:
        splits=f"{RUN}/data/splits.csv",
    log:
        f"{RUN}/logs/split_images.log",
    params:
        split=config["split"],
    conda:
        "../../envs/light.yaml"
    script:
        "../scripts/split_images.py"


rule write_arrays:
    message:
        "Decoding and resizing the images to {params.image_size} pixels"
    input:
        archive=ARCHIVE,
        index=f"{RUN}/data/index.csv",
        splits=f"{RUN}/data/splits.csv",
    output:
        **IMAGES,
    log:
        f"{RUN}/logs/write_arrays.log",
    params:
        image_size=config["image_size"],
    threads: workflow.cores or 1
    conda:
        "../../envs/light.yaml"
    script:
        "../scripts/write_arrays.py"
