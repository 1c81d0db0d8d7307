"""Agreement, divergence and what is inherited: against SciPy, by hand, and in experiments of known truth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from snakedistill.core.outputs import logits_of_classes, softmax
from snakedistill.measures import inheritance

CLASSES = [2, 3, 10]


def answers(classes: int, images: int = 60, networks: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels, and answers [networks, n] that are right more often than not."""
    rng = np.random.default_rng(seed)
    label = rng.integers(classes, size=images)
    wrong = rng.random((networks, images)) < 0.4
    return label, np.where(wrong, rng.integers(classes, size=(networks, images)), label)


def logits(classes: int) -> np.ndarray:
    """Of a teacher and a student."""
    return np.random.default_rng(classes).normal(0, 4, (2, 200, classes))


@pytest.mark.parametrize("classes", CLASSES)
def test_divergence_is_scipys(classes):
    teacher, student = logits(classes)
    p, q = softmax(teacher), softmax(student)
    divergence = inheritance.kl_divergence(teacher, student)
    np.testing.assert_allclose(divergence, special.rel_entr(p, q).sum(axis=1), rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(divergence, stats.entropy(p, q, axis=1), rtol=1e-11, atol=1e-13)
    assert (inheritance.kl_divergence(teacher, teacher) == 0).all()


@given(st.lists(st.tuples(*[st.floats(-1e4, 1e4, width=32)] * 2), min_size=1, max_size=20))
def test_divergence_of_two_classes_is_that_of_their_sigmoids(pairs):
    t, s = np.float64(pairs).T
    expected = special.expit(t) * (t - s) + np.logaddexp(0, s) - np.logaddexp(0, t)
    of_classes = (logits_of_classes(one[:, None]) for one in (t, s))
    divergence = inheritance.kl_divergence(*of_classes)
    np.testing.assert_allclose(divergence, expected, rtol=1e-11, atol=1e-11)
    assert (divergence >= 0).all()


def test_divergence_of_probabilities_of_exactly_0_and_1_is_finite():
    sure, opposite = np.float32([[1e4, 0, 0]]), np.float32([[0, 1e4, 0]])
    assert inheritance.kl_divergence(sure, opposite).tolist() == [1e4]
    assert inheritance.kl_divergence(sure, sure).tolist() == [0]
    assert inheritance.kl_divergence(sure, np.zeros((1, 3))) == pytest.approx(np.log(3))


def test_agreement_by_hand():
    assert inheritance.agreement(np.array([0, 1, 2, 2]), np.array([0, 2, 2, 2])) == 0.75


def cases() -> list:
    """Labels and answers of two networks, random and degenerate."""
    found = []
    for classes in CLASSES:
        label, (one, other) = answers(classes, networks=2)
        found.append(pytest.param(classes, label, one, other, id=f"{classes} classes"))
        found.append(pytest.param(classes, label, label, label, id=f"{classes} classes, all right"))
        found.append(pytest.param(classes, label, *[(label + 1) % classes] * 2, id=f"{classes} classes, all wrong"))
        found.append(pytest.param(classes, label[:1], one[:1], other[:1], id=f"{classes} classes, one image"))
        found.append(pytest.param(classes, 0 * label + classes - 1, one, other, id=f"{classes} classes, one alone"))
    return found


@pytest.mark.parametrize(("classes", "label", "one", "other"), cases())
def test_agreement_by_chance_is_that_with_any_image_of_the_class(classes, label, one, other):
    expected = np.mean([(answer == other[label == own]).mean() for answer, own in zip(one, label, strict=True)])
    by_chance = inheritance.agreement_by_chance(one, other, label, classes)
    assert by_chance == pytest.approx(expected, abs=1e-14)
    assert by_chance == pytest.approx(inheritance.agreement_by_chance(other, one, label, classes), abs=1e-14)


@pytest.mark.parametrize(("classes", "label", "one", "other"), cases())
def test_errors_by_chance_are_those_of_any_image_of_the_class(classes, label, one, other):
    wrong, teacher_wrong = one != label, other != label
    found = inheritance.errors_by_chance(wrong, teacher_wrong, label, classes)
    if teacher_wrong.any():
        expected = np.mean([wrong[label == own].mean() for own in label[teacher_wrong]])
        assert found == pytest.approx(expected, abs=1e-14)
    else:
        assert np.isnan(found)


def test_what_is_by_chance_is_the_mean_over_shuffled_answers():
    label, (one, other) = answers(3, networks=2)
    rng = np.random.default_rng(1)
    agreements, errors = [], []
    for _ in range(2000):
        shuffled = np.empty_like(one)
        for number in range(3):
            shuffled[label == number] = rng.permutation(one[label == number])
        agreements.append(inheritance.agreement(shuffled, other))
        errors.append(inheritance.conditional(shuffled != label, other != label))
    for found, many in (
        (inheritance.agreement_by_chance(one, other, label, 3), agreements),
        (inheritance.errors_by_chance(one != label, other != label, label, 3), errors),
    ):
        assert found == pytest.approx(np.mean(many), abs=4 * np.std(many) / np.sqrt(2000))


def inherited(student, teacher, independent, label) -> np.ndarray:
    shared = inheritance.shared(*map(np.array, (student, teacher, independent, label)))
    return inheritance.inherited(np.array([column.mean() for column in shared.columns]))


def test_inherited_by_hand():
    """Ten images of class 0: the teacher is wrong on the first four, with answer 1."""
    teacher = [1, 1, 1, 1, 0, 0, 0, 0, 0, 0]
    student = [1, 1, 2, 0, 0, 0, 0, 0, 0, 1]  # agrees on 7; wrong on 3 of the 4, right on 5 of the 6
    independent = [1, 0, 0, 0, 0, 0, 0, 1, 1, 2]  # agrees on 4; wrong on 1 of the 4, right on 3 of the 6
    expected = [0.3, 3 / 4 - 1 / 4, 5 / 6 - 3 / 6, (3 / 4 - 1 / 4) - (5 / 6 - 3 / 6)]
    np.testing.assert_allclose(inherited(student, teacher, independent, [0] * 10), expected, rtol=1e-7)


@pytest.mark.parametrize("classes", CLASSES)
def test_inherited_is_the_difference_of_what_both_share_with_the_teacher(classes):
    label, (student, teacher, independent) = answers(classes)
    wrong = teacher != label
    expected = [
        inheritance.agreement(student, teacher) - inheritance.agreement(independent, teacher),
        inheritance.conditional(student != label, wrong) - inheritance.conditional(independent != label, wrong),
        inheritance.conditional(student == label, ~wrong) - inheritance.conditional(independent == label, ~wrong),
    ]
    expected.append(expected[1] - expected[2])
    np.testing.assert_allclose(inherited(student, teacher, independent, label), expected, atol=1e-6)


def test_what_a_perfect_or_a_hopeless_teacher_leaves_open():
    label, (student, _, independent) = answers(3)
    agreement, errors, right, negative = inherited(student, label, independent, label)
    assert np.isfinite([agreement, right]).all()
    assert np.isnan([errors, negative]).all()
    agreement, errors, right, negative = inherited(student, (label + 1) % 3, independent, label)
    assert np.isfinite([agreement, errors]).all()
    assert np.isnan([right, negative]).all()


def test_a_student_inherits_nothing_beyond_itself():
    label, (student, teacher, _) = answers(3)
    assert inherited(student, teacher, student, label).tolist() == [0, 0, 0, 0]


def test_intervals_are_scipys_percentile_bootstrap():
    label, (student, teacher, independent) = answers(3, images=400)
    shared = inheritance.shared(student, teacher, independent, label)
    found = inheritance.inherited_intervals([shared], 0 * label)[0]
    columns = np.stack(shared.columns, axis=1)
    expected = stats.bootstrap(
        (np.arange(400),),
        lambda images, axis: np.moveaxis(inheritance.inherited(columns[images].mean(axis=-2)), -1, 0),
        n_resamples=9999,
        method="percentile",
        rng=1,
        batch=500,
    )
    spread = expected.standard_error
    for end, of_scipy in zip(found.T, expected.confidence_interval, strict=True):
        assert (abs(end - of_scipy) < 0.16 * spread + 1 / 400).all()  # 4 standard errors of both, and the steps


def test_intervals_are_of_the_same_resamples_for_all_pairs():
    label, (student, teacher, independent) = answers(3, images=200)
    one = inheritance.shared(student, teacher, independent, label)
    other = inheritance.shared(independent, teacher, student, label)
    found = inheritance.inherited_intervals([one, other], label, resamples=500)
    np.testing.assert_allclose(found[0], -found[1, :, ::-1], atol=1e-12)
    np.testing.assert_array_equal(found[:1], inheritance.inherited_intervals([one], label, resamples=500))


@pytest.mark.parametrize("images", [1, 30])
def test_intervals_of_a_teacher_without_an_error_have_no_value(images):
    label, (student, _, independent) = answers(3, images=images)
    shared = inheritance.shared(student, label, independent, label)
    agreement, errors, right, negative = inheritance.inherited_intervals([shared], label, resamples=200)[0]
    assert np.isfinite([*agreement, *right]).all()
    assert np.isnan([*errors, *negative]).all()


def test_resamples_without_an_error_of_the_teacher_widen_the_interval():
    label = np.arange(400) % 2
    for errors, ends in ((1, [-1, 1]), (40, [0.5, 1])):  # of one error a third of the resamples has none
        teacher = np.where(np.arange(400) < errors, 1 - label, label)
        student = np.where(np.arange(400) < errors * 0.8, 1 - label, label)
        shared = inheritance.shared(student, teacher, label, label)
        low, high = inheritance.inherited_intervals([shared], label, resamples=2000)[0, 1]
        assert ends[0] <= low < 0.8 < high <= ends[1]
        assert (low == -1) == (errors == 1)


def experiment(accuracy: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Labels, and answers of student, teacher and independent student, whose margins are correlated normals.

    The second class is harder. Images are of two classes, so a wrong answer is the other class.
    """
    label = np.arange(400) % 2
    margin = rng.multivariate_normal(np.zeros(3), CORRELATION, 400) + stats.norm.ppf(accuracy) - HARDER * label[:, None]
    return label, np.where(margin > 0, label[:, None], 1 - label[:, None]).T


HARDER = 0.5
CORRELATION = np.array([[1, 0.8, 0.4], [0.8, 1, 0.5], [0.4, 0.5, 1]])


def truth(accuracy: float) -> tuple[float, float]:
    """Agreement and errors inherited."""
    wrong = stats.norm.cdf(-stats.norm.ppf(accuracy) + HARDER * np.arange(2))
    both = {
        with_teacher: np.mean(
            [
                stats.multivariate_normal.cdf([stats.norm.ppf(one)] * 2, cov=[[1, with_teacher], [with_teacher, 1]])
                for one in wrong
            ]
        )
        for with_teacher in (0.8, 0.5)
    }
    # They agree where both are wrong and where both are right, and all three are wrong equally often.
    return 2 * (both[0.8] - both[0.5]), (both[0.8] - both[0.5]) / wrong.mean()


@pytest.mark.long
@pytest.mark.parametrize("accuracy", [0.8, 0.95])
def test_intervals_of_what_is_inherited_cover_the_truth(accuracy):
    rng = np.random.default_rng(0)
    covered, expected = np.zeros(2), np.array(truth(accuracy))
    for _ in range(1000):
        label, (student, teacher, independent) = experiment(accuracy, rng)
        shared = inheritance.shared(student, teacher, independent, label)
        low, high = inheritance.inherited_intervals([shared], label, resamples=1000)[0, :2].T
        covered += (low <= expected) & (expected <= high)
    print(f"coverage of agreement and errors inherited: {covered / 1000}")
    assert (covered / 1000 >= 0.93).all()
    assert (covered / 1000 <= 0.97).all()
