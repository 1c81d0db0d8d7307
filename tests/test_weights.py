import functools
import hashlib
import http.server
import os
import threading

import h5py
import keras
import numpy as np
import pytest
from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group

from snakedistill.core.errors import InputError
from snakedistill.networks.classifier import build_network
from snakedistill.networks.weights import fetch_weights

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
    with pytest.raises(InputError, match=r"resnet50 could not be fetched: .*404.*give its path"):
        fetch_weights("resnet50", tmp_path / "weights.h5")
