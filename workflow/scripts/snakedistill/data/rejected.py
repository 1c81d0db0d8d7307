"""The list of files and images that are not used."""

REJECTED_COLUMNS = ["member", "reason"]
UNPREDICTED = "no prediction of the teacher"
UNDRAWN = "not drawn, see split.images"
DROPPED = "dropped, so that the classes have the same number of images"
