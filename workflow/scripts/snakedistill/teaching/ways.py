"""The three ways of the paper, which share a loss: labels by hand, and the source's answers or probabilities."""

from snakedistill.measures.metrics import answer
from snakedistill.teaching.losses import cross_entropy
from snakedistill.teaching.way import Way, needed

MANUAL = Way(label=lambda inputs: needed(inputs.manual), loss=cross_entropy)
"""The class that the archive gives to an image."""

HARD = Way(label=lambda inputs: answer(needed(inputs.probability)), loss=cross_entropy, from_source="answers")
"""The source's answer, the class with the largest probability, formula (13) of the paper."""

SOFT = Way(label=lambda inputs: needed(inputs.probability), loss=cross_entropy, from_source="probabilities", soft=True)
"""The probabilities that the source predicts, formula (14) of the paper."""
