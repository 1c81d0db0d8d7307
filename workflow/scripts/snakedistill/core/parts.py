"""The parts of the images."""

PARTS = TRAIN, VALIDATION, TEST = "train", "validation", "test"
