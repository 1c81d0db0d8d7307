"""The paper's part: its claims, and Kaggle's submission. Included only when the configuration names a paper."""

PAPER = PAGES.paper
PRINTED = {table: f"../reference/{table}.csv" for table in PAPER.TABLES}
INSERTS.append(f"{RUN}/claims.md")
TARGETS.append(f"{RUN}/submission.csv")


# As time_networks, it has the whole machine to itself.
rule time_backbones:
    input:
        archive=ARCHIVE,
        index=rules.index_archive.output.index,
        splits=FILES.of_first_seed(FILES.splits),
    output:
        speed=f"{RUN}/speed.csv",
    log:
        f"{RUN}/logs/time_backbones.log",
    benchmark:
        f"{RUN}/benchmarks/time_backbones.tsv"
    conda:
        EXPORT_ENVIRONMENT
    threads: CORES
    resources:
        **growing(4000, 60),
    params:
        code=code_of(
            "time_backbones",
            modules=(
                *(BACKBONES[name] for name in PAPER.TIMED_BACKBONES if name in BACKBONES),
                *FORMS["onnx"].modules,
            ),
            BACKBONES=PAPER.TIMED_BACKBONES,
            FORMS=("onnx",),
        ),
        archive=ARCHIVE_CONTENT,
        rounds=config["timing"]["rounds"],
    message:
        f"Timing {' and '.join(PAPER.TIMED_BACKBONES)}"
    script:
        "../scripts/time_backbones.py"


rule weigh_claims:
    input:
        **FILES.needed([*PARTS, "augmented", "histories", "splits"]),
        **{
            f"printed_{table}": given_file(with_the_workflow(path))
            for table, path in PRINTED.items()
        },
        speed=rules.time_backbones.output.speed,
    output:
        claims=in_report(f"{RUN}/claims.csv", "result", result="claims C1 to C11, all evidence"),
        section=f"{RUN}/claims.md",
    log:
        f"{RUN}/logs/weigh_claims.log",
    localrule: True
    conda:
        LIGHT_ENVIRONMENT
    params:
        **PAGES.captioned("claims", PAPER.CAPTION_OF_CLAIMS),
        code=code_of("weigh_claims", *PRINTED.values()),
        run=PAGES.run,
    message:
        "Weighing the paper's claims"
    script:
        "../scripts/weigh_claims.py"


rule write_submission:
    input:
        archive=ARCHIVE,
        networks=[FILES.form("onnx", network)["float32"] for network in PLAN.bundled],
        measurements=[FILES.form("onnx", network)["measurements"] for network in PLAN.bundled],
        choice=FILES.choice,
    output:
        submission=f"{RUN}/submission.csv",
    log:
        f"{RUN}/logs/write_submission.log",
    benchmark:
        f"{RUN}/benchmarks/write_submission.tsv"
    conda:
        EXPORT_ENVIRONMENT
    threads: CORES
    resources:
        **growing(2000, minutes_by_size(1)),
    params:
        code=code_of("write_submission"),
        archive=ARCHIVE_CONTENT,
        networks=PLAN.bundled,
        clip=config["submission"]["clip"],
    message:
        "Predicting the unlabelled images in {input.archive}"
    script:
        "../scripts/write_submission.py"
