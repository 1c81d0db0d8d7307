"""The audit: predictions of any framework, in a CSV."""

import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, copy_project, snakemake

from snakedistill.configuration.inputs import _wrong_audit
from snakedistill.core.errors import InputError
from snakedistill.core.network_ids import Network, parsed
from snakedistill.core.parts import PARTS, TEST
from snakedistill.data.audit import AUDITED, read_audit
from snakedistill.data.foreign_predictions import wrong_columns
from snakedistill.results.audit import AuditedPredictions, run_of, write_audit
from snakedistill.results.groups import accuracies
from snakedistill.results.lines import MOST_IN_ALL_PAIRS, Pair, as_networks, pairs
from snakedistill.results.tables import AUDITED_TABLES, TABLES

PAGE = (ROOT / "docs/audit.md").read_text()
THREE = ["a.b", "red fox", "NA"]
SOURCES = {"vit/b16-1": "vit/b16-0", "resnet-50": None, "vit/b16-0": "my net", "my net": None}


def made_up(classes=2, seeds=(7, 3), sources=None, images=(6, 6, 12), quantity="logit") -> pd.DataFrame:
    """Rows of every network of `sources`, in random order."""
    sources = SOURCES if sources is None else sources
    rng = np.random.default_rng(0)
    parts = np.repeat(PARTS, images)
    label = np.arange(len(parts)) % classes
    about = pd.DataFrame({"image_id": [f"{number:03d}" for number in range(len(parts))], "split": parts})
    about["label"] = label if classes == 2 else np.array(THREE, dtype=object)[label]
    frames = []
    for network, source in sources.items():
        for seed in seeds:
            logit = rng.normal(0, 1, (len(label), classes)) + 2 * np.eye(classes)[label]
            share = np.exp(logit) / np.exp(logit).sum(axis=1, keepdims=True)
            of_one = {"logit": logit[:, 1] - logit[:, 0], "probability": share[:, 1]}
            columns = {quantity: of_one[quantity]}
            if classes > 2:
                given = {"logit": logit, "probability": share}[quantity]
                columns = {f"{quantity}.{name}": given[:, number] for number, name in enumerate(THREE)}
            frames.append(about.assign(network=network, seed=seed, source=source or "", **columns))
    return pd.concat(frames).sample(frac=1, random_state=0)


@pytest.fixture
def given(tmp_path):
    """A function that writes a CSV to audit, and gives its path."""

    def write(frame: pd.DataFrame | str) -> str:
        path = tmp_path / "given.csv"
        path.write_text(frame if isinstance(frame, str) else frame.to_csv(index=False))
        return str(path)

    return write


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("quantity", ["logit", "probability"])
def test_answers_are_what_was_written(given, classes, quantity):
    frame = made_up(classes, quantity=quantity)
    audit = read_audit(given(frame.assign(note="x")))
    assert audit.classes == (["0", "1"] if classes == 2 else THREE)
    assert audit.seeds == [3, 7]
    answers = list(AuditedPredictions(audit).answers())
    order = [(part, seed, network) for part in PARTS for seed in audit.seeds for network in audit.networks]
    assert [(one.part, one.seed, one.network) for one in answers] == order
    columns = [column for column in frame if column.partition(".")[0] == quantity]
    for one in answers:
        rows = frame[(frame["network"] == one.network) & (frame["seed"] == one.seed) & (frame["split"] == one.part)]
        rows = rows.set_index("image_id").loc[one.image_id]
        assert len(rows) == len(one.label) == {"train": 6, "validation": 6, "test": 12}[one.part]
        assert [audit.classes[label] for label in one.label] == rows["label"].astype(str).tolist()
        written = rows[columns].to_numpy()
        logit, probability = one.logit, one.probability
        assert logit.dtype == np.float32 and logit.shape == probability.shape == (len(rows), classes)
        found = logit if quantity == "logit" else probability
        np.testing.assert_allclose(found[:, -len(columns) :], written, rtol=1e-6)
        np.testing.assert_allclose(np.exp(logit) / np.exp(logit).sum(1)[:, None], probability, rtol=1e-4)
        np.testing.assert_allclose(probability.sum(axis=1), 1, rtol=1e-6)


def test_a_tiny_distance_from_a_sure_answer_keeps_its_digits(given):
    audit = read_audit(given("image_id,label,network,seed,probability\n1,1,a,0,0.999999999999\n2,0,a,0,1e-30\n"))
    (one,) = AuditedPredictions(audit).answers()
    assert one.probability[0, 0] == pytest.approx(1e-12, rel=1e-3)
    assert one.logit[:, 1].tolist() == pytest.approx([np.log(1e12), np.log(1e-30)], rel=1e-4)


def test_two_columns_of_classes_are_two_classes_in_their_order(given):
    audit = read_audit(given("image_id,label,network,seed,logit.dog,logit.cat\n1,cat,a,0,1,3\n2,dog,a,0,2,2\n"))
    (one,) = AuditedPredictions(audit).answers()
    assert audit.classes == ["dog", "cat"]
    assert one.label.tolist() == [1, 0]
    assert one.logit.tolist() == [[1, 3], [2, 2]]
    assert one.probability[0, 1] == pytest.approx(1 / (1 + np.exp(-2)))


def test_class_1_is_the_second_name_in_alphabetical_order(given):
    audit = read_audit(given("image_id,label,network,seed,logit\n1,dog,a,0,3\n2,cat,a,0,-2\n"))
    assert audit.classes == ["cat", "dog"]
    assert audit.parts[TEST].label.tolist() == [1, 0]


@pytest.mark.parametrize("ids", [["007", "7"], ["NA", "nan"], ["1.0", "1"], ["True", "False"], ["1e3", "1000"]])
def test_ids_and_labels_keep_their_text(given, ids):
    rows = "".join(f"{one},{one},{two},0,1,{3 - int(one == ids[0])}\n" for one in ids for two in ids)
    audit = read_audit(given("image_id,label,network,seed,logit,note\n" + rows))
    assert audit.parts[TEST].image_id.tolist() == ids == audit.networks
    assert audit.classes == sorted(ids)


def test_a_source_stands_before_its_students(given):
    audit = read_audit(given(made_up()))
    assert sorted(audit.networks) == sorted(SOURCES) and audit.sources == SOURCES
    place = {network: number for number, network in enumerate(audit.networks)}
    assert all(place[source] < place[network] for network, source in SOURCES.items() if source)
    assert list(audit.sources) == audit.networks
    run = run_of(audit, {})
    assert run.teachers == ["my net"]
    assert run.independent == {"vit/b16-0": ["resnet-50"], "vit/b16-1": ["resnet-50"]}


def test_names_need_no_generation():
    assert parsed("v3") == Network("v3") and parsed("my-net") == Network("my-net")
    assert parsed("vit/b16-v3") == Network("vit/b16-v3") and parsed("-3") == Network("-3")
    assert parsed("soft-3") == Network("soft", 3)
    named = as_networks(SOURCES)
    assert named["resnet-50"] == Network("resnet-50") and named["my net"] == Network("my net")
    assert [named[f"vit/b16-{number}"] for number in (0, 1)] == [
        Network("vit/b16", 0, source="my net"), Network("vit/b16", 1, source="vit/b16-0"),
    ]  # fmt: skip
    two_chains = {"t": None, "a": "t", "x-1": "a", "b": "t", "x": "b"}
    families = {name: network.family for name, network in as_networks(two_chains).items()}
    assert families == {"t": "t", "a": "x-1", "x-1": "x-1", "b": "x", "x": "x"}


def test_networks_without_sources_are_compared_with_one_another():
    assert pairs(dict.fromkeys("abc"), {}, []) == [Pair(*pair, "networks") for pair in ("ba", "ca", "cb")]
    many = [str(number) for number in range(MOST_IN_ALL_PAIRS + 1)]
    assert [(pair.one, pair.other) for pair in pairs(dict.fromkeys(many), {}, [])] == [(one, "0") for one in many[1:]]


HEADER = "image_id,label,network,seed,logit,split,source\n"
GOOD = "x,0,a,0,1,test,\ny,1,a,0,1,test,\n"


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ("z,1,a,0,high,test,\n", r"row 3, image 'z': expected logit to be a finite number, got 'high'"),
        ("z,1,a,0,,test,\n", r"row 3, image 'z': expected logit to be a finite number, got ''"),
        ("z,1,a,0,inf,test,\n", r"row 3, image 'z': expected logit to be a finite number, got 'inf'"),
        ("z,1,a,0,NaN,test,\n", r"row 3, image 'z': expected logit to be a finite number, got 'NaN'"),
        ("z,1,a,0,1e39,test,\n", r"row 3, image 'z': expected logit to be a finite number, got '1e39'"),
        ("z,1,a,0.5,1,test,\n", r"row 3, image 'z': expected seed to be a whole number, got '0.5'"),
        ("z,1,a,,1,test,\n", r"row 3, image 'z': expected seed to be a whole number, got ''"),
        ("z,1,a,1e30,1,test,\n", r"row 3, image 'z': expected seed to be a whole number, got '1e30'"),
        (f"z,1,a,{2**64},1,test,\n", rf"row 3, image 'z': expected seed to be a whole number, got '{2**64}'"),
        ("z,2,a,0,1,test,\n", r"row 3, image 'z': expected label to be one of two classes, 0 or 1, got '2'"),
        ("z,,a,0,1,test,\n", r"row 3, image 'z': expected label to be a class, got ''"),
        ("z,1,a,0,1,dev,\n", r"row 3, image 'z': expected split to be one of train, validation, test, got 'dev'"),
        (",1,a,0,1,test,\n", r"row 3, image '': expected image_id to be a name, got ''"),
        ("z,1,,0,1,test,\n", r"row 3, image 'z': expected network to be a name, got ''"),
        (
            "y,1,a,0,2,test,\n",
            r"row 3, image 'y': expected one row of each image of network 'a', seed 0, got a second one after row 2",
        ),
        (
            "y,0,b,0,1,test,\n",
            r"row 3, image 'y': expected label to be one label of each image, got '0' after '1' in row 2",
        ),
        (
            "y,1,b,0,1,train,\n",
            r"row 3, image 'y': expected split to be each image in one part, got 'train' after 'test' in row 2",
        ),
        (
            "y,1,b,0,1,test,\n",
            r"expected every network and seed to have the same images, got none of 1 of the 2 images of the part test "
            r"for network 'b', seed 0, for example 'x'",
        ),
        (
            "z,1,a,0,1,train,\nw,1,a,0,1,train,\nx,0,b,0,1,test,\ny,1,b,0,1,test,\nw,1,b,0,1,train,\n",
            r"got none of 1 of the 2 images of the part train for network 'b', seed 0, for example 'z'",
        ),
        (
            "z,1,a,0,1,train,\nx,0,b,0,1,test,\ny,1,b,0,1,test,\n",
            r"got none of 1 of the 1 images of the part train for network 'b', seed 0, for example 'z'",
        ),
        (
            "x,0,b,0,1,test,\ny,1,b,0,1,test,a\n",
            r"row 4, image 'y': expected source to be one source of each network, got 'a' after '' in row 3",
        ),
        (
            "x,0,bees,0,1,test,bee\ny,1,bees,0,1,test,bee\n",
            r"row 3, image 'x': expected source to be empty or one of the networks, a, bees; did you mean bees\?, got "
            r"'bee'",
        ),
        ("x,0,b,0,1,test,b\ny,1,b,0,1,test,b\n", r"a network without a source at the head of each line, got b <- b"),
        (
            "x,0,b,0,1,test,c\ny,1,b,0,1,test,c\nx,0,c,0,1,test,b\ny,1,c,0,1,test,b\n",
            r"expected a network without a source at the head of each line, got b <- c <- b",
        ),
        (
            "x,0,b,1,1,test,\ny,1,b,1,1,test,\n",
            r"expected every network to have the same seeds, 0, 1, got no row of network 'b', seed 0",
        ),
    ],
)
def test_the_first_bad_row_is_named(given, rows, sentence):
    path = given(HEADER + GOOD + rows)
    with pytest.raises(InputError, match="given.csv.*" + sentence):
        read_audit(path)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "",
            r"expected columns image_id or path, label, network, seed in .*, got an empty file, without image_id or ",
        ),
        (
            "image_id,label,logit\n",
            r"expected columns image_id.*, got image_id, label, logit, without network, seed: see",
        ),
        (
            "image_id,label,network,seed,score\n",
            r"expected columns of one of probability, logit, probability.<class>, log",
        ),
        ("image_id,label,network,seed,logit,probability\n", r"expected columns of one of"),
        ("image_id,label,network,seed,logit,probability.a,probability.b\n", r"expected columns of one of"),
        ("image_id,label,network,seed,logit.a\n", r"expected a column logit.<class> of each of two or more classes in"),
        ("image_id,label,network,seed,logit.,logit.b\n", r"expected a column logit.<class> of each of two or more"),
        ("image_id,label,network,seed,logit,seed\n", r"expected each column once in .*, got several of seed: see"),
    ],
)
def test_the_columns_must_be_there_before_the_job(given, text, sentence):
    path = given(text)
    with pytest.raises(InputError, match=sentence + ".*see docs/audit.md|" + sentence):
        read_audit(path)
    assert _wrong_audit(path) == [f"audit: {wrong_columns(path, AUDITED)}"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (HEADER, r"expected rows of predictions, got the header alone"),
        (HEADER + GOOD.replace("test", "train"), r"expected rows of the part test, got rows of train alone"),
        (HEADER + 'x,0,a,0,1,test,\n"y,1,a,0,1,test,\n', r"expected a CSV in UTF-8, got Error tokenizing data"),
        ("image_id,label,network,seed,logit\nx,a,n,0,1\n", r"labels 0 and 1, or two names, got a in every row"),
        (
            "image_id,label,network,seed,logit\nx,ant,n,0,1\ny,bee,n,0,1\nz,cow,n,0,1\n",
            r"row 3, image 'z': expected label to be one of two classes, ant or bee, got 'cow'",
        ),
        (
            "image_id,label,network,seed,logit.a,logit.b\nx,c,n,0,1,2\n",
            r"row 1, image 'x': expected label to be one of the classes of the columns, a, b, got 'c'",
        ),
        (
            "image_id,label,network,seed,probability\nx,0,n,0,1\ny,1,n,0,1.0001\n",
            r"row 2, image 'y': expected probability to be a number from 0 to 1, got '1.0001'",
        ),
        (
            "image_id,label,network,seed,probability.a,probability.b\nx,a,n,0,0.5,-1e-9\n",
            r"row 1, image 'x': expected probability.b to be a number from 0 to 1, got '-1e-9'",
        ),
        (
            "image_id,label,network,seed,logit.a,logit.b\nx,a,n,0,0.5,1e39\n",
            r"row 1, image 'x': expected logit.b to be a finite number, got '1e39'",
        ),
        (
            "image_id,label,network,seed,probability.a,probability.b,probability.c\nx,a,n,0,0.5,0.5,0\ny,a,n,0,0.5,0.4,0",
            r"row 2, image 'y': expected the probabilities of 3 classes to sum to 1 within 0.001, got a sum of 0.9",
        ),
    ],
)
def test_other_files_are_refused_by_what_they_are(given, text, sentence):
    path = given(text)
    assert wrong_columns(path, AUDITED) is None
    with pytest.raises(InputError, match="given.csv.*" + sentence):
        read_audit(path)


def test_bytes_that_are_not_text_are_refused(given, tmp_path):
    path = given(HEADER + GOOD)
    (tmp_path / "given.csv").write_bytes((HEADER + GOOD).encode() + b"\xff,1,a,0,1,test,\n")
    with pytest.raises(InputError, match=r"given.csv: expected a CSV in UTF-8, got 'utf-8' codec can't decode"):
        read_audit(path)


def test_a_byte_order_mark_and_empty_lines_are_no_matter(given, tmp_path):
    path = given("")
    (tmp_path / "given.csv").write_bytes(("\ufeff" + HEADER + "\r\n".join(GOOD.split("\n")) + "\r\n\r\n").encode())
    assert read_audit(path).parts[TEST].image_id.tolist() == ["x", "y"]


def test_probabilities_of_classes_are_divided_by_their_sum(given):
    header = "image_id,label,network,seed,probability.a,probability.b,probability.c\n"
    audit = read_audit(given(header + "x,a,n,0,0.333,0.333,0.333\n"))
    np.testing.assert_allclose(audit.parts[TEST].outputs, np.full((1, 1, 1, 3), 1 / 3), rtol=1e-7)


def test_a_file_that_is_not_there_is_said_while_planning(tmp_path):
    (line,) = _wrong_audit(str(tmp_path / "typo.csv"))
    assert (
        line.startswith("audit: expected a CSV of predictions, an artefact or a folder of them, got ")
        and "there is no file at" in line
    )
    assert _wrong_audit(None) == []


@pytest.mark.parametrize("sources", [{"a": None}, dict.fromkeys("ab"), {"a": None, "b": "a"}])
@pytest.mark.parametrize("seeds", [(0,), (0, 1)])
def test_every_table_has_what_there_is(given, sources, seeds):
    frame = made_up(3, seeds, sources)
    frame = frame[(frame["split"] != "train") | (frame["label"] == THREE[0])]  # a part without a class
    run = run_of(read_audit(given(frame)), {})
    for name in AUDITED_TABLES:
        assert set(TABLES[name].keys) <= set(TABLES[name].rows(run)), name


@pytest.mark.parametrize(
    "sources",
    [
        {"vit": None, "fresh-0": "vit", "fresh-1": "vit"},
        {"vit": None, "soft-0": "vit", "soft-1": "soft-0", "soft-2": "soft-0", "hard-0": "vit"},
    ],
    ids=["fresh students", "two students of a student"],
)
def test_every_figure_is_plotted_whatever_the_families_are(given, sources, tmp_path):
    tables = {name: str(tmp_path / f"tables/{name}.csv") for name in AUDITED_TABLES}
    pages = (str(tmp_path / name) for name in ("groups", "figures", "summary.md", "summary.html"))
    write_audit(given(made_up(2, (0, 1), sources)), "made up", tables, *pages, 1)
    assert (tmp_path / "figures/inheritance.svg").is_file()
    assert not list((tmp_path / "groups").iterdir()) and "## Groups" not in (tmp_path / "summary.md").read_text()


def with_groups(frame: pd.DataFrame, names=("north", "007", "Köln | Süd")) -> pd.DataFrame:
    """The same with a column of groups by image."""
    return frame.assign(group=[names[int(image) // 2 % len(names)] for image in frame["image_id"]])


def test_groups_have_every_table_of_their_images_alone(given, tmp_path):
    frame = with_groups(made_up(2, (0, 1), images=(0, 8, 60)))
    tables = {name: str(tmp_path / f"tables/{name}.csv") for name in AUDITED_TABLES}
    pages = [str(tmp_path / name) for name in ("groups", "figures", "summary.md", "summary.html")]
    write_audit(given(frame), "made up", tables, *pages, 1)
    own = frame[(frame["split"] == "validation") | (frame["group"] == "007") & (frame["split"] == "test")]
    alone = run_of(read_audit(given(own.drop(columns="group"))), {})
    for name in AUDITED_TABLES:
        of_groups = pd.read_csv(tmp_path / f"groups/{name}.csv", dtype={"group": str, "seed": str})
        assert set(of_groups["group"]) == {"north", "007", "Köln | Süd"} or of_groups.empty, name
        expected = TABLES[name].rows(alone)
        expected = expected[expected["split"] == TEST] if "split" in expected else expected
        found = of_groups[of_groups["group"] == "007"]
        assert len(found) == len(expected)
        for network in SOURCES if "network" in found else ():  # their order is that of the file
            one, other = (frame[frame["network"] == network] for frame in (found, expected))
            for column in [column for column in other if other[column].dtype == float]:
                np.testing.assert_allclose(one[column], other[column], rtol=1e-6, err_msg=f"{name}: {column}")
    page = (tmp_path / "summary.md").read_text()
    assert "## Groups" in page and "Köln \\| Süd" in page


def test_a_group_on_which_a_network_is_worse_is_found(given, tmp_path):
    frame = with_groups(made_up(2, (0, 1, 2), {"vit": None, "cnn": None}, images=(0, 0, 240)), ("north", "south"))
    toward = np.where(frame["label"] == 1, 3.0, -3.0)
    wrong = (frame["network"] == "vit") & (frame["group"] == "south") & (frame["image_id"].astype(int) % 4 == 3)
    frame["logit"] = toward * np.where(wrong | (frame["image_id"].astype(int) % 40 == 0), -1, 1)
    audit = read_audit(given(frame))
    table = accuracies(run_of(audit, {}), {name: run_of(audit.of_group(name), {}) for name in audit.groups})
    found = table.set_index(["network", "group"])
    assert found.loc[("vit", "south"), "these_networks"] == "lower"
    assert found.loc[("vit", "north"), "these_networks"] == "higher"
    assert found.loc[("vit", "south"), "accuracy"] == pytest.approx(0.5)
    assert found.loc[("vit", "north"), "accuracy"] == found.loc[("vit", "south"), "accuracy_elsewhere"]
    assert set(found.loc["cnn", "these_networks"]) == {"cannot be told"}


@pytest.fixture(scope="module")
def audited(tmp_path_factory):
    """A copy of this project in which a small file was audited."""
    folder = tmp_path_factory.mktemp("audit")
    copy_project(folder)
    made_up(3).to_csv(folder / "mine.csv", index=False)
    snakemake(folder, "--config", "audit=mine.csv", "--", "audit")
    return folder


def test_the_rule_needs_nothing_but_the_file(audited):
    results = audited / "results/sample"
    assert sorted(path.name for path in results.iterdir()) == ["audit", "logs"]
    assert sorted(path.stem for path in (results / "audit/tables").iterdir()) == sorted(AUDITED_TABLES)
    pictures = {path.name for path in (results / "audit/figures").glob("*.*g")}
    assert {"generations.svg", "generations.png", "confusion.svg", "confusion.png"} <= pictures
    page = (results / "audit/summary.md").read_text()
    assert "mine.csv" in page and "](figures/confusion.png)" in page
    assert "data:image/webp;base64," in (results / "audit/summary.html").read_text()
    table = pd.read_csv(results / "audit/tables/inheritance.csv")
    assert set(table["network"]) == {"vit/b16-0", "vit/b16-1"} and set(table["independent"]) == {"resnet-50"}


def test_the_rule_power_takes_the_file_too(audited):
    snakemake(audited, "--config", "audit=mine.csv", "--", "power")
    page = (audited / "results/sample/audit/power.md").read_text()
    assert "2 seeds and 12 test images" in page and "mine.csv" in page
    assert "results/sample/power.csv" in snakemake(audited, "-n", "--", "power").stdout


def test_without_a_file_it_says_what_to_do(audited):
    done = snakemake(audited, "--", "audit", check=False)
    assert done.returncode
    assert "audit: expected a CSV of predictions, got null; name one with --config audit=FILE.csv" in done.stdout


@pytest.mark.long
def test_the_example_of_the_page(tmp_path):
    pytest.importorskip("sklearn")
    source = re.search(r"```python\n# (\w+\.py)\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / source[1]).write_text(source[2])
    done = subprocess.run([sys.executable, source[1]], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    tables = {name: str(tmp_path / f"tables/{name}.csv") for name in AUDITED_TABLES}
    paths = [str(tmp_path / name) for name in ("groups", "figures", "summary.md", "summary.html")]
    write_audit(str(tmp_path / "predictions.csv"), "Digits.", tables, *paths, threads=2)
    inherited = pd.read_csv(tables["inheritance"])
    inherited = inherited[inherited["class"].isna() & (inherited["split"] == TEST)]
    assert set(inherited["network"]) == {"taught"} and len(inherited) == 6  # five seeds, and all
    assert (inherited["errors_inherited"] > 0).all()
    comparisons = pd.read_csv(tables["comparisons"], dtype={"seed": str})
    assert set(comparisons["about"]) == {"teacher", "independent"}
    assert len(comparisons) == 3 * 6
    for path in re.findall(r"`(tables/\w+\.csv)`", PAGE):
        assert (tmp_path / path).exists()
