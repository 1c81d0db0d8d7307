"""Figures are written whole, in both formats, the same each time; what is on them is for eyes."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, measured_timing
from PIL import Image

from snakedistill import figures
from snakedistill.lineage import record_lineage
from snakedistill.tables import write_timing_tables

SCALE = "Run test: 40 drawings."
NETWORKS = ["teacher", "classic-0", "hard-0", "soft-0", "mild-0", "hard-1", "soft-1"]


@pytest.fixture(autouse=True)
def texts(monkeypatch) -> list[str]:
    """Every text of the figures that a test saves."""
    found = []
    save = figures.save

    def spy(figure, scale, paths):
        save(figure, scale, paths)
        found.extend(text.get_text() for text in figure.findobj(match=lambda artist: hasattr(artist, "get_text")))

    monkeypatch.setattr(figures, "save", spy)
    return found


def histories(folder, seeds=(0,)) -> dict:
    paths = {}
    for seed in seeds:
        for network in NETWORKS:
            rng = np.random.default_rng([seed, len(network)])
            columns = ("loss", "accuracy", "val_loss", "val_accuracy")
            frame = pd.DataFrame({"epoch": range(1, 5)} | {column: rng.random(4) for column in columns})
            paths[seed, network] = folder / f"{seed}.{network}.csv"
            frame.to_csv(paths[seed, network], index=False)
    return paths


def histograms(folder, seeds=(0,)):
    rng = np.random.default_rng(0)
    rows = []
    for seed in seeds:
        for network in NETWORKS:
            for split in ("train", "validation", "test"):
                shares = rng.dirichlet(np.ones(20) / 4)
                shares = np.where(shares < 0.01, 0, shares)
                for number, share in enumerate(shares):
                    printed = share / 2 if network == "teacher" else np.nan
                    rows.append((seed, network, split, number / 20, (number + 1) / 20, share, printed))
    columns = ["seed", "network", "split", "bin_low", "bin_high", "relative_frequency", "paper_relative_frequency"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "histograms.csv", index=False)
    return folder / "histograms.csv"


def files(folder, name):
    return [folder / f"{name}.svg", folder / f"{name}.png"]


def check(paths) -> None:
    """Both files are whole: the SVG is XML with paths in it, the PNG as wide as a page and not of one colour."""
    svg, png = paths
    assert len(ElementTree.parse(svg).getroot().findall(".//{http://www.w3.org/2000/svg}path")) > 10
    with Image.open(png) as image:
        assert image.width == pytest.approx(160 * figures.WIDTH, abs=1)
        assert len(image.convert("L").getcolors()) > 10


def test_training_curves_mark_the_best_epoch_and_the_papers(tmp_path, texts):
    printed = ROOT / "workflow/reference/evaluation.csv"
    wanted = {network: files(tmp_path, network) for network in ("teacher", "mild-0")}
    paths = histories(tmp_path)
    figures.draw_training(paths, printed, SCALE, wanted)
    for both in wanted.values():
        check(both)
    best = pd.read_csv(paths[0, "teacher"])["val_accuracy"]
    title = f"Training of teacher: best validation accuracy {best.max():.3f} in epoch {1 + best.argmax()}"
    assert title in [text.strip() for text in texts]
    assert sum(text.strip() == SCALE for text in texts) == 2
    assert "0.975" in texts  # the paper's best validation accuracy


def test_training_curves_of_several_seeds(tmp_path, texts):
    printed = ROOT / "workflow/reference/evaluation.csv"
    figures.draw_training(histories(tmp_path, range(5)), printed, SCALE, {"hard-0": files(tmp_path, "hard")})
    check(files(tmp_path, "hard"))
    assert any(text.strip().endswith("and 2 more seeds") for text in texts)


def test_predictions_and_recursion(tmp_path, texts):
    table = histograms(tmp_path, seeds=(0, 1))
    figures.draw_predictions(table, SCALE, {"test": files(tmp_path, "test")})
    figures.draw_recursion(table, SCALE, {"soft": files(tmp_path, "soft")})
    check(files(tmp_path, "test"))
    check(files(tmp_path, "soft"))
    shares = pd.read_csv(table).query("network == 'mild-0' and split == 'test'").groupby("bin_low")
    ends = shares["relative_frequency"].mean().iloc[[0, -1]].sum()
    assert f"mild-0: {ends:.3f} in the two end bins" in texts


@pytest.mark.parametrize("seeds", [(0,), (0, 1, 2)])
def test_generations(tmp_path, texts, seeds):
    rows = []
    for seed in seeds:
        for family, generation in [("teacher", None), ("classic", 0), ("soft", 0), ("soft", 1), ("soft", 2)]:
            for split in ("train", "validation", "test"):
                row = {"seed": seed, "family": family, "generation": generation, "split": split}
                for quantity, value in (("accuracy", 0.9 - seed / 100), ("uncertainty", 0.01 + seed / 1000)):
                    row |= {quantity: value, f"{quantity}_low": value - 0.01, f"{quantity}_high": value + 0.01}
                    row |= {f"paper_{quantity}": value if family == "soft" else np.nan}
                rows.append(row)
    pd.DataFrame(rows).to_csv(tmp_path / "uncertainty.csv", index=False)
    figures.draw_generations(tmp_path / "uncertainty.csv", SCALE, files(tmp_path, "generations"))
    check(files(tmp_path, "generations"))
    assert any(("all seeds" if len(seeds) > 1 else "95 % intervals") in text for text in texts)


def test_examples_are_those_of_most_doubt_and_disagreement(tmp_path, texts):
    rng = np.random.default_rng(0)
    ids = [f"{('cat', 'dog')[i % 2]}.{i}" for i in range(20)]
    pd.DataFrame({"image_id": ids, "label": [0, 1] * 10, "split": "test"}).to_csv(tmp_path / "splits.csv", index=False)
    np.save(tmp_path / "test.npy", rng.integers(0, 255, (20, 16, 16, 3), dtype=np.uint8))
    sure = np.where(np.arange(20) % 2, 0.99, 0.01)
    teacher, student = sure.copy(), sure.copy()
    teacher[7], student[4], student[12] = 0.52, 0.47, 0.98
    for name, p in (("teacher", teacher), ("student", student)):
        frame = pd.DataFrame({"image_id": ids, "logit": 0.0, "probability": p})
        frame.sample(frac=1, random_state=0).to_csv(tmp_path / f"{name}.csv", index=False)
        network = {"teacher": "teacher", "student": "soft-0"}[name]
        record_lineage(tmp_path / f"{name}.csv", network, 0, splits=tmp_path / "splits.csv")
    images, splits, teacher, student = (tmp_path / n for n in ("test.npy", "splits.csv", "teacher.csv", "student.csv"))
    figures.draw_examples(images, splits, 0, teacher, student, "soft-0", SCALE, files(tmp_path, "examples"))
    check(files(tmp_path, "examples"))
    below = [text for text in texts if "\nT " in text]
    assert below[0] == "dog.7\nT 0.52 ✓\nS 0.99 ✓"
    assert below[8] == "cat.4\nT 0.01 ✓\nS 0.47 ✓"
    assert below[16] == "cat.12\nT 0.01 ✓\nS 0.98 ✗"


def test_the_same_numbers_give_the_same_bytes(tmp_path):
    table = histograms(tmp_path)
    for name in ("one", "other"):
        figures.draw_recursion(table, SCALE, {"soft": files(tmp_path, name)})
    for one, other in zip(files(tmp_path, "one"), files(tmp_path, "other"), strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_timing_shows_every_runtime_with_and_without_decoding(tmp_path, texts):
    seconds = {("teacher", "Keras", "float32", 1, "no"): [0.0123, 0.0124, 0.0125]}
    measured = measured_timing(tmp_path / "m.json", seconds)
    printed = ROOT / "workflow/reference/timing.csv"
    write_timing_tables(measured, "soft-0", printed, tmp_path / "timing.csv", tmp_path / "t.csv")
    figures.draw_timing(tmp_path / "timing.csv", printed, "soft-0", SCALE, files(tmp_path, "timing"))
    check(files(tmp_path, "timing"))
    assert "Time an image takes on 2 threads: median, and from p10 to p90\n" in texts
    shown = {text.strip() for text in texts}
    assert {"Keras float32", "OpenVINO int8", "teacher", "soft-0", "teacher, paper", "12", SCALE} <= shown
