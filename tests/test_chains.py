"""Chains of heads: against closed forms, and what each dose changes; and the prediction of how far chains fall."""

import itertools

import numpy as np
import pytest
from made_up import MadeUp
from scipy.special import expit

from snakedistill.measures.estimates import Estimate
from snakedistill.measures.lifetime import lifetime, predicted_change
from snakedistill.results.tables.lifetimes import LIFETIMES
from snakedistill.training.chains import Descent, Dose, chain, fit_heads, standardised
from snakedistill.training.study_of_chains import Study, accuracies, chains_rows, lifetimes_rows

IMAGES, GENERATIONS = 60, 4
PLAIN = Descent(learning_rate=0.05, batch_size=None, adam=False, squared=True)


@pytest.fixture(scope="module")
def made_up():
    """Features float32 [n, 6], manual labels, and probabilities of a teacher for two seeds."""
    stream = np.random.default_rng(0)
    features = standardised(stream.normal(size=(IMAGES, 5)) * [3, 2, 1, 0.5, 0.1])
    manual = (features[:, 0] + features[:, 1] + stream.normal(0, 0.5, IMAGES) > 0).astype(int)
    return features, manual, np.repeat(expit(features[:, :1] * 2), 2, axis=1).astype(np.float32)


def stream() -> np.random.Generator:
    return np.random.default_rng(3)


def trained_chain(made_up, dose: Dose, descent: Descent = PLAIN, trained: np.ndarray | None = None):
    features, manual, teacher = made_up
    trained = np.ones(teacher.shape, bool) if trained is None else trained
    return list(chain(features, manual, trained, teacher, dose, GENERATIONS, stream(), descent))


def kept_by(features: np.ndarray, share: np.ndarray, label: np.ndarray, times: int) -> np.ndarray:
    """Labels of which each singular direction of the features keeps its share, so many times."""
    left = np.linalg.svd(features.astype(np.float64), full_matrices=False)[0]
    return left @ (share[:, None] ** times * (left.T @ label))


def test_a_chain_of_few_steps_is_the_closed_form(made_up):
    """Of a squared loss, (1 - (1 - eta s)^t)^k of each direction; s the eigenvalues of X'X / n."""
    features, _, teacher = made_up
    steps, values = 7, np.linalg.svd(features, compute_uv=False).astype(np.float64) ** 2 / IMAGES
    share = 1 - (1 - PLAIN.learning_rate * values) ** steps
    assert share.min() > 0.001 and share.max() < 0.99
    for number, found in enumerate(trained_chain(made_up, Dose(labels="soft", epochs=steps))):
        np.testing.assert_allclose(found.logit, kept_by(features, share, teacher, number + 1), atol=2e-5)


def test_a_chain_with_a_penalty_is_the_closed_form(made_up):
    """Of a squared loss, (s / (s + lambda))^k of each direction, when each head is trained to the end."""
    features, _, teacher = made_up
    values = np.linalg.svd(features, compute_uv=False).astype(np.float64) ** 2 / IMAGES
    share = values / (values + 0.3)
    for number, found in enumerate(trained_chain(made_up, Dose(labels="soft", epochs=1500, l2=0.3))):
        np.testing.assert_allclose(found.logit, kept_by(features, share, teacher, number + 1), atol=2e-4)


def test_a_head_trains_on_the_images_of_its_seed_alone(made_up):
    features, manual, _ = made_up
    label = np.repeat(manual[:, None], 2, axis=1).astype(np.float32)
    trained = np.zeros(label.shape, bool)
    trained[:30, 0] = trained[20:, 1] = True
    found = fit_heads(features, label, trained, 3, 0.1, stream(), Descent(batch_size=16))
    turned = np.where(trained, label, 1 - label)
    np.testing.assert_array_equal(fit_heads(features, turned, trained, 3, 0.1, stream(), Descent(batch_size=16)), found)
    alone = fit_heads(features, label[:, 1:], trained[:, 1:], 3, 0.1, stream(), Descent(batch_size=16))
    np.testing.assert_allclose(found[:, 1:], alone, atol=1e-6)
    assert np.abs(found[:, 0] - found[:, 1]).max() > 1e-3


def test_a_head_that_is_trained_to_the_end_is_the_one_of_scikit_learn(made_up):
    from sklearn.linear_model import LogisticRegression

    features, manual, _ = made_up
    label, trained = manual[:, None].astype(np.float32), np.ones((IMAGES, 1), bool)
    kernel = fit_heads(features, label, trained, 3000, 0.1, stream(), Descent(learning_rate=0.05))
    reference = LogisticRegression(C=1 / (0.1 * IMAGES), fit_intercept=False, tol=1e-8).fit(features, manual)
    np.testing.assert_allclose(kernel[:, 0], reference.coef_[0], atol=5e-3)


def test_each_dose_makes_the_labels_that_it_says(made_up):
    _, manual, teacher = made_up
    hard = trained_chain(made_up, Dose(labels="hard", epochs=5), Descent())
    assert all(set(np.unique(one.label)) <= {0, 1} for one in hard)
    np.testing.assert_array_equal(hard[2].label, hard[1].logit > 0)
    mixed = trained_chain(made_up, Dose(labels="soft", epochs=5, manual_share=0.3), Descent())
    np.testing.assert_allclose(mixed[1].label, 0.7 * expit(mixed[0].logit) + 0.3 * manual[:, None], atol=1e-6)
    all_before = trained_chain(made_up, Dose(labels="soft", epochs=5, accumulate=True), Descent())
    before = [teacher, *(expit(one.logit) for one in all_before[:2])]
    np.testing.assert_allclose(all_before[2].label, np.mean(before, axis=0), atol=1e-6)
    crossed = trained_chain(made_up, Dose(labels="soft", epochs=200, cross_fitted=True), Descent(learning_rate=0.05))
    own = trained_chain(made_up, Dose(labels="soft", epochs=200), Descent(learning_rate=0.05))
    np.testing.assert_allclose(crossed[0].logit, own[0].logit, atol=0.5)
    distances = [np.abs(one[1].label - expit(one[0].logit)).mean() for one in (own, crossed)]
    assert distances[0] < 1e-6 and distances[1] > 1e-3, "a head that did not see an image answers otherwise"
    noisy = trained_chain(made_up, Dose(labels="hard", epochs=5, label_noise=0.2), Descent())
    turned = [np.mean(one.label != (before.logit > 0)) for before, one in itertools.pairwise(noisy)]
    assert 0.1 < np.mean(turned) < 0.3 and len(set(turned)) > 1


def test_a_study_has_a_row_of_each_generation_and_says_what_was_predicted(made_up):
    features, manual, _ = made_up
    doses = {"few": Dose(labels="soft", epochs=1), "many": Dose(labels="soft", epochs=60)}
    study = Study(images=IMAGES, train=30, seeds=3, generations=GENERATIONS)
    found = {name: accuracies(study, dose, features, features, manual) for name, dose in doses.items()}
    assert all(len(one) == 3 * (GENERATIONS + 1) and one["accuracy"].between(0, 1).all() for one in found.values())
    assert found["many"]["label_fit"].mean() > found["few"]["label_fit"].mean()
    table = chains_rows(doses, found).set_index(["dose", "generation"])
    few = found["few"][found["few"]["generation"] == 3]["accuracy"].to_numpy()
    first = found["few"][found["few"]["generation"] == 0]["accuracy"].to_numpy()
    assert table.loc[("few", 3), "change"] == pytest.approx((few - first).mean())
    assert (
        table.loc[("few", 3), "change_low"] <= table.loc[("few", 3), "change"] <= table.loc[("few", 3), "change_high"]
    )
    predictions = lifetimes_rows(found)
    assert predictions["generation"].tolist() == 2 * [2, 3, 4]
    inside = predictions["measured"].between(predictions["predicted_low"], predictions["predicted_high"])
    assert (inside == (predictions["predicted_well"] == "yes")).all()
    assert predictions["linear"].to_numpy() == pytest.approx(predictions["once"] * predictions["generation"])


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ((-0.02, -0.03, -0.01), (-0.06, -0.27, -0.01)),  # from the first step alone to nine like it
        ((-0.01, -0.02, 0.01), (-0.03, -0.18, 0.09)),
        ((0.01, 0.005, 0.02), (0.03, 0.005, 0.18)),
    ],
)
def test_the_first_step_predicts_the_ninth(step, expected):
    found = predicted_change(Estimate(*step, 0.5), 9)
    assert (found.value, found.low, found.high) == pytest.approx(expected)


def test_a_lifetime_by_hand():
    assert lifetime(-0.001, 0.01) == pytest.approx(100)
    assert lifetime(-0.02, 0.01) == 1  # lost in the first step
    assert lifetime(0.0, 0.01) == lifetime(0.01, 0.01) == np.inf


def test_a_prediction_of_one_step_is_that_step():
    step = Estimate(-0.01, -0.02, 0.01, 0.3)
    found = predicted_change(step, 1)
    assert (found.value, found.low, found.high) == (step.value, step.low, step.high)


def test_lifetimes_of_no_chain_are_no_rows():
    assert lifetimes_rows({}).empty


@pytest.mark.parametrize("seeds", [(0,), (0, 1, 2)])
def test_the_lifetimes_of_a_run_are_predicted_from_its_first_step(tmp_path, seeds):
    """Of a chain that loses two points, then one more; the one that loses nothing has no end."""
    accuracy = {"soft-0": 0.90, "soft-1": 0.88, "soft-2": 0.87, "hard-0": 0.8, "hard-1": 0.8, "hard-2": 0.8}
    found = LIFETIMES.rows(MadeUp(tmp_path, {"test": 200}, accuracy, seeds=seeds).run()).set_index("family")
    assert found[["generation", "seeds"]].to_numpy().tolist() == 2 * [[2, len(seeds)]]
    soft = found.loc["soft"]
    assert soft["first_step"] == pytest.approx(-0.02) and soft["measured"] == pytest.approx(-0.03)
    assert soft["predicted"] == pytest.approx(-0.02 * 2**0.5)
    assert soft["predicted_low"] < -0.04 and soft["predicted_high"] > -0.02  # of two steps like the first, and of one
    assert soft["measured_low"] < -0.03 < soft["measured_high"]
    assert soft["predicted_well"] == "yes" and soft["lifetime"] == 1
    assert found.loc["hard", "measured"] == 0 and found.loc["hard", "lifetime"] == np.inf
    (tmp_path / "alone").mkdir()
    alone = MadeUp(tmp_path / "alone", {"test": 20}, networks=["teacher", "soft-0", "soft-1"])
    assert LIFETIMES.rows(alone.run()).empty
