"""Images without a manual label that join the training part."""

from pydantic import Field

from snakedistill.teaching.way import Option

UNLABELLED: Option[bool] = Option(
    setting=(
        bool | None,
        Field(
            default=None,
            description="true: the archive's images without a label join the training part, with labels of the source",
            examples=[True],
        ),
    ),
    fits=lambda way: way.from_source is not None and "manual" not in way.targets,
    applied=lambda way, _: way,  # what changes is the training part
    words=lambda _: "also of images without a manual label",
    excludes=("shuffled", "manual_share"),  # these need a manual label
    needs_source_model=True,
)
"""The paper's own motivation: a teacher can label what nobody has labelled."""
