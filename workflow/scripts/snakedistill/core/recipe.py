"""Keys of a recipe that may be absent."""

from typing import Any

NEUTRAL: dict[str, Any] = {
    "image_size": None,
    "fit": "squash",
    "resample": "nearest",
    "train_share": 1.0,
    "optimiser": "adam",
    "warmup": 0.0,
    "weight_decay": 0.0,
    "patience": None,
    "until_label_fit": None,
    "head_first": False,
    "frozen": None,
    "batch_norm": "trained",
    "best_epoch": "accuracy",
}
"""The value that each of them then has. A key with this value is in no params of a rule and in no lineage, so a new key
changes nothing of a run that does not use it."""

WHOLE_BACKBONE = "backbone"
"""The value of `frozen` that leaves all of the backbone as it is."""

AUGMENTATION_ALWAYS_NAMED = ("flip", "shift")
"""The transformations that params of rules and lineages name even where they are off; others are then left out."""
