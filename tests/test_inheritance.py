"""Agreement, divergence and what is inherited: against SciPy, by hand, and in experiments of known truth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats
from statsmodels.stats.contingency_tables import mcnemar

from snakedistill.core.outputs import logits_of_classes, softmax
from snakedistill.measures import inheritance
from snakedistill.measures.intervals import score_interval

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


def of_one_seed(student, teacher, independent, label) -> inheritance.Shared:
    return inheritance.shared(*(np.array(answer)[None] for answer in (student, teacher, independent)), np.array(label))


def inherited(student, teacher, independent, label) -> list[float]:
    found = inheritance.inherited(of_one_seed(student, teacher, independent, label), np.array(label))
    return [found[name].value for name in inheritance.INHERITED]


def test_inherited_by_hand():
    """Ten images of class 0: the teacher is wrong on the first four, with answer 1."""
    teacher = [1, 1, 1, 1, 0, 0, 0, 0, 0, 0]
    student = [1, 1, 2, 0, 0, 0, 0, 0, 0, 1]  # agrees on 7; wrong on 3 of the 4, right on 5 of the 6
    independent = [1, 0, 0, 0, 0, 0, 0, 1, 1, 2]  # agrees on 4; wrong on 1 of the 4, right on 3 of the 6
    expected = [0.3, 3 / 4 - 1 / 4, 5 / 6 - 3 / 6, (3 / 4 - 1 / 4) - (5 / 6 - 3 / 6)]
    np.testing.assert_allclose(inherited(student, teacher, independent, [0] * 10), expected, rtol=1e-7)


def differences(student, teacher, independent, label) -> list[float]:
    """What is inherited, as differences of shares of all seeds and images."""
    wrong = teacher != label
    found = [
        inheritance.agreement(student, teacher) - inheritance.agreement(independent, teacher),
        inheritance.conditional(student != label, wrong) - inheritance.conditional(independent != label, wrong),
        inheritance.conditional(student == label, ~wrong) - inheritance.conditional(independent == label, ~wrong),
    ]
    return [*found, found[1] - found[2]]


@pytest.mark.parametrize("seeds", [1, 3, 6])
@pytest.mark.parametrize("classes", CLASSES)
def test_inherited_is_the_difference_of_what_both_share_with_the_teacher(classes, seeds):
    label, networks = answers(classes, networks=3 * seeds)
    found = inheritance.inherited(inheritance.shared(*networks.reshape(3, seeds, -1), label), label)
    expected = differences(*networks.reshape(3, seeds, -1), label)
    np.testing.assert_allclose([found[name].value for name in inheritance.INHERITED], expected, atol=1e-12)
    for one in found.values():
        assert one.low < one.value < one.high
        assert 0 < one.p_value <= 1


def test_what_a_perfect_or_a_hopeless_teacher_leaves_open():
    label, (student, _, independent) = answers(3)
    agreement, errors, right, negative = inherited(student, label, independent, label)
    assert np.isfinite([agreement, right]).all()
    assert np.isnan([errors, negative]).all()
    agreement, errors, right, negative = inherited(student, (label + 1) % 3, independent, label)
    assert np.isfinite([agreement, errors]).all()
    assert np.isnan([right, negative]).all()


@pytest.mark.parametrize("seeds", [1, 3, 6])
def test_a_student_inherits_nothing_beyond_itself_and_its_intervals_have_a_width(seeds):
    label, networks = answers(3, networks=2 * seeds)
    student, teacher = networks.reshape(2, seeds, -1)
    for one in inheritance.inherited(inheritance.shared(student, teacher, student, label), label).values():
        assert (one.value, one.p_value) == (0, 1)
        assert one.low < -0.01 < 0.01 < one.high


def test_one_seed_has_mcnemars_exact_p_values():
    label, (student, teacher, independent) = answers(2, images=200)
    found = inheritance.inherited(of_one_seed(student, teacher, independent, label), label)
    wrong = teacher != label
    for name, where, one, other in (
        ("agreement_inherited", np.full(200, True), student == teacher, independent == teacher),
        ("errors_inherited", wrong, student != label, independent != label),
        ("right_inherited", ~wrong, student == label, independent == label),
    ):
        counts = [(where & one & ~other).sum(), (where & other & ~one).sum()]
        table = [[0, counts[0]], [counts[1], 0]]
        assert found[name].p_value == pytest.approx(mcnemar(table, exact=True).pvalue)


def test_four_of_twenty_errors_are_no_evidence():
    """The percentile interval of this lies above 0, and the exact p-value is 0.125."""
    label = np.zeros(100, int)
    teacher = (np.arange(100) < 20).astype(int)
    student = (np.arange(100) < 4).astype(int)
    found = inheritance.inherited(of_one_seed(student, teacher, label, label), label)["errors_inherited"]
    assert (found.value, found.p_value) == (pytest.approx(0.2), 0.125)


def test_the_interval_of_negative_transfer_ends_at_nothing_where_its_p_value_is_its_level():
    """Zou and Donner's: the interval at the level 1 - p ends at 0."""
    label, (student, teacher, independent) = answers(2, images=300, seed=4)
    shared = of_one_seed(student, teacher, independent, label)
    found = inheritance.inherited(shared, label)["negative_transfer"]
    quantile = stats.norm.isf(found.p_value / 2)
    ends = []
    for where in (teacher != label, teacher == label):
        one, other = student[where] != label[where], independent[where] != label[where]
        sign = 1 if not ends else -1
        counts = [(one & ~other).sum(), (other & ~one).sum()][::sign]
        interval = score_interval(*counts, where.sum(), 1 - 2 * stats.norm.sf(quantile))
        ends.append(((counts[0] - counts[1]) / where.sum(), interval))
    (errors, (low, high)), (right, (right_low, right_high)) = ends
    below = errors - right - np.hypot(errors - low, right_high - right)
    above = errors - right + np.hypot(high - errors, right - right_low)
    assert min(abs(below), abs(above)) == pytest.approx(0, abs=1e-5)


def test_by_chance_is_the_mean_over_random_errors_of_the_same_accuracy():
    label, (student, teacher, independent) = answers(3, images=400, seed=1)
    student = np.where(np.arange(400) < 200, (label + 1) % 3, student)  # of one class more, of all less accurate
    student = np.where(label == 2, label, student)
    found = inheritance.inherited_by_chance(of_one_seed(student, teacher, independent, label), label, 3)
    rng, many = np.random.default_rng(0), []
    for _ in range(2000):
        made = independent.copy()
        for number in range(3):
            own = label == number
            more = (student != label)[own].sum() - (independent != label)[own].sum()
            candidates = np.flatnonzero(own & ((independent == label) if more > 0 else (independent != label)))
            changed = rng.choice(candidates, abs(more), replace=False)
            made[changed] = (label[changed] + 1) % 3 if more > 0 else label[changed]
        many.append(differences(made, teacher, independent, label)[1:])
    expected, error = np.mean(many, axis=0), np.std(many, axis=0) / np.sqrt(2000)
    assert (abs(np.array(list(found.values())) - expected) < 4 * error).all()
    assert abs(expected).max() > 0.02
