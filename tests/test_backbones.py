"""What every backbone of the registry keeps."""

import keras
import numpy as np
import pytest

from snakedistill.export.forms import FORMS
from snakedistill.export.inference import outputs
from snakedistill.networks.backbones import BACKBONES, unusable
from snakedistill.networks.classifier import build_network, load_network

SIDE = 32


@pytest.mark.parametrize("backbone", BACKBONES)
def test_a_backbone_is_built_trained_saved_loaded_and_exported(backbone, tmp_path):
    assert unusable(backbone, SIDE) is None
    rng = np.random.default_rng(0)
    images, label = rng.integers(0, 256, (6, SIDE, SIDE, 3), dtype=np.uint8), np.arange(6) % 3
    keras.utils.set_random_seed(0)
    network = build_network("soft-0", SIDE, backbone, classes=3)
    assert network.output.shape == (None, 3)
    before = [keras.ops.convert_to_numpy(weight) for weight in network.trainable_variables]
    network.compile(keras.optimizers.SGD(0.01), "sparse_categorical_crossentropy")
    assert np.isfinite(network.train_on_batch(images.astype(np.float32), label))
    after = [keras.ops.convert_to_numpy(weight) for weight in network.trainable_variables]
    assert all(np.isfinite(weight).all() for weight in after)
    assert sum((old != new).any() for old, new in zip(before, after, strict=True)) > len(after) / 2

    expected = network.predict(images, verbose=0)
    network.save(tmp_path / "soft-0.keras")
    loaded = load_network(tmp_path / "soft-0.keras")
    np.testing.assert_array_equal(loaded.predict(images, verbose=0), expected)

    onnx = FORMS["onnx"]
    onnx.write(loaded, {"network": "soft-0"}, 1, tmp_path / "soft-0.onnx")
    given = outputs(onnx.runtimes[0].open(tmp_path / "soft-0.onnx", 1), images)
    np.testing.assert_allclose(given, expected, atol=1e-4)
