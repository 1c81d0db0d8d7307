"""How long an image takes: teacher, if it has a model, and students, in every runtime, on the processor alone."""

TIMED_FORMS = tuple(form for form in PLAN.forms if FORMS[form].timed)


# It has the whole machine to itself: no other job runs beside one that takes all cores.
rule time_networks:
    input:
        **FILES.to_time(),
        archive=ARCHIVE,
        index=rules.index_archive.output.index,
        splits=FILES.of_first_seed(FILES.splits),
        test_images=[FILES.array(TEST, network, PLAN.first_seed) for network in PLAN.timed],
    output:
        measured=FILES.known["measured"],
        timing=FILES.known["seconds"],
    log:
        f"{RUN}/logs/time_networks.log",
    benchmark:
        f"{RUN}/benchmarks/time_networks.tsv"
    conda:
        EXPORT_ENVIRONMENT
    threads: CORES
    resources:
        **growing(resources.mem_mb_of_timing(PLAN), 60),
    params:
        code=code_of(
            "time_networks",
            modules=tuple(
                runtime.module for form in TIMED_FORMS for runtime in FORMS[form].runtimes
            ),
            FORMS=TIMED_FORMS,
        ),
        forms=PLAN.timed_forms,
        archive=ARCHIVE_CONTENT,
        kinds=(*PLAN.precisions, "measurements"),
        in_full=PLAN.timed_in_full,
        pixels=[asdict(PLAN.pixels(network)) for network in PLAN.timed],
        rounds=config["timing"]["rounds"],
    message:
        f"Timing {' and '.join(PLAN.timed)}"
    script:
        "../scripts/time_networks.py"
