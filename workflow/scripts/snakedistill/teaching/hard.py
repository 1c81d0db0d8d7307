"""Hard labels: the source's answer, the class with the largest probability, formula (13) of the paper."""

from snakedistill.measures.metrics import answer
from snakedistill.teaching.cross_entropy import cross_entropy
from snakedistill.teaching.way import Way

HARD = Way(label=lambda inputs: answer(inputs.probability), loss=cross_entropy, from_source="answers")
