"""How long an image takes: teacher and student, in every runtime, on the processor alone."""


# It has the whole machine to itself: no other job runs beside one that takes all cores.
rule time_networks:
    input:
        unpack(networks_to_time),
        archive=ARCHIVE,
        index=f"{RUN}/data/index.csv",
        splits=f"{RUN}/data/splits.csv",
        test_images=IMAGES["test"],
    output:
        measured=f"{RUN}/timing.json",
    log:
        f"{RUN}/logs/time_networks.log",
    benchmark:
        f"{RUN}/benchmarks/time_networks.tsv"
    conda:
        "../../envs/export.yaml"
    threads: CORES
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        code=code_of("time_networks"),
        archive=ARCHIVE_CONTENT,
        student=SHOWN_STUDENT,
        rounds=config["timing"]["rounds"],
    message:
        "Timing the teacher and {params.student}"
    script:
        "../scripts/time_networks.py"


rule tabulate_timing:
    input:
        measured=f"{RUN}/timing.json",
        printed=PRINTED["timing"],
    output:
        timing=f"{RUN}/timing.csv",
        table=report(
            f"{RUN}/tables/timing.csv",
            caption="../report/timing_table.rst",
            category=TABLES_CATEGORY,
            labels={"table": "seconds an image (section 4.1)"},
        ),
    log:
        f"{RUN}/logs/tabulate_timing.log",
    localrule: True
    conda:
        "../../envs/light.yaml"
    resources:
        **LIGHT,
    params:
        **DESCRIBED,
        code=code_of("tabulate_timing", "../reference/timing.csv"),
        student=SHOWN_STUDENT,
    message:
        "Tabulating seconds an image"
    script:
        "../scripts/tabulate_timing.py"


rule draw_timing:
    input:
        timing=f"{RUN}/timing.csv",
        printed=PRINTED["timing"],
    output:
        in_report(drawn("timing"), "timing", TIMING_CATEGORY, figure="seconds an image"),
    log:
        f"{RUN}/logs/draw_timing.log",
    localrule: True
    conda:
        "../../envs/light.yaml"
    resources:
        **LIGHT,
    params:
        **DESCRIBED,
        code=code_of("draw_timing", "../reference/timing.csv"),
        student=SHOWN_STUDENT,
        families=sorted(config["students"]),
    message:
        "Drawing seconds an image"
    script:
        "../scripts/draw_timing.py"
