"""What each student shares with its teacher, beside what an independent student shares with it."""

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from snakedistill.core.parts import TEST, TRAIN
from snakedistill.measures import inheritance
from snakedistill.measures.inheritance import INHERITED
from snakedistill.results.answers import Answers
from snakedistill.results.lines import ancestors
from snakedistill.results.run import Run
from snakedistill.results.tables.table import Table

_COLUMNS = ["seed", "network", "taught_by", "independent", "split", "class", "images"]
_COLUMNS += ["agreement", "agreement_of_independent", "agreement_by_chance", "kl_divergence"]
_COLUMNS += ["wrong_given_wrong", "wrong_given_wrong_of_independent", "wrong_given_wrong_by_chance"]
_COLUMNS += ["right_given_right", "right_given_right_of_independent"]
_COLUMNS += [name + end for name in INHERITED for end in ("", "_low", "_high")]


def rows(run: Run) -> pd.DataFrame:
    """Fidelity of each student to its source and to its teacher, and what is inherited beyond an independent student.

    Returns:
        seed, network, taught_by (the source of labels, or the teacher at the head of the chain), independent, split,
        class (empty for all of them), images; agreement, agreement_of_independent, agreement_by_chance, kl_divergence;
        wrong_given_wrong, wrong_given_wrong_of_independent, wrong_given_wrong_by_chance, right_given_right,
        right_given_right_of_independent; and with the ends of their 95 % intervals, by bootstrap over images,
        agreement_inherited, errors_inherited, right_inherited, negative_transfer. Rows of one class have agreements
        alone, without an interval. What needs an independent student is NaN without one.
    """
    frames = []
    for part in (TRAIN, TEST):
        found: list[dict] = []
        shared: list[tuple[dict, inheritance.Shared]] = []
        label = np.empty(0, np.int64)
        for seed, of_seed in itertools.groupby(run.answers((part,)), lambda given: given.seed):
            label, answered, divergences = _of_seed(run, of_seed)
            for (network, teacher), divergence in divergences.items():
                independents: Sequence[str | None] = run.independent.get(network) or [None]
                for independent in independents:
                    about = {"seed": seed, "network": network, "taught_by": teacher, "independent": independent or ""}
                    two = answered[network], answered[teacher]
                    third = None if independent is None else answered[independent]
                    rows = _pair(*two, third, label, run.classes)
                    whole, *of_classes = [about | {"split": part} | row for row in rows]
                    found += [whole | {"kl_divergence": divergence}, *of_classes]
                    if third is not None:
                        shared.append((found[-1 - len(of_classes)], inheritance.shared(*two, third, label)))
        if shared:
            intervals = inheritance.inherited_intervals([of_images for _, of_images in shared], label)
            for (row, _), of_pair in zip(shared, intervals, strict=True):
                for name, (low, high) in zip(INHERITED, of_pair, strict=True):
                    row |= {f"{name}_low": low, f"{name}_high": high}
        frames.append(pd.DataFrame(found, columns=_COLUMNS))
    return pd.concat([frame for frame in frames if len(frame)] or frames)


def _of_seed(
    run: Run, of_seed: Iterable[Answers]
) -> tuple[np.ndarray, dict[str, np.ndarray], dict[tuple[str, str], float]]:
    """Labels, answers by network, and mean divergences by (network, teacher), of one seed and part.

    The networks come in an order in which a teacher is before its students; its logits are in memory until the last.
    """
    teachers = {network: _teachers(network, run) for network in run.networks}
    waiting = Counter(itertools.chain.from_iterable(teachers.values()))
    answered: dict[str, np.ndarray] = {}
    logits: dict[str, np.ndarray] = {}
    divergences: dict[tuple[str, str], float] = {}
    for given in of_seed:
        answered[given.network], label = given.answer, given.label
        for teacher in teachers[given.network]:
            of_images = inheritance.kl_divergence(logits[teacher], given.logit)
            divergences[given.network, teacher] = float(of_images.mean())
            waiting[teacher] -= 1
            if not waiting[teacher]:
                del logits[teacher]
        if waiting[given.network]:
            logits[given.network] = given.logit
    return label, answered, divergences


def _teachers(network: str, run: Run) -> list[str]:
    """The source of labels of a network, and the teacher at the head of its chain where that is another one."""
    above = ancestors(network, run.sources)
    return list(dict.fromkeys([*above[:1], *above[-1:]]))


def _pair(
    student: np.ndarray, teacher: np.ndarray, independent: np.ndarray | None, label: np.ndarray, classes: list[str]
) -> list[dict]:
    """What the answers of two networks share, of all images and then of each class, where there are some."""
    number = len(classes)
    wrong, teacher_wrong = student != label, teacher != label
    whole = {"class": "", "images": len(label), "agreement": inheritance.agreement(student, teacher)}
    whole["agreement_by_chance"] = inheritance.agreement_by_chance(student, teacher, label, number)
    whole["wrong_given_wrong"] = inheritance.conditional(wrong, teacher_wrong)
    whole["wrong_given_wrong_by_chance"] = inheritance.errors_by_chance(wrong, teacher_wrong, label, number)
    whole["right_given_right"] = inheritance.conditional(~wrong, ~teacher_wrong)
    images = np.bincount(label, minlength=number)
    of_class = {"agreement": np.bincount(label, student == teacher, number)}
    if independent is not None:
        whole["agreement_of_independent"] = inheritance.agreement(independent, teacher)
        whole["wrong_given_wrong_of_independent"] = inheritance.conditional(independent != label, teacher_wrong)
        whole["right_given_right_of_independent"] = inheritance.conditional(independent == label, ~teacher_wrong)
        means = np.array([column.mean() for column in inheritance.shared(student, teacher, independent, label).columns])
        whole |= dict(zip(INHERITED, map(float, inheritance.inherited(means)), strict=True))
        of_class["agreement_of_independent"] = np.bincount(label, independent == teacher, number)
        of_class["agreement_inherited"] = of_class["agreement"] - of_class["agreement_of_independent"]
    return [whole] + [
        {"class": classes[one], "images": images[one]}
        | {name: sums[one] / images[one] for name, sums in of_class.items()}
        for one in np.flatnonzero(images)
    ]


INHERITANCE = Table(
    rows,
    needs=("train", "test", "splits"),
    keys=("network", "taught_by", "independent", "split", "class"),
    values=("agreement", "agreement_inherited", "errors_inherited"),
    section="inheritance",
    title="inheritance",
    caption="""How much each student is like its teacher, and how much of that it has from the teacher. Agreement is
the share of images with the same answer, right or wrong; the Kullback-Leibler divergence (nats) compares the
probabilities, and is 0 when they are equal. Good networks agree because they are right, so a student stands beside an
independent student of the same recipe and seed that was taught by manual labels: inherited is what the student has
beyond it. Inherited errors: how much more often it is wrong where the teacher is wrong. Inherited right answers: how
much more often it is right where the teacher is right. Negative transfer is the former minus the latter: above 0, the
teacher's errors were passed on more than its knowledge. By chance is what two networks would share whose answers in
a class are independent. Of students of a later generation one row compares with the source of their labels, and one
with the teacher at the head of the chain.""",
)
