"""The door of a clone, beside profiles/: the workflow is workflow/Snakefile, where the Snakemake workflow catalog looks."""


include: "workflow/Snakefile"


workflow.default_target = DEFAULT_TARGET  # `include` keeps the one of this file, which has no rule
