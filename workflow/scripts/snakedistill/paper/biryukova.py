"""V. A. Biryukova's paper on knowledge distillation: its numbers of figures and sections, and what it asks of a run."""

from snakedistill.core.errors import some
from snakedistill.core.parts import TEST, TRAIN, VALIDATION
from snakedistill.paper.deviations import deviations_in_words as deviations_in_words
from snakedistill.results.presentation import Presentation

PRESENTATION = Presentation(
    numbers={
        "teacher": 1,
        "training-teacher": 2,
        "training-classic": 3,
        "training-hard": 4,
        "training-soft": 5,
        f"predictions-{TEST}": 6,
        f"predictions-{VALIDATION}": 7,
        f"predictions-{TRAIN}": 8,
        "recursion-hard": 9,
        "recursion-soft": 9,
    },
    headings={
        "training": "section 3",
        "time": "section 4.1",
        "predictions": "section 4.2",
        "recursion": "sections 4.3, 4.4",
        "best_epoch": "section 5",
    },
    notes={
        "evaluation": "The paper has this table in section 3. It prints the best of several evaluations.",
        "uncertainty": "The paper has these numbers in sections 4.3 and 4.4; uncertainty is its formula (15).",
        "histograms": "The paper has these numbers in section 4.2.",
        "best_epoch": "The paper names its best epochs in section 5; its students were trained for 100 epochs.",
        "classes": "Claim C7 is about the teacher's errors on the two classes.",
        "timing": "Section 4.1 of the paper measures ResNet-50 and ResNet-18 in Keras on a laptop.",
        "scheme": "This is figure 1 of the paper.",
        "training": "Figures 2 to 5 of the paper show the teacher and its students.",
        "predictions": "These are figures 6 to 8 of the paper.",
        "recursion": "This is figure 9 of the paper. Claim C11 is about the growth of the shares on the right.",
        "generations": "Uncertainty is formula (15) of the paper.",
    },
    reference_rows={"runtime": "Keras", "precision": "float32", "batch_size": 32, "decoding": "no"},
    about_reference=(
        "what Biryukova's paper prints for its own run, 25,000 photographs at 224 pixels, ResNet-50 as teacher and "
        "ResNet-18 as students"
    ),
)

NAME = "paper"
"""The short name of its reference numbers."""

TABLES = ("evaluation", "uncertainty", "histograms", "best_epoch", "timing")
"""The tables of which it prints numbers."""

TIMED_BACKBONES = ("resnet50", "resnet18")
"""The two networks whose speed it compares, the slower one first."""

ARCHIVE = "get Kaggle's archive with `kaggle competitions download -c dogs-vs-cats`"
"""How to get its images."""

CAPTION_OF_CLAIMS = """All evidence for the paper's claims C1 to C11: its value, its interval and how that was made,
where the claim puts it, and the same computed from the paper's printed numbers. Evidence supports a claim when its
whole interval lies where the claim puts it, and contradicts it when no part of the interval does. A claim holds when
all its evidence supports it, does not hold when any evidence contradicts it, and cannot be told otherwise."""


def contradictions(config: dict) -> list[str]:
    """What the paper's part of the workflow cannot do with a configuration, a line for each."""
    classes = config["classes"]
    if classes is not None and len(classes) != 2:
        return [
            f"paper: expected null with {len(classes)} classes ({some(classes)}), got biryukova: the paper's claims "
            "and Kaggle's submission are about two"
        ]
    if classes == ["dog", "cat"]:
        return [
            "classes: expected [cat, dog], got [dog, cat]: the paper's numbers and Kaggle's submission are about the "
            "probability of dog, which must be class 1, the second in the list"
        ]
    return []
