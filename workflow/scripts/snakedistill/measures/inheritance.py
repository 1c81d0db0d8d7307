"""What a student has from its teacher: agreement, divergence, and errors, beside what an independent student has.

Inherited is what a student shares with its teacher beyond what an independent student shares with it: one of the same
recipe and seed that never saw the teacher's answers.
"""

from dataclasses import dataclass, replace

import numpy as np

from snakedistill.measures.comparison import FEWEST_SEEDS, sign_permutation_p_value
from snakedistill.measures.estimates import UNKNOWN, Estimate, estimated_mean, paired_difference
from snakedistill.measures.intervals import LEVEL, score_interval
from snakedistill.measures.metrics import by_rows


def agreement(answer: np.ndarray, other: np.ndarray) -> float:
    """Share of images to which two networks give the same answer (Stanton et al. 2021, arXiv 2106.05945); int [n]."""
    return float((answer == other).mean())


def kl_divergence(teacher: np.ndarray, student: np.ndarray) -> np.ndarray:
    """Kullback-Leibler divergence of a student from its teacher (Stanton et al. 2021), sum_k p_k (log p_k - log q_k).

    With two classes and logits t and s of class 1 it is p (t - s) + softplus(s) - softplus(t), with p = sigmoid(t).

    Args:
        teacher: logits, float [n, K].
        student: logits, float [n, K].

    Returns:
        float64 [n], nats, at least 0.
    """

    def of_rows(t: np.ndarray, s: np.ndarray) -> np.ndarray:
        t -= np.logaddexp.reduce(t, axis=1)[:, None]
        s -= np.logaddexp.reduce(s, axis=1)[:, None]
        return np.maximum((np.exp(t) * (t - s)).sum(axis=1), 0)  # rounding may leave less than nothing

    return by_rows(of_rows, teacher, student)


def agreement_by_chance(answer: np.ndarray, other: np.ndarray, label: np.ndarray, classes: int) -> float:
    """The agreement of two networks whose answers to the images of a class are independent, with the shares they have.

    It is sum_c sum_k n_ck m_ck / (n_c n), where n_ck and m_ck count the images of class c that get answer k (Cohen
    1960, within each class).

    Args:
        answer: int [n].
        other: int [n], of the other network.
        label: int [n], manual.
        classes: number of classes, K.
    """
    counts = [np.bincount(label * classes + one, minlength=classes**2) for one in (answer, other)]
    of_class = np.maximum(np.bincount(label, minlength=classes), 1)
    return float(((counts[0] * counts[1]).reshape(classes, classes).sum(axis=1) / of_class).sum() / len(label))


def errors_by_chance(wrong: np.ndarray, teacher_wrong: np.ndarray, label: np.ndarray, classes: int) -> float:
    """P(student wrong | teacher wrong) of a student whose errors in a class are independent of the teacher's.

    Args:
        wrong: bool [n], where the student is wrong.
        teacher_wrong: bool [n].
        label: int [n], manual.
        classes: number of classes, K.

    Returns:
        The share, NaN of a teacher without an error.
    """
    error_rate = np.bincount(label, wrong, classes) / np.maximum(np.bincount(label, minlength=classes), 1)
    return conditional(error_rate[label], teacher_wrong)


def conditional(event: np.ndarray, condition: np.ndarray) -> float:
    """Mean of `event` over the images where `condition` is true, NaN where there is none; of the same shape each."""
    return float(event[condition].mean()) if condition.any() else float("nan")


@dataclass(frozen=True)
class Shared:
    """A student, its teacher and an independent student, on the same images and of the same seeds.

    Attributes:
        agrees: where the student agrees with the teacher, bool [seeds, n].
        independent_agrees: where the independent student does.
        wrong: where the student is wrong.
        teacher_wrong: where the teacher is.
        independent_wrong: where the independent student is.
    """

    agrees: np.ndarray
    independent_agrees: np.ndarray
    wrong: np.ndarray
    teacher_wrong: np.ndarray
    independent_wrong: np.ndarray


INHERITED = ("agreement_inherited", "errors_inherited", "right_inherited", "negative_transfer")
"""What `inherited` gives, in its order."""


def shared(student: np.ndarray, teacher: np.ndarray, independent: np.ndarray, label: np.ndarray) -> Shared:
    """Compare the answers of three networks, int [seeds, n] each, with one another and with the labels, int [n]."""
    return Shared(student == teacher, independent == teacher, student != label, teacher != label, independent != label)


def inherited(found: Shared, label: np.ndarray, present: np.ndarray | None = None) -> dict[str, Estimate]:
    """What a student has from its teacher beyond what an independent student shares with it, by name of `INHERITED`.

    The inherited agreement (Ojha et al. 2023, arXiv 2205.16004) is the student's agreement minus the independent one's.
    Inherited errors are P(student wrong | teacher wrong) minus the same of the independent student, inherited right
    answers are P(student right | teacher right) minus the same. Negative transfer is the former minus the latter
    (Mason-Williams et al. 2025, arXiv 2510.12615).

    Of one seed each is a difference of paired shares, with McNemar's exact p-value and Tango's interval; negative
    transfer is a difference of two such differences on other images, whose interval is recovered from both (Zou and
    Donner 2008). Of several seeds the intervals are those of `estimated_mean`, of influence values of the ratios. Of
    fewer than `FEWEST_SEEDS` the p-values are those of `sign_permutation_p_value`, each image with its sum over seeds.

    Args:
        found: of the three networks.
        label: int [n], manual; the strata.
        present: bool [seeds, n], which images a seed of several has; None where all seeds have all.

    Returns:
        Estimates; `UNKNOWN` of a teacher that is never wrong, or never right.
    """
    there = np.ones_like(found.wrong) if present is None else present
    wrong, right = found.teacher_wrong & there, ~found.teacher_wrong & there
    if len(wrong) == 1:
        agreement = paired_difference(found.agrees[0], found.independent_agrees[0])
        errors = paired_difference(found.wrong[wrong], found.independent_wrong[wrong])
        rights = paired_difference(~found.wrong[right], ~found.independent_wrong[right])
        transfer = _difference_of_differences(found)
    else:
        of_agreement = np.subtract(found.agrees, found.independent_agrees, dtype=np.float64)
        of_errors = np.subtract(found.wrong, found.independent_wrong, dtype=np.float64)
        agreement, errors, rights = (
            _of_seeds(values, where, label, present)
            for values, where in ((of_agreement, there), (of_errors, wrong), (-of_errors, right))
        )
        transfer = UNKNOWN
        if wrong.any() and right.any():
            influence = _influence(of_errors, wrong, there) - _influence(-of_errors, right, there)
            transfer = estimated_mean(influence, label, present)
    return dict(zip(INHERITED, (agreement, errors, rights, transfer), strict=True))


def _influence(values: np.ndarray, where: np.ndarray, there: np.ndarray) -> np.ndarray:
    """The mean of the values where a condition holds, plus what each image adds to it; float and bool [seeds, n].

    The condition holds nowhere but among the images that are there, of which its share is taken.
    """
    mean = values[where].mean()
    return mean + where * (values - mean) / where[there].mean()


def _of_seeds(values: np.ndarray, where: np.ndarray, label: np.ndarray, present: np.ndarray | None) -> Estimate:
    """The mean of differences where a condition holds, of several seeds; float and bool [seeds, n]."""
    if not where.any():
        return UNKNOWN
    there = np.ones_like(where) if present is None else present
    found = estimated_mean(_influence(values, where, there), label, present)
    if len(values) >= FEWEST_SEEDS:
        return found
    sums = (values * where).sum(axis=0).astype(int)
    return replace(found, p_value=sign_permutation_p_value(sums))


def _difference_of_differences(found: Shared) -> Estimate:
    """Inherited errors minus inherited right answers of one seed, with an interval from those of both."""
    from scipy import optimize, stats  # slow to import

    counts = []
    for where, student, independent in (
        (found.teacher_wrong, found.wrong, found.independent_wrong),
        (~found.teacher_wrong, ~found.wrong, ~found.independent_wrong),
    ):
        alone = (where & student & ~independent).sum(), (where & independent & ~student).sum()
        counts.append((int(alone[0]), int(alone[1]), int(where.sum())))
    if not (counts[0][2] and counts[1][2]):
        return UNKNOWN
    errors, rights = ((one - other) / images for one, other, images in counts)
    value = errors - rights

    def ends(level: float) -> tuple[float, float]:
        (low, high), (right_low, right_high) = (score_interval(*one, level) for one in counts)
        below, above = np.hypot(errors - low, right_high - rights), np.hypot(high - errors, rights - right_low)
        return value - below, value + above

    def nearest_to_nothing(quantile: float) -> float:
        return ends(1 - 2 * stats.norm.sf(quantile))[0 if value > 0 else 1]

    p_value = 1.0
    if value:
        most = 6.0  # standard errors; a smaller p-value than theirs, 2e-9, decides nothing
        reached = nearest_to_nothing(most) * value < 0
        quantile = optimize.brentq(nearest_to_nothing, 0.0, most, xtol=1e-6) if reached else most
        p_value = float(2 * stats.norm.sf(quantile))
    return Estimate(value, *ends(LEVEL), p_value)


def inherited_by_chance(
    found: Shared, label: np.ndarray, classes: int, present: np.ndarray | None = None
) -> dict[str, float]:
    """What an independent student shows that is made as accurate as the student, blind to the teacher.

    In each class and seed as many of its right answers become wrong, or of its wrong ones right, as bring its accuracy
    to that of the student, chosen at random. So a student that only is less accurate inherits errors too.

    Args:
        found: of the three networks.
        label: int [n], manual.
        classes: number of classes, K.
        present: as in `inherited`.

    Returns:
        The expected errors and right answers inherited and negative transfer, by name; NaN as in `inherited`.
    """
    changed = np.zeros(found.wrong.shape)
    everywhere = np.ones_like(found.wrong) if present is None else present
    rows = zip(changed, found.wrong & everywhere, found.independent_wrong & everywhere, everywhere, strict=True)
    for row, wrong, independent, there in rows:
        images, of_wrong = (np.bincount(label, one, classes) for one in (there, independent))
        more = np.bincount(label, wrong, classes) - of_wrong
        share = more / np.maximum(np.where(more > 0, images - of_wrong, of_wrong), 1)
        row[:] = np.where(independent == (more < 0)[label], share[label], 0)
    errors = conditional(changed, found.teacher_wrong & everywhere)
    rights = -conditional(changed, ~found.teacher_wrong & everywhere)
    return dict(zip(INHERITED[1:], (errors, rights, errors - rights), strict=True))
