"""The parts of the images."""

PARTS = TRAIN, VALIDATION, TEST = "train", "validation", "test"

UNLABELLED = "unlabelled"
"""The images without a manual label, which are in no part."""
