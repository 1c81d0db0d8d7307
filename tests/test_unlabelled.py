"""Images without a label, wherever an archive has them."""

import shutil
import zipfile

import numpy as np
import pandas as pd
import pytest
from conftest import jpeg, kaggle_zip

from snakedistill.core.errors import InputError
from snakedistill.core.pixels import Pixels
from snakedistill.data.images import MappedImages, resized_pixels
from snakedistill.data.index import write_index
from snakedistill.data.unlabelled import list_unlabelled, write_unlabelled

CLASSES = ["cat", "dog"]


def listed(folder, archive, layout) -> pd.DataFrame:
    """Index an archive and list its images without a label; their array has the images of the list."""
    write_index(archive, layout, CLASSES, folder / "index.csv", folder / "unusable.csv", 2)
    list_unlabelled(archive, folder / "unusable.csv", folder / "unlabelled.csv", 2)
    write_unlabelled(
        archive, folder / "unusable.csv", folder / "unlabelled.csv", Pixels(16), folder / "unlabelled.npy", 2
    )
    found = pd.read_csv(folder / "unlabelled.csv")
    assert len(MappedImages(folder / "unlabelled.npy")) == len(found)
    assert set(found["split"]) == {"unlabelled"}
    return found


@pytest.fixture
def files() -> dict[str, bytes]:
    rng = np.random.default_rng(0)
    return {f"{name}.{i}.jpg": jpeg(rng, label) for label, name in enumerate(CLASSES) for i in range(3)}


def test_those_of_the_second_zip_of_a_zip_of_zips(tmp_path, files, capsys):
    rng = np.random.default_rng(1)
    unlabelled = {number: jpeg(rng, 0) for number in (1, 2, 10)} | {3: b"no image"}
    kaggle_zip(tmp_path / "archive.zip", files, unlabelled)
    found = listed(tmp_path, tmp_path / "archive.zip", "kaggle")
    assert found["image_id"].tolist() == ["test1/1.jpg", "test1/2.jpg", "test1/10.jpg"]
    assert "test1/3.jpg: cannot be decoded" in capsys.readouterr().out
    images = MappedImages(tmp_path / "unlabelled.npy")
    np.testing.assert_array_equal(images.read(slice(2, 3))[0], resized_pixels(unlabelled[10], Pixels(16)))


@pytest.mark.parametrize("packed", [True, False])
def test_those_of_a_folder_beside_the_classes(tmp_path, files, packed):
    for name, data in files.items():
        path = tmp_path / "mine" / name.partition(".")[0] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (tmp_path / "mine/unlabelled").mkdir()
    (tmp_path / "mine/unlabelled/any name.jpg").write_bytes(files["cat.0.jpg"])
    archive = tmp_path / "mine"
    if packed:
        archive = shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path, "mine")
    found = listed(tmp_path, archive, "class_folders")
    assert [name.rpartition("/")[2] for name in found["image_id"]] == ["any name.jpg"]


def test_those_of_a_csv_without_a_label(tmp_path, files):
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    rows = [f"{name},{name.partition('.')[0] if '.2.' not in name else ''}" for name in files]
    (tmp_path / "images.csv").write_text("\n".join(["path,label", *rows]))
    found = listed(tmp_path, tmp_path / "images.csv", "csv")
    assert found["image_id"].tolist() == ["cat.2.jpg", "dog.2.jpg"]


def test_an_archive_without_any_says_so(tmp_path, files):
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        for name, data in files.items():
            archive.writestr(f"train/{name}", data)
    with pytest.raises(
        InputError, match="expected images without a label for a family with unlabelled: true, got none"
    ):
        listed(tmp_path, tmp_path / "archive.zip", "kaggle")
