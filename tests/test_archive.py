import hashlib
import zipfile

import numpy as np
import pandas as pd
import pytest
from conftest import jpeg, kaggle_zip

from snakedistill.archive import decode, in_order, open_archive, write_index
from snakedistill.errors import InputError

CLASSES = {"cat": 0, "dog": 1}


def index_of(archive, tmp_path):
    write_index(archive, CLASSES, tmp_path / "index.csv", tmp_path / "rejected.csv", threads=2)
    return pd.read_csv(tmp_path / "index.csv"), pd.read_csv(tmp_path / "rejected.csv")


def test_index_lists_every_image_in_natural_order(archive, photographs, tmp_path):
    index, rejected = index_of(archive, tmp_path)
    assert len(rejected) == 0
    assert index["image_id"].tolist() == [f"{name}.{i}" for name in CLASSES for i in range(20)]
    assert set(index["label"][:20]) == {0}
    assert set(index["label"][20:]) == {1}
    assert set(index["width"]) == {40}
    assert set(index["height"]) == {30}
    assert index["sha256"][0] == hashlib.sha256(photographs["cat.0.jpg"]).hexdigest()


def test_the_same_images_are_found_in_every_layout(archive, photographs, tmp_path):
    with zipfile.ZipFile(archive) as outer:
        outer.extract("train.zip", tmp_path / "outer")
    with zipfile.ZipFile(tmp_path / "outer/train.zip") as inner:
        inner.extractall(tmp_path / "folder")
    flat = tmp_path / "flat"
    flat.mkdir()
    for name, data in photographs.items():
        (flat / name).write_bytes(data)
    expected = index_of(archive, tmp_path)[0].drop(columns="member")
    for other in (tmp_path / "outer/train.zip", tmp_path / "outer", tmp_path / "folder", flat):
        pd.testing.assert_frame_equal(index_of(other, tmp_path)[0].drop(columns="member"), expected)


def test_what_cannot_be_used_is_rejected_with_a_reason(photographs, tmp_path):
    photographs |= {
        "cat.100.jpg": photographs["cat.0.jpg"][:400],
        "dog.100.jpg": b"",
        "dog.101.jpg": b"not an image at all",
        "bird.0.jpg": photographs["cat.1.jpg"],
        "notes.txt": b"hello",
        "deeper/dog.3.jpg": photographs["dog.3.jpg"],
    }
    index, rejected = index_of(kaggle_zip(tmp_path / "a.zip", photographs), tmp_path)
    assert len(index) == 40
    reasons = rejected.set_index("member")["reason"]
    assert len(reasons) == 6
    for name in ("cat.100.jpg", "dog.100.jpg", "dog.101.jpg"):
        assert "cannot be decoded" in reasons[f"train/{name}"]
    assert "not named" in reasons["train/bird.0.jpg"]
    assert "not named" in reasons["train/notes.txt"]
    assert sum("second image named dog.3" in reason for reason in reasons) == 1


def test_a_member_damaged_inside_the_zip_is_rejected(tmp_path):
    rng = np.random.default_rng(1)
    path = tmp_path / "train.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
        for number in range(3):
            zipped.writestr(f"train/cat.{number}.jpg", jpeg(rng, 0))
            zipped.writestr(f"train/dog.{number}.jpg", jpeg(rng, 1))
        offset = zipped.getinfo("train/cat.1.jpg").header_offset
    data = bytearray(path.read_bytes())
    data[offset + 300 : offset + 340] = bytes(40)
    path.write_bytes(data)
    index, rejected = index_of(path, tmp_path)
    assert "cat.1" not in index["image_id"].tolist()
    assert rejected["member"].tolist() == ["train/cat.1.jpg"]
    assert "cannot be" in rejected["reason"][0]


def test_a_missing_archive_says_where_and_how(tmp_path):
    with pytest.raises(InputError, match=r"no archive at .*nowhere\.zip.*kaggle competitions download"):
        index_of(tmp_path / "nowhere.zip", tmp_path)


def test_what_is_no_zip_says_so(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 torn")
    with pytest.raises(InputError, match="not a readable zip"):
        index_of(tmp_path / "a.zip", tmp_path)


def test_no_usable_image_of_a_class_says_so_with_the_counts(photographs, tmp_path):
    only_cats = {name: data for name, data in photographs.items() if name.startswith("cat")}
    with pytest.raises(InputError, match="cat 20, dog 0; 1 members were rejected"):
        index_of(kaggle_zip(tmp_path / "a.zip", only_cats | {"dog.0.jpg": b""}), tmp_path)
    assert not (tmp_path / "index.csv").exists()


def test_too_many_pixels_are_not_decoded(monkeypatch, photographs):
    monkeypatch.setattr("snakedistill.archive.MAX_PIXELS", 1000)
    with pytest.raises(InputError, match="40 x 30 pixels"):
        decode(photographs["cat.0.jpg"])


def test_results_come_in_order_whatever_the_threads():
    assert list(in_order(lambda x: x * x, list(range(100)), threads=4, block=7)) == [x * x for x in range(100)]


def test_members_are_sorted_as_people_count(archive):
    with open_archive(archive) as opened:
        assert [name.split("/")[-1] for name in opened.members[:12]] == [f"cat.{i}.jpg" for i in range(12)]
