"""Soft labels: the probabilities that the source predicts, formula (14) of the paper."""

from snakedistill.teaching.cross_entropy import cross_entropy
from snakedistill.teaching.way import Way

SOFT = Way(label=lambda inputs: inputs.probability, loss=cross_entropy, from_source="probabilities")
