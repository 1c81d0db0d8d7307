"""A probe: the head alone on a frozen backbone, written in place of a network of each seed."""

import dataclasses

import keras
import numpy as np
import pandas as pd
import pytest
from conftest import save_small_backbone

from snakedistill.core.errors import InputError
from snakedistill.core.lineage import read_predictions
from snakedistill.core.outputs import probabilities_of_logits
from snakedistill.core.parts import PARTS, TEST, TRAIN, VALIDATION
from snakedistill.training.head import Examples, fit_head
from snakedistill.training.probe import Probe, write_probe

COUNTS = {TRAIN: 40, VALIDATION: 20, TEST: 20}


@pytest.fixture(scope="module", params=[2, 3])
def probe(request, tmp_path_factory) -> Probe:
    """Of noise that becomes brighter with the number of the class, which is rarer the higher it is."""
    folder, rng, rows = tmp_path_factory.mktemp("probe"), np.random.default_rng(0), []
    save_small_backbone(folder / "small.keras")
    for part, count in COUNTS.items():
        label = np.sort(rng.permutation(count) % (request.param + 1)) % request.param
        images = rng.integers(0, 100, (count, 32, 32, 3)) + 20 * label[:, None, None, None]
        np.save(folder / f"{part}.npy", images.astype(np.uint8))
        rows += [{"image_id": f"{part}.{i}", "label": one, "split": part} for i, one in enumerate(label)]
    pd.DataFrame(rows).to_csv(folder / "splits.csv", index=False)
    return Probe(
        network_id="probe-teacher",
        backbone=str(folder / "small.keras"),
        weights=None,
        preprocessing="none",
        class_weights="balanced",
        arrays={part: str(folder / f"{part}.npy") for part in PARTS},
        splits=str(folder / "splits.csv"),
        classes=["ant", "bee", "cow"][: request.param],
    )


def test_its_logits_are_those_of_the_fitted_head_on_the_features_of_the_backbone(probe):
    backbone = keras.saving.load_model(probe.backbone)
    of_class, examples = {part: probe.listed.query(f"split == '{part}'")["label"].to_numpy() for part in PARTS}, {}
    classes = len(probe.classes)
    balanced = COUNTS[TRAIN] / (classes * np.bincount(of_class[TRAIN]))
    for part in PARTS:
        features = backbone.predict(np.load(probe.arrays[part]).astype(np.float32), verbose=0)
        label = of_class[part][:, None] if classes == 2 else np.eye(classes)[of_class[part]]
        examples[part] = Examples(features, label, balanced[of_class[part]])
    head = fit_head(examples[TRAIN], examples[VALIDATION])
    for part in PARTS:
        mine, its = map(probabilities_of_logits, (probe.logit[part], head.logit(examples[part].features)))
        np.testing.assert_allclose(mine, its, atol=0.01)  # the solver ends early where the penalty is weak


def test_it_is_written_as_the_predictions_and_the_evaluation_of_a_network_of_each_seed(probe, tmp_path):
    written = {}
    for seed in (0, 5):
        predictions = {part: tmp_path / f"{seed}-{part}.csv" for part in PARTS}
        write_probe(probe, seed, predictions, tmp_path / f"{seed}.csv")
        read = {
            part: read_predictions(path, "probe-teacher", seed, splits=probe.splits)
            for part, path in predictions.items()
        }
        written[seed] = [path.read_bytes() for path in (*predictions.values(), tmp_path / f"{seed}.csv")]
    assert written[0] == written[5]
    evaluation = pd.read_csv(tmp_path / "5.csv").set_index("split")
    for part, found in read.items():
        listed = probe.listed.query(f"split == '{part}'")
        assert found.image_id.tolist() == listed["image_id"].tolist()
        right = found["probability"].argmax(axis=1) == listed["label"].to_numpy()
        assert evaluation["accuracy"][part] == right.mean() >= 0.8
        chosen = found["probability"][np.arange(len(right)), listed["label"]]
        assert evaluation["loss"][part] == pytest.approx(-np.log(chosen).mean(), rel=1e-4, abs=1e-6)


def test_images_that_are_not_those_of_the_split_are_refused(probe, tmp_path):
    np.save(tmp_path / "fewer.npy", np.load(probe.arrays[TEST])[1:])
    wrong = dataclasses.replace(probe, arrays=probe.arrays | {TEST: str(tmp_path / "fewer.npy")})
    with pytest.raises(InputError, match=r"fewer\.npy: expected the 20 images of test in .*splits\.csv, got 19"):
        write_probe(wrong, 0, {TEST: str(tmp_path / "test.csv")}, str(tmp_path / "evaluation.csv"))
