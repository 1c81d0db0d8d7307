import hashlib
import io
import os
import stat
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import jpeg, kaggle_zip
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from snakedistill.core.digests import fingerprint_of_archive
from snakedistill.core.errors import InputError
from snakedistill.core.threads import in_order
from snakedistill.data.archive import content_of_member, is_zip_of_zips, natural, open_archive
from snakedistill.data.decoding import DecodingError, decode
from snakedistill.data.index import write_index
from snakedistill.paper.kaggle import sample_submission

CLASSES = ["cat", "dog"]


def index_of(archive, tmp_path):
    write_index(archive, "kaggle", CLASSES, tmp_path / "index.csv", tmp_path / "unusable.csv", threads=2)
    return pd.read_csv(tmp_path / "index.csv"), pd.read_csv(tmp_path / "unusable.csv")


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
    with pytest.raises(InputError, match=r"no archive at .*/nowhere\.zip\. Set `archive:` to the path of a zip, of"):
        index_of(tmp_path / "nowhere.zip", tmp_path)


def test_what_is_no_zip_says_so(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 torn")
    with pytest.raises(InputError, match="not a readable zip"):
        index_of(tmp_path / "a.zip", tmp_path)


def test_no_usable_image_of_a_class_says_so_with_the_counts(photographs, tmp_path):
    only_cats = {name: data for name, data in photographs.items() if name.startswith("cat")}
    message = r"cat 20, dog 0; 1 members were rejected, the first, train/dog\.0\.jpg, because cannot be decoded"
    with pytest.raises(InputError, match=message + r".*expects images named cat\.<number>\.jpg and dog"):
        index_of(kaggle_zip(tmp_path / "a.zip", only_cats | {"dog.0.jpg": b""}), tmp_path)
    assert not (tmp_path / "index.csv").exists()


def test_too_many_pixels_are_not_decoded(monkeypatch, photographs):
    monkeypatch.setattr("snakedistill.data.decoding.MAX_PIXELS", 1000)
    with pytest.raises(DecodingError, match="40 x 30 pixels"):
        decode(photographs["cat.0.jpg"])


def test_results_come_in_order_whatever_the_threads():
    assert list(in_order(lambda x: x * x, list(range(100)), threads=4, block=7)) == [x * x for x in range(100)]


def test_members_are_sorted_as_people_count(archive):
    with open_archive(archive) as opened:
        assert [name.split("/")[-1] for name in opened.members[:12]] == [f"cat.{i}.jpg" for i in range(12)]
    assert sorted(["a.10", "a.2", "b.1", "a.2b"], key=natural) == ["a.2", "a.2b", "a.10", "b.1"]


def test_what_stands_beside_the_parts(archive, photographs, tmp_path):
    """Planning asks whether the members are known without unpacking a zip inside a zip."""
    with zipfile.ZipFile(archive) as outer:
        outer.extractall(tmp_path / "outer")
    with zipfile.ZipFile(tmp_path / "outer/train.zip") as inner:
        inner.extractall(tmp_path / "folder")
    assert is_zip_of_zips(archive)
    for path in (tmp_path / "outer/train.zip", tmp_path / "outer", tmp_path / "folder"):
        assert not is_zip_of_zips(path)
        with open_archive(path) as opened:
            assert opened.members == sorted((f"train/{name}" for name in photographs), key=natural)
    for one in (archive, tmp_path / "outer"):
        assert content_of_member(one, "sampleSubmission.csv") == b"id,label\n"
        assert content_of_member(one, "notes.txt") is None


def test_the_images_of_a_zip_inside_a_zip_need_no_folder(photographs, tmp_path):
    """The members are those of a folder named like the zip."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as zipped:
        for name, data in photographs.items():
            zipped.writestr(name, data)
    for name in ("train.zip", "test1.zip"):
        with zipfile.ZipFile(tmp_path / "outer.zip", "w") as outer:
            outer.writestr(name, inner.getvalue())
        part = name.removesuffix(".zip")
        with open_archive(tmp_path / "outer.zip", part) as opened:
            assert sorted(opened.members) == sorted(f"{part}/{image}" for image in photographs)
            assert opened.read(f"{part}/cat.0.jpg") == photographs["cat.0.jpg"]


def reasons_of(archive, tmp_path, usable: int = 40) -> pd.Series:
    index, rejected = index_of(archive, tmp_path)
    assert len(index) == usable
    return rejected.set_index("member")["reason"]


@pytest.fixture
def hostile(photographs, tmp_path):
    """A train.zip of the 40 photographs and what a test adds to it."""
    path = tmp_path / "hostile.zip"

    def build(*members: tuple[zipfile.ZipInfo | str, bytes], method: int = zipfile.ZIP_STORED):
        with zipfile.ZipFile(path, "w") as zipped:
            for name, data in photographs.items():
                zipped.writestr(f"train/{name}", data)
            for member, data in members:
                zipped.writestr(member, data, method)
        return path

    return build


@pytest.mark.parametrize(
    "name", ["../../cat.100.jpg", "train/../../cat.100.jpg", "/etc/cat.100.jpg", "C:/cat.100.jpg", "aux/cat.100.jpg",
             "NUL.txt/cat.100.jpg"],
)  # fmt: skip
def test_a_members_name_is_never_a_path_to_write_to(photographs, tmp_path, name):
    """It is read like any other: nothing is unpacked to a file."""
    folder = tmp_path / "deep/deeper"
    folder.mkdir(parents=True)
    member = zipfile.ZipInfo()
    member.filename = name  # past the constructor, which tidies names
    path = folder / "a.zip"
    with zipfile.ZipFile(path, "w") as zipped:
        for usual, data in photographs.items():
            prefix = "train/" if name.startswith("train/") else ""
            zipped.writestr(f"{prefix}{usual}", data)
        zipped.writestr(member, photographs["dog.0.jpg"])
    with open_archive(path) as opened:
        assert name in opened.members
        assert opened.refused == []
        assert opened.read(name) == photographs["dog.0.jpg"]
    index, rejected = index_of(path, folder)
    assert len(rejected) == 0
    assert index.set_index("image_id")["member"]["cat.100"] == name
    assert {one.relative_to(tmp_path).as_posix() for one in tmp_path.rglob("*") if one.is_file()} == {
        f"deep/deeper/{file}" for file in ("a.zip", "index.csv", "unusable.csv")
    }


def test_what_is_beside_the_labelled_part_of_a_zip_is_no_image(hostile, photographs, tmp_path):
    beside = ("cat.100.jpg", "other/cat.101.jpg")
    reasons = reasons_of(hostile(*((name, photographs["cat.0.jpg"]) for name in beside)), tmp_path)
    assert reasons.to_dict() == dict.fromkeys(beside, "not in the folder train")


def test_links_and_encrypted_members_are_refused(hostile, photographs, tmp_path):
    link = zipfile.ZipInfo("train/cat.100.jpg")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    path = hostile((link, b"/etc/passwd"), ("train/cat.101.jpg", photographs["cat.0.jpg"]))
    data = bytearray(path.read_bytes())
    directory = data.rindex(b"PK\x01\x02")
    data[directory + 8] |= 1  # the flag "encrypted", in the central directory
    path.write_bytes(data)
    reasons = reasons_of(path, tmp_path)
    assert reasons.to_dict() == {
        "train/cat.100.jpg": "a symbolic link or a special file",
        "train/cat.101.jpg": "encrypted",
    }


def test_a_member_that_unpacks_to_too_much_is_refused(hostile, tmp_path, monkeypatch):
    monkeypatch.setattr("snakedistill.data.archive.MAX_BYTES", 100_000)
    path = hostile(("train/cat.100.jpg", bytes(200_000)), method=zipfile.ZIP_DEFLATED)
    assert "200,000 bytes when unpacked" in reasons_of(path, tmp_path)["train/cat.100.jpg"]


@pytest.mark.parametrize("declared", [1_000, 100_000])
def test_a_member_of_another_size_than_declared_is_rejected(hostile, tmp_path, declared):
    path = hostile(("train/cat.100.jpg", bytes(50_000)), method=zipfile.ZIP_DEFLATED)
    data = bytearray(path.read_bytes())
    directory = data.rindex(b"PK\x01\x02")
    checksum = zlib.crc32(bytes(min(declared, 50_000)))
    struct.pack_into("<I", data, directory + 16, checksum)
    struct.pack_into("<I", data, directory + 24, declared)
    path.write_bytes(data)
    # More than declared: what is over is never unpacked, and what is left is no picture.
    reason = "cannot be decoded" if declared < 50_000 else "cannot be read: 50,000 bytes where 100,000 were declared"
    assert reason in reasons_of(path, tmp_path)["train/cat.100.jpg"]


def test_a_bomb_in_place_of_train_zip_is_an_error(tmp_path):
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as inner:
        inner.writestr("train/cat.0.jpg", bytes(60 << 20))
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as outer:
        outer.writestr("train.zip", bytes(60 << 20) + bomb.getvalue())
    with pytest.raises(InputError, match="bytes when unpacked, more than"):
        index_of(tmp_path / "a.zip", tmp_path)


def test_overlapping_members_are_refused(hostile, photographs, tmp_path):
    path = hostile(("train/cat.100.jpg", photographs["cat.0.jpg"]), ("train/cat.101.jpg", photographs["cat.0.jpg"]))
    data = bytearray(path.read_bytes())
    last = data.rindex(b"PK\x01\x02")
    one_before = data.rindex(b"PK\x01\x02", 0, last)
    struct.pack_into("<I", data, last + 42, struct.unpack_from("<I", data, one_before + 42)[0])
    path.write_bytes(data)
    reasons = reasons_of(path, tmp_path)
    assert reasons.to_dict() == dict.fromkeys(("train/cat.100.jpg", "train/cat.101.jpg"), "overlaps another member")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_of_two_members_of_one_name_the_first_counts(hostile, photographs, tmp_path):
    path = hostile(("train/cat.0.jpg", b"another"))
    assert reasons_of(path, tmp_path).to_dict() == {"train/cat.0.jpg": "a second member of this name"}
    digest = hashlib.sha256(photographs["cat.0.jpg"]).hexdigest()
    assert pd.read_csv(tmp_path / "index.csv")["sha256"][0] == digest


def test_names_in_other_encodings_and_methods_are_rejected(hostile, photographs, tmp_path):
    koi8 = zipfile.ZipInfo("train/xxx.100.jpg")
    path = hostile((koi8, photographs["cat.0.jpg"]), method=zipfile.ZIP_STORED)
    data = path.read_bytes().replace(b"xxx.100", "кот.100".encode("koi8-r"))
    path.write_bytes(data)
    assert "not named" in reasons_of(path, tmp_path).iloc[0]
    path = hostile(("train/cat.100.jpg", photographs["cat.0.jpg"]), method=zipfile.ZIP_LZMA)
    assert "packed with method 14" in reasons_of(path, tmp_path)["train/cat.100.jpg"]


def written(folder: Path, photographs: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True)
    for name, data in photographs.items():
        (folder / name).write_bytes(data)
    return folder


def test_links_in_a_folder_are_followed(photographs, tmp_path):
    """To files and to folders, twice to one folder too, and the folder that was named may be one."""
    cats = {name: data for name, data in photographs.items() if name.startswith("cat")}
    folder = written(tmp_path / "photos", cats)
    elsewhere = written(tmp_path / "elsewhere", {name: photographs[name] for name in photographs.keys() - cats.keys()})
    (folder / "deeper").symlink_to(elsewhere)
    (folder / "again").symlink_to(Path("..", "elsewhere"))
    (folder / "cat.100.jpg").symlink_to(elsewhere / "dog.0.jpg")
    (tmp_path / "named").symlink_to(folder)
    for named in (folder, tmp_path / "named"):
        reasons = reasons_of(named, tmp_path, usable=41)
        assert set(reasons) == {f"a second image named dog.{number}" for number in range(20)}
        assert set(reasons.index) == {f"deeper/dog.{number}.jpg" for number in range(20)}
        index = pd.read_csv(tmp_path / "index.csv").set_index("image_id")
        assert index["member"]["dog.7"] == "again/dog.7.jpg"
        assert index["sha256"]["cat.100"] == hashlib.sha256(photographs["dog.0.jpg"]).hexdigest()
        with open_archive(named) as opened:
            assert {"cat.100.jpg", "again/dog.7.jpg", "deeper/dog.7.jpg"} < set(opened.members)


def test_what_cannot_be_followed_in_a_folder_is_refused_with_a_reason(photographs, tmp_path):
    folder = written(tmp_path / "photos", photographs)
    (folder / "loop").symlink_to(folder)
    (folder / "one").mkdir()
    (folder / "one/two").symlink_to(tmp_path)
    (folder / "cat.100.jpg").symlink_to(tmp_path / "gone.jpg")
    (folder / "cat.101.jpg").symlink_to("cat.102.jpg")
    (folder / "cat.102.jpg").symlink_to("cat.101.jpg")
    os.mkfifo(folder / "cat.103.jpg")
    Path(os.fsdecode(os.fsencode(folder) + b"/cat.\xff.jpg")).write_bytes(b"x")
    reasons = reasons_of(folder, tmp_path)
    unfollowed = "a symbolic link that cannot be followed"
    assert reasons[~reasons.index.str.startswith("one/two/")].to_dict() == {
        "loop": "a symbolic link to a folder above it",
        "cat.100.jpg": f"{unfollowed}: No such file or directory",
        "cat.101.jpg": f"{unfollowed}: Too many levels of symbolic links",
        "cat.102.jpg": f"{unfollowed}: Too many levels of symbolic links",
        "cat.103.jpg": "a special file",
        "cat.\\udcff.jpg": "its name is not UTF-8",
    }
    assert reasons["one/two/photos"] == "a symbolic link to a folder above it"


def test_the_digest_of_a_folder_follows_links_and_ends(photographs, tmp_path):
    folder = written(tmp_path / "photos", photographs)
    elsewhere = written(tmp_path / "elsewhere", {"dog.100.jpg": b"one"})
    before = fingerprint_of_archive(folder)
    (folder / "deeper").symlink_to(elsewhere)
    followed = fingerprint_of_archive(folder)
    assert followed != before
    (folder / "loop").symlink_to(folder)
    (folder / "gone.jpg").symlink_to(tmp_path / "gone.jpg")
    assert fingerprint_of_archive(folder) == followed
    (elsewhere / "dog.100.jpg").write_bytes(b"another")
    assert fingerprint_of_archive(folder) != followed


def test_the_digest_of_a_zip_is_of_names_sizes_and_checksums(hostile, photographs, tmp_path):
    one = fingerprint_of_archive(hostile())
    assert fingerprint_of_archive(hostile()) == one
    assert fingerprint_of_archive(hostile(("train/notes.txt", b"a"))) != one
    assert len({fingerprint_of_archive(hostile(("train/notes.txt", data))) for data in (b"a", b"b", b"ab")}) == 3
    (tmp_path / "torn.zip").write_bytes(hostile().read_bytes()[:1000])
    assert len(fingerprint_of_archive(tmp_path / "torn.zip")) == 64


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


RED = Image.new("RGB", (20, 10), (200, 30, 30))


@pytest.mark.parametrize("kind", ["PNG", "GIF", "WEBP", "BMP", "JPEG"])
def test_an_image_is_what_its_bytes_say(kind):
    image = decode(encoded(RED, kind))
    assert (image.mode, image.size) == ("RGB", (20, 10))
    np.testing.assert_allclose(np.asarray(image)[5, 5], (200, 30, 30), atol=6)


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK", "LA", "RGBA"])
def test_other_modes_become_rgb(mode):
    kind = {"CMYK": "JPEG"}.get(mode, "PNG")
    source = RED.convert(mode)
    image = decode(encoded(source, kind, **({"quality": 100} if kind == "JPEG" else {})))
    assert (image.mode, image.size) == ("RGB", (20, 10))
    expected = np.asarray(source.convert("RGB"))[5, 5]
    np.testing.assert_allclose(np.asarray(image)[5, 5], expected, atol=12)


def test_what_is_transparent_becomes_white():
    image = Image.new("RGBA", (20, 10), (0, 0, 0, 0))
    assert np.asarray(decode(encoded(image, "PNG"))).min() == 255


def test_of_several_frames_the_first_counts():
    frames = [Image.new("RGB", (20, 10), colour) for colour in ("white", "black")]
    for kind in ("GIF", "WEBP", "MPO"):
        data = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
        assert np.asarray(decode(data)).min() > 250


def test_an_image_on_its_side_is_turned_upright():
    exif = Image.Exif()
    exif[0x0112] = 6
    assert decode(encoded(RED, "JPEG", exif=exif)).size == (10, 20)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "cannot be decoded"),
        (encoded(RED, "JPEG")[:300], "cannot be decoded"),
        (encoded(RED, "PNG")[:40], "cannot be decoded"),
        (encoded(RED, "TIFF"), "TIFF is not supported: convert the photo to JPEG or PNG"),
        (encoded(Image.new("I;16", (20, 10)), "PNG"), "more than 8 bits a channel"),
        (encoded(Image.new("RGB", (1, 1)), "PNG"), "1 x 1 pixels, less than 8 on a side"),
        (encoded(Image.new("1", (20_000, 20_000)), "PNG"), "400000000 pixels"),
        (b"\xff\xd8" + 101 * b"\xff\xda", "a JPEG of 101 scans"),
        (encoded(RED, "AVIF"), "AVIF is not supported: convert the photo to JPEG or PNG"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99), "HEIC is not supported: convert the photo"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic" + bytes(99), "HEIC is not supported: convert the photo"),
        (b"\0\0\0\x14ftypmif1\0\0\0\0mif1heic" + bytes(99), "HEIF is not supported: convert the photo"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isommp42" + bytes(99), "cannot be decoded"),
        (b"\0\0\0\x18ftyp", "cannot be decoded"),
    ],
    ids=["empty", "truncated jpeg", "truncated png", "tiff", "16 bits", "one pixel", "pixel bomb", "scan bomb"]
    + ["avif", "heic", "heic by its second brand", "heif", "mp4", "truncated mp4"],
)
def test_what_is_no_picture_for_us_says_why(data, reason):
    with pytest.raises(DecodingError, match=reason):
        decode(data)


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_flipped_and_missing_bytes_never_end_in_a_traceback(archive, tmp_path, data):
    whole = bytearray(archive.read_bytes())
    where = st.integers(0, len(whole) - 1) | st.integers(len(whole) - 3000, len(whole) - 1)
    for position in data.draw(st.lists(where, max_size=6)):
        whole[position] ^= data.draw(st.integers(1, 255))
    length = data.draw(st.just(len(whole)) | st.integers(0, len(whole)))
    torn = tmp_path / "torn.zip"
    torn.write_bytes(whole[:length])
    for use in (lambda: index_of(torn, tmp_path), lambda: sample_submission(torn)):
        try:
            use()
        except InputError as error:
            assert str(error)


@given(st.binary(max_size=200), st.sampled_from(["JPEG", "PNG", "GIF", "WEBP", "BMP"]), st.data())
def test_damaged_images_never_end_in_a_traceback(noise, kind, data):
    whole = bytearray(encoded(RED, kind))
    start = data.draw(st.integers(0, len(whole)))
    whole[start : start + data.draw(st.integers(0, 50))] = noise
    try:
        assert decode(bytes(whole)).mode == "RGB"
    except DecodingError as error:
        assert str(error)
