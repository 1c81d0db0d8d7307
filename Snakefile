"""Distil a large image classifier into small ones, and measure what they inherit."""

from snakemake.utils import min_version

min_version("9.0")


configfile: "config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/teaching.smk"
include: "workflow/rules/training.smk"
include: "workflow/rules/teacher.smk"
include: "workflow/rules/evaluation.smk"
include: "workflow/rules/export.smk"
include: "workflow/rules/timing.smk"
include: "workflow/rules/tables.smk"
include: "workflow/rules/figures.smk"


if config["paper"]:

    include: "workflow/rules/paper.smk"


include: "workflow/rules/deploy.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/audit.smk"
include: "workflow/rules/terminal.smk"


rule all:
    default_target: True
    input:
        TARGETS,
        FILES.known["model_cards"],
