"""A network that begins where its source ended."""

from pydantic import Field

from snakedistill.teaching.way import Option

SOURCE_WEIGHTS: Option[bool] = Option(
    setting=(
        bool | None,
        Field(
            default=None,
            description="true: a network begins with the weights of its source, where that has the same recipe's "
            "backbone and pixels; its head is then not fitted first",
            examples=[True],
        ),
    ),
    fits=lambda way: way.from_source is not None,
    applied=lambda way, _: way,  # what changes is where the training run begins
    words=lambda _: "from the source's weights",
    needs_source_model=True,
)
