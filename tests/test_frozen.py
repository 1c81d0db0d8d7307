"""Layers of a backbone that stay as they are: what they make of the images is stored, and the rest trains on that."""

from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from keras import layers

from snakedistill.core.errors import InputError
from snakedistill.core.lineage import record_lineage
from snakedistill.networks.classifier import HEAD, build_network
from snakedistill.networks.frozen import STORED, cut
from snakedistill.networks.training_model import feature_model, of_pixels, training_model
from snakedistill.training.activations import FrozenLayers, StoredActivations, write_activations
from snakedistill.training.launches import forward_for
from snakedistill.training.loop import train
from snakedistill.training.prediction import write_predictions
from snakedistill.training.run import TrainingRun

COUNTS = {"train": 40, "validation": 20}
MIDDLE = "end_of_the_first_block"
RECIPE = {
    "weights": None, "preprocessing": "paper", "epochs": 2, "batch_size": 16, "learning_rate": 1e-3,
    "schedule": "cosine", "decay": 0, "dropout": 0.3, "batch_norm_momentum": None, "batch_norm": "frozen",
    "augmentation": {"flip": True, "shift": 0}, "validation_augmentation": False, "class_weights": None,
}  # fmt: skip


def save_backbone(path: Path, frozen: bool) -> None:
    """Two blocks; the first does not train where it is frozen. Something leads past the layer `inside`."""
    keras.utils.set_random_seed(0)
    images = layers.Input((32, 32, 3))
    first = layers.Conv2D(8, 3, strides=2, name="first")(images)
    first = layers.BatchNormalization(name="normalised")(first)
    middle = layers.ReLU(name=MIDDLE)(first)
    inside = layers.Conv2D(8, 3, padding="same", name="inside")(middle)
    features = layers.GlobalAveragePooling2D()(layers.Add(name="sum")([middle, inside]))
    backbone = keras.Model(images, features, name="two_blocks")
    for name in ("first", "normalised"):
        backbone.get_layer(name).trainable = not frozen
    backbone.save(path)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Images that are brighter at one side, of which the brighter class is more than the other; and two backbones."""
    folder = tmp_path_factory.mktemp("frozen")
    save_backbone(folder / "free.keras", False)
    save_backbone(folder / "partly.keras", True)
    rng, rows = np.random.default_rng(0), []
    for part, count in COUNTS.items():
        labels = np.arange(count) % 2
        images = rng.integers(0, 156, (count, 32, 32, 3)) + 60 * labels[:, None, None, None]
        images[:, :, :8] += 30
        np.save(folder / f"{part}.npy", images.astype(np.uint8))
        rows += [{"image_id": f"{part}.{i}", "label": label, "split": part} for i, label in enumerate(labels)]
    pd.DataFrame(rows).to_csv(folder / "splits.csv", index=False)
    record_lineage(folder / "splits.csv", "soft-0", 0, splits=folder / "splits.csv")
    return folder


def arrays(data: Path) -> dict[str, str]:
    return {part: str(data / f"{part}.npy") for part in COUNTS}


def stored(data: Path, folder: Path, frozen: str = MIDDLE, mirrored: bool = True) -> dict[str, str]:
    folder.mkdir(exist_ok=True)
    paths = {part: str(folder / f"{part}.activations.npy") for part in COUNTS}
    of_backbone = {"backbone": str(data / "free.keras"), "weights": None, "preprocessing": "paper"}
    frozen_layers = FrozenLayers(**of_backbone, frozen=frozen, mirrored=mirrored)
    write_activations(frozen_layers, arrays(data), str(data / "splits.csv"), paths)
    return paths


def trained(data: Path, folder: Path, backbone: str, activations: dict[str, str], predictions=None, **changes):
    """The trained network and its history without seconds."""
    folder.mkdir(exist_ok=True)
    of_run = TrainingRun(
        network_id="soft-0", way="soft", recipe=RECIPE | {"backbone": str(data / backbone)} | changes, image_size=32,
        precision="float32", seed=0, classes=["dark", "bright"], arrays=arrays(data),
        activations=activations,
        splits=str(data / "splits.csv"), labels=str(data / "splits.csv"),
    )  # fmt: skip
    train(of_run, folder / "model.keras", folder / "history.csv", folder / "checkpoints", predictions)
    history = pd.read_csv(folder / "history.csv").drop(columns="seconds")
    return keras.saving.load_model(folder / "model.keras"), history


@pytest.mark.parametrize("frozen", ["backbone", MIDDLE, "sum"])
@pytest.mark.parametrize("pooled", [True, False])
def test_the_two_parts_of_a_network_answer_as_the_whole_one(data, frozen, pooled):
    """But for the rounding of what is stored; the parts have its weights."""
    backbone = keras.saving.load_model(data / "free.keras")
    path = data / f"{pooled}.keras"
    (backbone if pooled else keras.Model(backbone.input, backbone.get_layer("sum").output, name="maps")).save(path)
    network = build_network("soft-0", 32, str(path), dropout=0.5)
    parts, images = cut(network, frozen), np.load(data / "train.npy")
    (activations,) = forward_for(of_pixels(parts.lower))(images)
    (whole,) = forward_for(training_model(network, "float32", {}))(images)
    (upper,) = forward_for(training_model(parts.upper, "float32", {}))(activations.astype(STORED))
    np.testing.assert_allclose(upper, whole, rtol=0, atol=5e-3 * np.abs(whole).max())
    assert not np.array_equal(upper, whole)  # what is stored is rounded: else this compares a thing with itself
    (features,) = forward_for(parts.features)(activations.astype(STORED))
    (expected,) = forward_for(feature_model(network))(images)
    np.testing.assert_allclose(features, expected, rtol=0, atol=5e-3 * np.abs(expected).max())
    parts.upper.get_layer(HEAD).set_weights([np.full((8, 1), 2.0), np.array([3.0])])
    assert network.get_layer(HEAD).get_weights()[1] == 3


def test_a_network_answers_train_from_its_activations_and_the_others_whole(data, tmp_path):
    predictions = {part: tmp_path / f"answered/{part}.csv" for part in COUNTS}
    trained(data, tmp_path, "free.keras", stored(data, tmp_path), predictions, frozen=MIDDLE)
    whole = {part: tmp_path / f"whole/{part}.csv" for part in COUNTS}
    model, splits = tmp_path / "model.keras", data / "splits.csv"
    write_predictions(model, "soft-0", 0, splits, arrays(data), ["dark", "bright"], whole)
    answered, expected = ({part: pd.read_csv(path) for part, path in of.items()} for of in (predictions, whole))
    pd.testing.assert_frame_equal(answered["validation"], expected["validation"])
    pd.testing.assert_frame_equal(answered["train"], expected["train"], rtol=0, atol=5e-3)
    assert not answered["train"].equals(expected["train"])


def test_a_layer_that_is_not_there_or_has_a_way_past_it_is_an_error(data):
    network = build_network("soft-0", 32, str(data / "free.keras"))
    with pytest.raises(InputError, match=r"got 'end_of_the_first_blok'; did you mean end_of_the_first_block\?"):
        cut(network, "end_of_the_first_blok")
    with pytest.raises(InputError, match=r"expected a layer of two_blocks that nothing leads past, .* got 'inside'"):
        cut(network, "inside")


def test_stored_activations_are_those_of_the_images_and_of_their_mirror_images(data, tmp_path):
    paths = stored(data, tmp_path)
    images = np.load(data / "train.npy")
    lower = forward_for(of_pixels(cut(build_network("a", 32, str(data / "free.keras")), MIDDLE).lower))
    plain, mirrored = (lower(seen)[0].astype(STORED) for seen in (images, images[:, :, ::-1]))
    np.testing.assert_allclose(np.load(paths["train"]), [plain, mirrored], rtol=2e-3, atol=1e-3)
    flip = (np.arange(40) % 3 == 0).astype(np.float32)
    views = StoredActivations(paths["train"])
    assert views.shape == plain.shape and len(views.selected(np.array([5, 3]))) == 2
    np.testing.assert_array_equal(views.selected(np.array([5, 3])).read(slice(1, 2)), views.read(np.array([3])))
    np.testing.assert_allclose(
        views.mirrored(flip).read(np.arange(40)),
        np.where(flip[:, None, None, None] > 0, mirrored, plain),
        rtol=2e-3,
        atol=1e-3,
    )
    Path(paths["train"]).write_bytes(Path(paths["train"]).read_bytes()[:-10])
    with pytest.raises(InputError, match="is not a whole array of activations"):
        StoredActivations(paths["train"])


@pytest.mark.parametrize("head_first", [True, False])
def test_training_on_stored_activations_is_training_with_these_layers_frozen(data, tmp_path, head_first):
    """The same draws, batches and steps as on images; the network that is saved takes images."""
    on_images, expected = trained(data, tmp_path / "images", "partly.keras", {}, head_first=head_first)
    activations = stored(data, tmp_path / "stored")
    on_stored, found = trained(data, tmp_path / "run", "free.keras", activations, frozen=MIDDLE, head_first=head_first)
    np.testing.assert_allclose(found, expected, atol=5e-3)
    before = keras.saving.load_model(data / "free.keras").get_weights()
    for mine, its, start in zip(on_stored.get_weights(), on_images.get_weights(), before, strict=False):
        np.testing.assert_allclose(mine, its, atol=2e-3)
        assert np.array_equal(mine, start) == np.array_equal(its, start)
    images = np.load(data / "validation.npy").astype(np.float32)
    np.testing.assert_allclose(on_stored(images), on_images(images), atol=5e-3)


def test_with_the_whole_backbone_frozen_only_the_head_trains(data, tmp_path):
    activations = stored(data, tmp_path / "stored", "backbone", mirrored=False)
    changes = {"frozen": "backbone", "augmentation": {"flip": False, "shift": 0}, "learning_rate": 0.1}
    network, history = trained(data, tmp_path / "run", "free.keras", activations, **changes)
    before = build_network("a", 32, str(data / "free.keras")).get_weights()
    changed = [not np.array_equal(*pair) for pair in zip(network.get_weights(), before, strict=True)]
    assert changed == [HEAD in weight.path for weight in network.weights] and any(changed)
    assert history["loss"].is_monotonic_decreasing
    alone, of_head = trained(data, tmp_path / "head", "free.keras", activations, **changes, head_first=True, epochs=0)
    assert of_head["epoch"].tolist() == [0]
    probability = alone.predict(np.load(data / "validation.npy"), verbose=0)[:, 0]
    assert of_head["val_accuracy"][0] == np.mean((probability > 0.5) == np.arange(20) % 2)


def test_a_share_of_the_images_is_that_share_of_what_is_stored(data, tmp_path):
    activations = stored(data, tmp_path / "stored")
    shared, expected = {"train_share": 0.5, "learning_rate": 1e-3}, None
    for name, backbone, of_run, more in (
        ("images", "partly.keras", {}, {}),
        ("stored", "free.keras", activations, {"frozen": MIDDLE}),
    ):
        _, history = trained(data, tmp_path / name, backbone, of_run, **shared, **more)
        if expected is not None:
            np.testing.assert_allclose(history, expected, atol=5e-3)
        expected = history
