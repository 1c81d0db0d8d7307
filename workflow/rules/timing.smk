"""How long an image takes: teacher, if it has a model, and student, in every runtime, on the processor alone."""


# It has the whole machine to itself: no other job runs beside one that takes all cores.
rule time_networks:
    input:
        unpack(networks_to_time),
        archive=ARCHIVE,
        index=rules.index_archive.output.index,
        splits=SPLITS,
        test_images=IMAGES[TEST],
    output:
        measured=FILES["measured"],
        timing=FILES["seconds"],
    log:
        f"{RUN}/logs/time_networks.log",
    benchmark:
        f"{RUN}/benchmarks/time_networks.tsv"
    conda:
        EXPORT_ENVIRONMENT
    threads: CORES
    resources:
        **growing(4000, 60),
    params:
        code=code_of("time_networks"),
        archive=ARCHIVE_CONTENT,
        networks=TIMED,
        rounds=config["timing"]["rounds"],
    message:
        f"Timing {' and '.join(TIMED)}"
    script:
        "../scripts/time_networks.py"
