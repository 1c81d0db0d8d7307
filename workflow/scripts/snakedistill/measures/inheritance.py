"""What a student has from its teacher: agreement, divergence, and errors, beside what an independent student has.

Inherited is what a student shares with its teacher beyond what an independent student shares with it: one of the same
recipe and seed that never saw the teacher's answers.
"""

from dataclasses import dataclass

import numpy as np

from snakedistill.measures.intervals import LEVEL, RESAMPLES, bootstrap_means
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
    """Mean of `event` over the images where `condition` is true, NaN where there is none; [n] each."""
    return float(event[condition].mean()) if condition.any() else float("nan")


@dataclass(frozen=True)
class Shared:
    """What a student and an independent student share with a teacher, on the same images.

    Attributes:
        agreement: 1 where the student agrees with the teacher minus 1 where the independent one does, float [n].
        errors: the same of being wrong where the teacher is wrong.
        right: the same of being right where the teacher is right.
        teacher_wrong: float [n].
    """

    agreement: np.ndarray
    errors: np.ndarray
    right: np.ndarray
    teacher_wrong: np.ndarray

    @property
    def columns(self) -> list[np.ndarray]:
        """The four of them, in their order."""
        return [self.agreement, self.errors, self.right, self.teacher_wrong]


INHERITED = ("agreement_inherited", "errors_inherited", "right_inherited", "negative_transfer")
"""What `inherited` gives, in its order."""


def shared(student: np.ndarray, teacher: np.ndarray, independent: np.ndarray, label: np.ndarray) -> Shared:
    """Compare a student with its teacher, and an independent one with it; answers and manual labels, int [n] each."""
    right = [answer == label for answer in (student, teacher, independent)]
    of_student, of_teacher, of_independent = right
    columns = (
        (student == teacher).astype(int) - (independent == teacher),
        (~of_student & ~of_teacher).astype(int) - (~of_independent & ~of_teacher),
        (of_student & of_teacher).astype(int) - (of_independent & of_teacher),
        ~of_teacher,
    )
    return Shared(*(column.astype(np.float32) for column in columns))


def inherited(means: np.ndarray) -> np.ndarray:
    """What is inherited, from means over images of the columns of `Shared`.

    The inherited agreement (Ojha et al. 2023, arXiv 2205.16004) is the mean of `agreement`. Inherited errors are
    P(student wrong | teacher wrong) minus the same of the independent student, inherited right answers are
    P(student right | teacher right) minus the same. Negative transfer is the former minus the latter (Mason-Williams et
    al. 2025, arXiv 2510.12615).

    Args:
        means: float [..., 4].

    Returns:
        float [..., 4], in the order of `INHERITED`; NaN where the teacher is never wrong, or never right.
    """
    agreement, errors, right, teacher_wrong = np.moveaxis(np.asarray(means, np.float64), -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        errors, right = errors / teacher_wrong, right / (1 - teacher_wrong)
    return np.stack([agreement, errors, right, errors - right], axis=-1)


def inherited_intervals(of_pairs: list[Shared], label: np.ndarray, resamples: int = RESAMPLES) -> np.ndarray:
    """95 % percentile bootstrap intervals over images of what is inherited; all pairs see the same resamples.

    Args:
        of_pairs: what each student and its independent student share with a teacher.
        label: int [n], manual; images are drawn within each class.
        resamples: their number.

    Returns:
        float [pairs, 4, 2], low and high in the order of `INHERITED`; NaN of a teacher that is never wrong, or never
        right. A resample without an error of the teacher has no value of its own: it counts as the least possible one
        for the low end, and as the largest for the high end.
    """
    values = np.stack([column for one in of_pairs for column in one.columns], axis=1)
    found = inherited(bootstrap_means(values, label, resamples=resamples).reshape(-1, len(of_pairs), 4))
    unknown, most = np.isnan(found), np.array([1.0, 1.0, 1.0, 2.0])
    low = np.quantile(np.where(unknown, -most, found), (1 - LEVEL) / 2, axis=0)
    high = np.quantile(np.where(unknown, most, found), (1 + LEVEL) / 2, axis=0)
    ends = np.stack([low, high], axis=-1)
    ends[unknown.all(axis=0)] = np.nan
    return ends
