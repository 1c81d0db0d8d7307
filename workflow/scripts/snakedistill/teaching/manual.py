"""Manual labels: the class that the archive gives to an image."""

from snakedistill.teaching.cross_entropy import cross_entropy
from snakedistill.teaching.way import Way

MANUAL = Way(label=lambda inputs: inputs.manual, loss=cross_entropy)
