"""Layouts: every file of an archive is an image of a class, or is rejected with a reason."""

import contextlib
import unicodedata
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from conftest import ROOT
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from snakedistill.configuration.inputs import with_inputs
from snakedistill.core.errors import InputError
from snakedistill.core.files import read_csv
from snakedistill.core.parts import PARTS
from snakedistill.data.archive import open_archive
from snakedistill.data.index import write_index
from snakedistill.data.layouts import LAYOUTS, layout_of


def written(folder: Path, *names: str, data: bytes = b"") -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def zipped(folder: Path, path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as target:
        for file in sorted(folder.rglob("*")):
            target.write(file, file.relative_to(folder))
    return path


def read(archive: Path, classes: list[str] | None = None) -> tuple[str, dict[str, tuple], dict[str, str]]:
    """The layout of an archive, (class, part) by image id, and reasons by member."""
    with open_archive(archive) as opened:
        name, reading = layout_of(opened, classes)
    images = {image.image_id: (image.class_name, image.part) for image in reading.images}
    assert len(images) == len(reading.images)
    return name, images, dict(reading.rejected)


@pytest.mark.parametrize("as_zip", [False, True], ids=["folder", "zip"])
@pytest.mark.parametrize("classes", [["cat", "dog"], ["ant", "red bee", "wasp"]])
@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout(tmp_path, name, classes, as_zip):
    """The contract of the door: each file of the entry's own example is an image of a class, or has a reason."""
    layout = LAYOUTS[name]
    for file, content in layout.example(classes).items():
        written(tmp_path / "given", file, data=content.encode())
    written(tmp_path / "given", ".hidden", "unlabelled/1.jpg")
    archive = zipped(tmp_path / "given", tmp_path / "given.zip") if as_zip else tmp_path / "given"
    assert all(one in layout.expected(classes) for one in classes)
    with open_archive(archive) as opened:
        assert layout_of(opened, classes)[0] == layout_of(opened, None)[0] == name
        for given_classes in (classes, None):
            reading = layout.read(opened, given_classes)
            assert reading.class_names() == classes
            read_from = [image.member for image in reading.images]
            assert len({image.image_id for image in reading.images}) == len(read_from) >= 2 * len(classes)
            rejected = dict(reading.rejected)
            assert all(rejected.values()) and not set(rejected) & set(read_from)
            lists = {file for file, content in layout.example(classes).items() if content}
            assert {*rejected, *read_from} | lists == set(opened.members)
            parts = {image.part for image in reading.images}
            assert parts == {None} or parts <= set(PARTS)
        with contextlib.suppress(InputError):  # a list of images has no other classes than the given ones
            assert layout.read(opened, classes[:1]).class_names() == classes[:1]
    written(tmp_path / "other", "notes.txt")
    with open_archive(tmp_path / "other") as opened:
        assert layout.read(opened, classes) is None


BEES = ("bees/IMG_2024 (3).jpeg", "bees/no suffix", "bees/2023/May/x.webp", "Ants/x.PNG")


@pytest.mark.parametrize("above", ["", "mydata/", "a/b/c/"])
@pytest.mark.parametrize("as_zip", [False, True], ids=["folder", "zip"])
def test_class_folders_with_any_file_names_at_any_depth(tmp_path, above, as_zip):
    folder = written(tmp_path / "given", *(above + name for name in BEES), "readme.txt")
    (folder / above / "empty").mkdir()
    archive = zipped(folder, tmp_path / "given.zip") if as_zip else folder
    layout, images, rejected = read(archive)
    assert layout == "class_folders"
    assert images == {name: (name.split("/")[0], None) for name in BEES}
    assert rejected == {"readme.txt": "not in a folder of a class"}


def test_microsofts_folders(tmp_path):
    """Its zip has two documents beside the images, and a Thumbs.db among them."""
    names = ("PetImages/Cat/0.jpg", "PetImages/Dog/0.jpg", "PetImages/Dog/Thumbs.db")
    folder = written(tmp_path / "pets", *names, "readme[1].txt", "MSR-LA - 3467.docx")
    layout, images, rejected = read(folder)
    assert layout == "class_folders"
    assert images == {"Cat/0.jpg": ("Cat", None), "Dog/0.jpg": ("Dog", None), "Dog/Thumbs.db": ("Dog", None)}
    assert set(rejected) == {"readme[1].txt", "MSR-LA - 3467.docx"}
    # The configuration's names are those of the results.
    assert read(folder, ["cat", "dog"])[1]["Cat/0.jpg"] == ("cat", None)


def test_class_names_are_those_of_the_folders(tmp_path):
    """Capitals, spaces, letters beyond ASCII, digits; macOS writes an umlaut as two characters."""
    folder = written(tmp_path / "any", f"{unicodedata.normalize('NFD', 'Füchse')}/1.jpg", "Red Pandas/1.jpg")
    assert {class_name for class_name, _ in read(folder)[1].values()} == {"Füchse", "Red Pandas"}
    assert read(folder, ["Red Pandas", "Füchse"])[1] == read(folder)[1]
    for names in (["9", "10"], ["ants", "Bees", "wasps"]):
        folder = written(tmp_path / names[0], *(f"{name}/1.png" for name in names))
        with open_archive(folder) as opened:
            assert LAYOUTS["class_folders"].read(opened, None).class_names() == names


def test_of_many_folders_the_named_classes_are_read(tmp_path):
    names = ("data/cats/1.jpg", "data/dogs/old/2.jpg", "data/birds/3.jpg")
    layout, images, rejected = read(written(tmp_path / "many", *names), ["dogs", "birds"])
    assert layout == "class_folders"
    assert images == {"dogs/old/2.jpg": ("dogs", None), "birds/3.jpg": ("birds", None)}
    assert rejected == {"data/cats/1.jpg": "not in a folder of a class of dogs, birds"}


def test_hidden_files_and_unlabelled_images_are_rejected_with_a_reason(tmp_path):
    others = {
        "unlabelled/1.jpg": "no label",
        "test1/deep/1.jpg": "no label",
        ".git/config": "hidden",
        "bees/.DS_Store": "hidden",
        "__MACOSX/bees/._x.jpg": "hidden",
    }
    layout, images, rejected = read(written(tmp_path / "given", *BEES, *others))
    assert layout == "class_folders"
    assert set(images) == set(BEES)
    assert rejected == others


@pytest.mark.parametrize("validation", ["val", "validation", "Val"])
@pytest.mark.parametrize("above", ["", "mydata/"])
def test_an_archive_that_is_split_already_keeps_its_parts(tmp_path, validation, above):
    parts = {
        "train/bees/1.jpg": ("bees", "train"),
        f"{validation}/bees/1.jpg": ("bees", "validation"),
        "test/Ants/deep/1.jpg": ("Ants", "test"),
        "train/Ants/1.jpg": ("Ants", "train"),
    }
    names = [*parts, "test/2.jpg", "extra/bees/1.jpg", "notes.txt"]
    layout, images, rejected = read(written(tmp_path / "given", *(above + name for name in names)))
    assert layout == "split_folders"
    assert images == parts
    assert rejected == {
        f"{above}test/2.jpg": "no label",
        f"{above}extra/bees/1.jpg": "not in a folder of a part",
        f"{above}notes.txt": "not in a folder of a part",
    }


def test_kaggles_names_are_found_beside_folders_that_mean_other_things(tmp_path):
    folder = written(tmp_path / "given", "train/cat.0.jpg", "train/dog.1.jpg", "test1/1.jpg", "sampleSubmission.csv")
    for classes in (["cat", "dog"], None):
        layout, images, rejected = read(folder, classes)
        assert layout == "kaggle"
        assert images == {"cat.0": ("cat", None), "dog.1": ("dog", None)}
        assert rejected == {"test1/1.jpg": "no label", "sampleSubmission.csv": "not in the folder train"}


def test_kaggles_names_are_read_in_any_case(tmp_path):
    names = ("any/folder/Dog.12.JPEG", "Café au lait.1.jpg", "bird.0.jpg", "dog.jpg", "dog.x.jpg", "dog.0.png")
    layout, images, rejected = read(written(tmp_path / "given", *names), ["café AU lait", "dog"])
    assert layout == "kaggle"
    assert images == {"dog.12": ("dog", None), "café au lait.1": ("café AU lait", None)}
    assert set(rejected) == {*names[2:]}
    assert set(rejected.values()) == {"not named <class>.<number>.jpg with a class of café AU lait, dog"}


LISTED = "path,label,split\na/1.jpg,bee,train\na/2 (1).jpg,ant,val\nb.jpg,ant,test\nc.jpg,,\n"


@pytest.mark.parametrize("given_as", ["csv", "folder", "zip", "folder above"])
def test_a_csv_lists_the_images(tmp_path, given_as):
    folder = written(tmp_path / "above/data", "a/1.jpg", "a/2 (1).jpg", "b.jpg", "c.jpg", "other.jpg")
    (folder / "labels.csv").write_text("\N{BYTE ORDER MARK}" + LISTED, encoding="utf-8")
    (folder / "measurements.csv").write_text("x,y\n1,2\n")
    archive = {"csv": folder / "labels.csv", "folder": folder, "folder above": folder.parent}.get(given_as)
    prefix = "data/" if given_as == "folder above" else ""
    layout, images, rejected = read(archive or zipped(folder, tmp_path / "given.zip"), ["ant", "bee"])
    assert layout == "csv"
    assert images == {"a/1.jpg": ("bee", "train"), "a/2 (1).jpg": ("ant", "validation"), "b.jpg": ("ant", "test")}
    others = {} if given_as == "csv" else dict.fromkeys((f"{prefix}other.jpg", f"{prefix}measurements.csv"))
    assert set(rejected) == {f"{prefix}c.jpg", *others}
    assert rejected[f"{prefix}c.jpg"] == "no label"


def test_a_csv_may_name_files_elsewhere(tmp_path, photographs):
    here, elsewhere = written(tmp_path / "here"), written(tmp_path / "there", "1.jpg", data=photographs["cat.0.jpg"])
    here.mkdir()
    rows = f"../there/1.jpg,bee\n{elsewhere / '1.jpg'},ant\n"
    (here / "labels.csv").write_text("path,label\n" + rows)
    write_index(here / "labels.csv", "csv", ["ant", "bee"], tmp_path / "index.csv", tmp_path / "no.csv", threads=1)
    assert read_csv(tmp_path / "index.csv")["image_id"].tolist() == [str(elsewhere / "1.jpg"), "../there/1.jpg"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"path,label\n1.jpg,bee\n3.jpg,ant\n", "labels.csv, line 3: there is no file '3.jpg'. Paths are relative to"),
        (b"path,label\n1.jpg,be\n", "labels.csv, line 2: expected a label of ant, bee, got 'be'; did you mean bee?"),
        (b"path,label\n1.jpg,bee\n./1.jpg,bee\n", "labels.csv, line 3: ./1.jpg stands in line 2 too. Remove one"),
        (b"path,label\n1.jpg,b\xe4r\n", "labels.csv, line 2: expected UTF-8, got the byte 0xe4: save the file as"),
        (b"path,label,split\n1.jpg,bee,dev\n", "expected a part in split, one of train, validation, test, got 'dev'"),
        (b"path,label\n1.jpg,bee\n2.jpg,Bee\n", "the class names bee and Bee differ only by case: rename one"),
        (b"path,label\n,bee\n", "labels.csv, line 2: there is no file ''"),
        (b"file,label\n1.jpg,bee\n", "labels.csv: expected columns path and label, got file, label"),
        (b"path, label\n1.jpg,bee\n", "labels.csv: expected columns path and label, got path,  label"),
        (b"", "labels.csv: expected columns path and label, got "),
    ],
)
def test_an_error_in_a_csv_names_the_line(tmp_path, content, sentence):
    folder = written(tmp_path / "given", "1.jpg", "2.jpg")
    (folder / "labels.csv").write_bytes(content)
    with pytest.raises(InputError) as error:
        read(folder / "labels.csv", ["ant", "bee"])
    assert sentence in str(error.value)


def test_two_csvs_of_images_are_an_error(tmp_path):
    folder = written(tmp_path / "given", "1.jpg")
    for name in ("train.csv", "test.csv"):
        (folder / name).write_text("path,label\n1.jpg,bee\n")
    with pytest.raises(InputError, match=r"test\.csv and train\.csv both list images: put them into one CSV"):
        read(folder)


def test_class_folders_that_differ_only_by_case_are_an_error(tmp_path):
    folder = written(tmp_path / "given", "Bees/1.jpg", "bees/2.jpg", "ants/1.jpg")
    for classes in (None, ["ants", "bees"]):
        with pytest.raises(InputError, match="the class names Bees and bees differ only by case: rename one of them"):
            read(folder, classes)


def test_files_that_differ_only_by_case_are_two_images(tmp_path, photographs):
    folder = written(tmp_path / "given", "bees/a.jpg", "bees/A.jpg", "bees/a.JPG", data=photographs["cat.0.jpg"])
    written(folder, "ants/a.jpg", data=photographs["dog.0.jpg"])
    write_index(folder, "class_folders", ["ants", "bees"], tmp_path / "index.csv", tmp_path / "no.csv", threads=1)
    assert len(read_csv(tmp_path / "index.csv")) == 4


def test_the_index_has_the_split_where_the_archive_gives_it(tmp_path, photographs):
    folder = tmp_path / "given"
    for part in ("train", "test"):
        written(folder, f"{part}/bees/NA", f"{part}/bees/007.jpg", data=photographs["cat.0.jpg"])
        written(folder, f"{part}/3/1e5", data=photographs["dog.0.jpg"])
    write_index(folder, "split_folders", ["3", "bees"], tmp_path / "index.csv", tmp_path / "no.csv", threads=1)
    index = read_csv(tmp_path / "index.csv")
    assert index["image_id"].tolist() == sorted(index["image_id"], key=lambda name: ("bees" in name, name))
    assert index["split"].tolist() == [name.split("/")[0] for name in index["image_id"]]
    assert index["label"].tolist() == [0, 0, 1, 1, 1, 1]


NAME = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), min_size=1, max_size=8).filter(
    lambda name: name not in (".", "..") and len(name.encode()) < 100
)
FOLDER = st.sampled_from(["train", "val", "test", "bees", "Ants", "unlabelled", ".git", "a b"]) | NAME


@given(st.lists(st.lists(FOLDER, max_size=3).map("/".join).flatmap(lambda above: NAME.map(lambda n: f"{above}/{n}")),
                max_size=12, unique=True), st.sampled_from([None, ["bees", "Ants"]]))  # fmt: skip
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(["/a.csv", "/b.csv"], None)
def test_every_file_is_an_image_or_has_a_reason(tmp_path_factory, names, classes):
    """Whatever the files are named; or the archive as a whole has an error in words."""
    folder = tmp_path_factory.mktemp("fuzz")
    wanted = set()
    for name in names:
        try:
            wanted.add(written(folder, name.lstrip("/")) and name.lstrip("/"))
        except OSError:  # a file of that name is in the way
            continue
    with open_archive(folder) as opened:
        assert set(opened.members) == wanted
        for layout in LAYOUTS.values():
            try:
                reading = layout.read(opened, classes)
            except InputError as error:
                assert "differ only by case" in str(error)
                continue
            if reading is not None:
                images = [image.member for image in reading.images]
                assert sorted(images + [member for member, _ in reading.rejected]) == sorted(wanted)
                assert len({image.image_id for image in reading.images}) == len(images)
                assert classes is None or set(reading.class_names()) <= set(classes)


@given(st.binary(max_size=80))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_csv_never_ends_in_a_traceback(tmp_path, noise):
    folder = written(tmp_path, "1.jpg")
    for content in (noise, b"path,label\n1.jpg,bee\n" + noise, b"path,label" + noise):
        (folder / "labels.csv").write_bytes(content)
        try:
            read(folder / "labels.csv")
        except InputError as error:
            assert str(error)


def ten(folder: str) -> list[str]:
    return [f"{folder}/more {number}.jpg" for number in range(10)]


@pytest.mark.parametrize("classes", [None, ["ant", "bee"], ["cat", "dog", "fox"]])
def test_the_built_in_sample_has_its_own_classes(classes):
    with pytest.raises(InputError, match=r"classes: expected \[cat, dog\] with the built-in sample, got .*: give an"):
        with_inputs(config(archive=None, classes=classes), software_deployed=True)
    assert with_inputs(config(archive=None, classes=["Dog", "cat"]), software_deployed=True)


def config(**changed) -> dict:
    import yaml

    return yaml.safe_load((ROOT / "config.yaml").read_text()) | {"paper": None} | changed


def test_planning_takes_layout_and_classes_from_the_archive(tmp_path):
    folder = written(tmp_path / "given", *BEES, *ten("Ants"), *ten("bees"))
    found, _ = with_inputs(config(archive=str(folder), classes=None), software_deployed=True)
    assert (found["layout"], found["classes"]) == ("class_folders", ["Ants", "bees"])
    written(folder, *ten("wasps"))
    found, _ = with_inputs(config(archive=str(folder), classes=None), software_deployed=True)
    assert (found["layout"], found["classes"]) == ("class_folders", ["Ants", "bees", "wasps"])
    with pytest.raises(InputError, match=r"paper: expected null with 3 classes \(Ants, bees, wasps\), got biryukova"):
        with_inputs(config(archive=str(folder), classes=None, paper="biryukova"), software_deployed=True)
    found, _ = with_inputs(config(archive=str(folder), classes=["bees", "ants"]), software_deployed=True)
    assert (found["layout"], found["classes"]) == ("class_folders", ["bees", "ants"])


@pytest.mark.parametrize(
    ("names", "changed", "sentence"),
    [
        (BEES, {}, "expected images in folders named cat and dog, got GIVEN with none among its 4 files, such as "
                   "Ants/x.PNG; the archive has the classes Ants, bees; see classes and layout"),
        (BEES, {"classes": ["bees", "wasps"]}, "expected images in folders named wasps, got GIVEN with none among"),
        (("a/bees/1.jpg", "a/bees/2.jpg"), {"classes": None, "layout": "class_folders"},
         "classes: expected two or more classes in GIVEN, got none among its 2 files"),
        (("bees/1.jpg",), {"classes": None}, "classes: expected two or more classes in GIVEN, got none"),
        (("Bees/1.jpg", "bees/1.jpg"), {"classes": None}, "archive: GIVEN: the class names Bees and bees differ only"),
        (BEES, {"classes": None}, "archive: GIVEN: Class Ants (label 0) does not fill validation and test: the shares "
                                  "of `split` make {'train': 1, 'validation': 0, 'test': 0} of its 1 usable images"),
        ((*ten("train/bees"), *ten("train/wasps"), *ten("val/bees")), {"classes": None},
         "archive: GIVEN: Class wasps (label 1) has no image in the part validation, and every part needs images of "
         "each class; validation has bees 10, wasps 0. Add images of this class, or take the whole part away"),
        (BEES, {"layout": "kaggle"}, "expected images named cat.<number>.jpg and dog.<number>.jpg, got GIVEN with"),
        ((), {}, "expected images named cat.<number>.jpg and dog.<number>.jpg, got GIVEN with none for it has no file"),
    ],
    ids=["other classes", "a class without images", "one folder in another", "one folder", "case", "few images",
         "a class without images in a part", "another layout", "empty"],
)  # fmt: skip
def test_planning_says_what_an_archive_lacks(tmp_path, names, changed, sentence):
    folder = written(tmp_path / "given", *names)
    folder.mkdir(exist_ok=True)
    with pytest.raises(InputError) as error:
        with_inputs(config(archive=str(folder), **changed), software_deployed=True)
    assert sentence.replace("GIVEN", str(folder)) in str(error.value)


def test_rejected_files_are_listed_by_the_index(tmp_path, photographs):
    folder = written(tmp_path / "given", "bees/1.jpg", "ants/1", data=photographs["cat.0.jpg"])
    written(folder, "bees/Thumbs.db", data=b"no image")
    written(folder, "unlabelled/1.jpg", data=photographs["cat.1.jpg"])
    (folder / "bees/gone.jpg").symlink_to(tmp_path / "nowhere")
    write_index(folder, "class_folders", ["ants", "bees"], tmp_path / "index.csv", tmp_path / "no.csv", threads=2)
    reasons = pd.read_csv(tmp_path / "no.csv").set_index("member")["reason"]
    assert set(reasons.index) == {"bees/Thumbs.db", "bees/gone.jpg", "unlabelled/1.jpg"}
    assert reasons["unlabelled/1.jpg"] == "no label"
    assert "cannot be decoded" in reasons["bees/Thumbs.db"]
    assert "cannot be followed" in reasons["bees/gone.jpg"]
