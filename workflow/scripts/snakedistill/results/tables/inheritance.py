"""What each student shares with its teacher, beside what an independent student shares with it."""

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from snakedistill.core.parts import TEST
from snakedistill.measures import inheritance
from snakedistill.measures.inheritance import INHERITED
from snakedistill.results.answers import Answers, ImagesOfSeeds, images_of_seeds
from snakedistill.results.lines import ancestors
from snakedistill.results.run import Run
from snakedistill.results.tables.table import ALL_SEEDS, Table, columns_of

_COLUMNS = ["seed", "network", "taught_by", "independent", "split", "class", "images"]
_COLUMNS += ["agreement", "agreement_of_independent", "agreement_by_chance", "kl_divergence"]
_COLUMNS += ["wrong_given_wrong", "wrong_given_wrong_of_independent", "wrong_given_wrong_by_chance"]
_COLUMNS += ["right_given_right", "right_given_right_of_independent"]
_COLUMNS += [name + end for name in INHERITED for end in ("", "_low", "_high", "_p")]
_COLUMNS += [f"{name}_by_chance" for name in INHERITED[1:]]


def rows(run: Run) -> pd.DataFrame:
    """Fidelity of each student to its source and to its teacher on the test part, and what is inherited.

    Returns:
        seed (or `all`), network, taught_by (the source of labels, or the teacher at the head of the chain),
        independent, split (test: on train a student is like its teacher because it was fitted to its answers), class
        (empty for all of them), images; agreement, agreement_of_independent, agreement_by_chance, kl_divergence;
        wrong_given_wrong, wrong_given_wrong_of_independent, wrong_given_wrong_by_chance, right_given_right,
        right_given_right_of_independent; and with the ends of their 95 % intervals and p-values, see
        `inheritance.inherited`, agreement_inherited, errors_inherited, right_inherited, negative_transfer; the last
        three also of an independent student of the same accuracy (_by_chance, see `inherited_by_chance`). Rows of one
        class have agreements alone, without an interval. What needs an independent student is NaN without one.
    """
    found: dict[tuple[str, str, str | None], list[dict]] = {}
    answered: dict[str, list[np.ndarray]] = {}
    ids, labels = [], []
    for seed, of_seed in itertools.groupby(run.answers((TEST,)), lambda given: given.seed):
        image_id, label, of_networks, divergences = _of_seed(run, of_seed)
        ids.append(image_id)
        labels.append(label)
        for network, answer in of_networks.items():
            answered.setdefault(network, []).append(answer)
        for (network, teacher), divergence in divergences.items():
            independents: Sequence[str | None] = run.independent.get(network) or [None]
            for independent in independents:
                third = None if independent is None else of_networks[independent]
                whole, *of_classes = _pair(of_networks[network], of_networks[teacher], third, label, run.classes)
                of_pair = found.setdefault((network, teacher, independent), [])
                of_pair += [{"seed": seed} | whole | {"kl_divergence": divergence}]
                of_pair += [{"seed": seed} | row for row in of_classes]
    frames, images = [], images_of_seeds(ids, labels)
    for (network, teacher, independent), of_pair in found.items():
        networks = [network, teacher] + ([] if independent is None else [independent])
        answers = [answered[name] for name in networks]
        frame = pd.DataFrame(_with_inherited(of_pair, answers, images, len(run.classes)), columns=_COLUMNS)
        about = {"network": network, "taught_by": teacher, "independent": independent or "", "split": TEST}
        frames.append(frame.assign(**about))
    if not frames:
        return pd.DataFrame(columns=_COLUMNS)
    order = [str(seed) for seed in run.seeds] + [ALL_SEEDS]
    frame = pd.concat(frames, ignore_index=True)
    return frame.sort_values("seed", key=lambda seeds: seeds.astype(str).map(order.index), kind="stable")


def _with_inherited(
    of_pair: list[dict], answers: list[list[np.ndarray]], images: ImagesOfSeeds, classes: int
) -> list[dict]:
    """The rows of a student and a teacher with what is inherited, and of several seeds one over all of them.

    Args:
        of_pair: rows of all images and of each class, seed by seed.
        answers: of student and teacher, and of an independent student if there is one, seed by seed, int [n] each.
        images: those of all seeds.
        classes: number of classes.
    """
    wholes = [row for row in of_pair if row["class"] == ""]
    if len(answers) == 3:
        for number, row in enumerate(wholes):
            row |= _inherited([answer[number][None] for answer in answers], images.of_seed(number), classes)
    if len(wholes) == 1:
        return of_pair
    means = pd.DataFrame(wholes).drop(columns=["seed", "class", "images"]).mean().to_dict()
    together, label, present = [images.laid_out(of_network) for of_network in answers], images.label, images.present
    whole = {"seed": ALL_SEEDS, "class": "", "images": images.of_a_seed} | means
    whole |= _conditional(*together, label=label, present=present)
    return [*of_pair, whole | (_inherited(together, label, classes, present) if len(answers) == 3 else {})]


def _inherited(
    answers: list[np.ndarray], label: np.ndarray, classes: int, present: np.ndarray | None = None
) -> dict[str, float]:
    """What is inherited by the columns' names, from answers of student, teacher and independent, int [seeds, n]."""
    student, teacher, independent = answers
    shared = inheritance.shared(student, teacher, independent, label)
    row: dict[str, float] = {}
    for name, estimate in inheritance.inherited(shared, label, present).items():
        row |= columns_of(name, estimate)
    by_chance = inheritance.inherited_by_chance(shared, label, classes, present)
    return row | {f"{name}_by_chance": value for name, value in by_chance.items()}


def _conditional(
    student: np.ndarray,
    teacher: np.ndarray,
    independent: np.ndarray | None = None,
    *,
    label: np.ndarray,
    present: np.ndarray | None = None,
) -> dict[str, float]:
    """How often two students are wrong where the teacher is wrong, and right where it is right; int [..., n]."""
    there, row = True if present is None else present, {}
    teacher_wrong, teacher_right = (teacher != label) & there, (teacher == label) & there
    for end, answer in (("", student), ("_of_independent", independent)):
        if answer is not None:
            row[f"wrong_given_wrong{end}"] = inheritance.conditional(answer != label, teacher_wrong)
            row[f"right_given_right{end}"] = inheritance.conditional(answer == label, teacher_right)
    return row


def _of_seed(
    run: Run, of_seed: Iterable[Answers]
) -> tuple[pd.Series, np.ndarray, dict[str, np.ndarray], dict[tuple[str, str], float]]:
    """Ids and labels of the images, answers by network, mean divergences by (network, teacher), of one seed and part.

    The networks come in an order in which a teacher is before its students; its logits are in memory until the last.
    """
    teachers = {network: _teachers(network, run) for network in run.networks}
    waiting = Counter(itertools.chain.from_iterable(teachers.values()))
    answered: dict[str, np.ndarray] = {}
    logits: dict[str, np.ndarray] = {}
    divergences: dict[tuple[str, str], float] = {}
    for given in of_seed:
        answered[given.network], image_id, label = given.answer, given.image_id, given.label
        for teacher in teachers[given.network]:
            of_images = inheritance.kl_divergence(logits[teacher], given.logit)
            divergences[given.network, teacher] = float(of_images.mean())
            waiting[teacher] -= 1
            if not waiting[teacher]:
                del logits[teacher]
        if waiting[given.network]:
            logits[given.network] = given.logit
    return image_id, label, answered, divergences


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
    whole["wrong_given_wrong_by_chance"] = inheritance.errors_by_chance(wrong, teacher_wrong, label, number)
    whole |= _conditional(student, teacher, independent, label=label)
    images = np.bincount(label, minlength=number)
    of_class = {"agreement": np.bincount(label, student == teacher, number)}
    if independent is not None:
        whole["agreement_of_independent"] = inheritance.agreement(independent, teacher)
        of_class["agreement_of_independent"] = np.bincount(label, independent == teacher, number)
        of_class["agreement_inherited"] = of_class["agreement"] - of_class["agreement_of_independent"]
    return [whole] + [
        {"class": classes[one], "images": images[one]}
        | {name: sums[one] / images[one] for name, sums in of_class.items()}
        for one in np.flatnonzero(images)
    ]


INHERITANCE = Table(
    rows,
    needs=("test", "splits"),
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
a class are independent; of what is inherited it is what the independent student would show if random errors made it as
accurate as the student. Of students of a later generation one row compares with the source of their labels, and one
with the teacher at the head of the chain.""",
)
