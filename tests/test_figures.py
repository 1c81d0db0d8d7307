"""Figures are written whole, in both formats, the same each time, and show what their tables hold."""

import importlib
import itertools
import json
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, measured_timing
from made_up import MadeUp
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex
from matplotlib.text import Text
from PIL import Image

from snakedistill.core.lineage import record_lineage
from snakedistill.core.network_ids import TEACHER
from snakedistill.export.timing import seconds_an_image
from snakedistill.measures import calibration
from snakedistill.measures.intervals import exact_interval
from snakedistill.paper import biryukova
from snakedistill.results.figures import (
    FIGURES,
    examples,
    plot_figure,
    recursion,
    recursion_map,
    reliability,
    style,
    timing,
)
from snakedistill.results.run import Run
from snakedistill.results.tables import write_table
from snakedistill.results.temperatures import fitted_temperatures
from snakedistill.teaching import labels_in_words, networks

RUN = "Run test: 40 drawings."
CLASSES = ["ant", "bee"]
STUDENTS = {
    "classic": {"labels": "manual", "generations": 0},
    "hard": {"labels": "hard", "generations": 1},
    "soft": {"labels": "soft", "generations": 1},
    "mild": {"labels": "soft", "generations": 0},
}
NETWORKS = list(networks(STUDENTS))
FIRST = ["teacher", "classic-0", "hard-0", "mild-0", "soft-0"]
EVALUATION = ROOT / "workflow/reference/evaluation.csv"
TIMING = ROOT / "workflow/reference/timing.csv"

pytestmark = pytest.mark.usefixtures("saved")


def plot(name: str, run: Run, paths_by_subject: dict[str, list], **settings) -> None:
    """Plot a figure; a picture without paths is plotted and not written."""
    importlib.import_module(FIGURES[name].module).plot(run, paths_by_subject, RUN, **settings)


def run_of(reference="paper", results=(), **files) -> Run:
    return Run(list(results), CLASSES, {name: str(path) for name, path in files.items()}, reference)


def texts(figure) -> list[str]:
    return [one.get_text() for one in figure.findobj(lambda artist: hasattr(artist, "get_text")) if one.get_text()]


def legend(figure) -> list[str]:
    """The labels of the only legend."""
    legends = figure.legends + [one for part in figure.subfigs for one in part.legends]
    legends += [axis.get_legend() for axis in figure.axes if axis.get_legend()]
    (one,) = legends
    return [text.get_text() for text in one.get_texts()]


def lines(axis) -> dict:
    """Lines by label, but those without one."""
    return {line.get_label(): line for line in axis.get_lines() if not line.get_label().startswith("_")}


def ticks(axis) -> list[float]:
    low, high = sorted(axis.get_xlim())
    return [tick for tick in axis.get_xticks() if low <= tick <= high]


def overlaps(figure) -> list[tuple[str, str]]:
    """Pairs of texts that lie on each other, texts that leave the figure, and TeX, which is not set."""
    boxes = []
    draw = Text.draw

    def spy(text, renderer):
        if text.get_text().strip() and text.get_visible():
            boxes.append((text.get_text(), text.get_window_extent(renderer)))
        draw(text, renderer)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Text, "draw", spy)
        FigureCanvasAgg(figure).draw()
    assert len(boxes) > 10
    found = [
        (text, "edge") for text, box in boxes if (box.min < figure.bbox.min).any() or (box.max > figure.bbox.max).any()
    ]
    found += [(text, "TeX") for text, _ in boxes if "\\math" in text]
    for (text, box), (other, its) in itertools.combinations(boxes, 2):
        wide, high = min(box.x1, its.x1) - max(box.x0, its.x0), min(box.y1, its.y1) - max(box.y0, its.y0)
        if wide > 1 and high > 1:
            found.append((text, other))
    return found


def trained(folder, seeds=(0,), epochs=4, networks=NETWORKS) -> Run:
    """Histories, and the evaluation table beside the paper's numbers."""
    results = list(itertools.product(seeds, networks))
    files = {"histories": [], "evaluations": []}
    for seed, network in results:
        rng = np.random.default_rng([seed, len(network)])
        columns = ("loss", "accuracy", "val_loss", "val_accuracy")
        frame = pd.DataFrame({"epoch": range(1, epochs + 1)} | {column: rng.random(epochs) for column in columns})
        of_source = network != "teacher"
        frame["val_manual_accuracy"] = rng.random(epochs) if of_source else frame["val_accuracy"]
        frame["kept"] = (frame.index == frame["val_accuracy"].argmax()).astype(int)
        files["histories"].append(str(folder / f"{seed}.{network}.csv"))
        frame.to_csv(files["histories"][-1], index=False)
        files["evaluations"].append(str(folder / f"{seed}.{network}.evaluation.csv"))
        row = {"split": "test", "labels": "manual", "augmented": "no", "repeat": 0, "loss": 0.5, "accuracy": 0.5}
        row["label_fit"] = np.nan
        pd.DataFrame([row]).to_csv(files["evaluations"][-1], index=False)
    run = Run(results, CLASSES, files | {"evaluation": str(folder / "evaluation.csv")}, "paper")
    write_table("evaluation", run, {}, str(EVALUATION), run.files["evaluation"])
    return run


def fits(folder) -> Path:
    """A table `evaluation` with the label fits of six generations."""
    rows = [(0, f"{family}-{step}", 0.9 - step / 20) for family in ("soft", "hard", "mild") for step in range(6)]
    pd.DataFrame(rows, columns=["seed", "network", "label_fit"]).to_csv(folder / "fits.csv", index=False)
    return folder / "fits.csv"


def histograms(folder, seeds=(0,), networks=NETWORKS, bins=20, shares=None):
    rng = np.random.default_rng(0)
    rows = []
    for seed in seeds:
        for network in networks:
            for part in ("train", "validation", "test"):
                frequencies = rng.dirichlet(np.ones(bins) / 4) if shares is None else np.array(shares)
                frequencies = np.where(frequencies < 0.01, 0, frequencies)
                for number, share in enumerate(frequencies):
                    printed = share / 2 if network == "teacher" and bins == 20 else np.nan
                    edges = (round(number / bins, 6), round((number + 1) / bins, 6))
                    rows.append((seed, network, part, *edges, share, printed))
    columns = ["seed", "network", "split", "bin_low", "bin_high", "relative_frequency", "paper_relative_frequency"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "histograms.csv", index=False)
    return folder / "histograms.csv"


def uncertainty(
    folder, seeds=(0,), families=(("classic", 0), ("hard", 2), ("soft", 2)), printed=("classic", "soft"), below=0.0
):
    """A table in which balanced accuracy is so much below accuracy."""
    rows = []
    networks = [("teacher", None)] + [(name, step) for name, last in families for step in range(last + 1)]
    for seed in seeds:
        for family, generation in networks:
            for part in ("train", "validation", "test"):
                row = {"seed": seed, "family": family, "generation": generation, "split": part}
                for quantity, value in (("accuracy", 0.9 - seed / 100), ("uncertainty", 0.01 + seed / 1000)):
                    row |= {quantity: value, f"{quantity}_low": value - 0.01, f"{quantity}_high": value + 0.02}
                    row |= {f"paper_{quantity}": value if family in printed else np.nan}
                row |= {f"balanced_{name}": row[name] - below for name in ("accuracy", "accuracy_low", "accuracy_high")}
                rows.append(row)
    pd.DataFrame(rows).to_csv(folder / "uncertainty.csv", index=False)
    return folder / "uncertainty.csv"


def files(folder, name):
    return [folder / f"{name}.svg", folder / f"{name}.png"]


def check(paths) -> None:
    """Both files are whole: the SVG is XML with paths in it, the PNG as wide as a page and not of one colour."""
    svg, png = paths
    assert len(ElementTree.parse(svg).getroot().findall(".//{http://www.w3.org/2000/svg}path")) > 10
    with Image.open(png) as image:
        assert image.width == pytest.approx(160 * style.WIDTH, abs=1)
        assert len(image.convert("L").getcolors()) > 10


def train(folder, paths_by_network, students=STUDENTS, **given) -> Run:
    run = trained(folder, **given)
    plot("training", run, paths_by_network, students=students)
    return run


def test_training_curves_show_every_epoch_mark_the_best_and_name_the_reference_in_the_legend(tmp_path, saved):
    run = train(tmp_path, {network: files(tmp_path, network) for network in ("teacher", "mild-0")})
    teacher, mild = saved
    check(files(tmp_path, "teacher"))
    check(files(tmp_path, "mild-0"))
    history = pd.read_csv(run.of_networks("histories")[0, "teacher"])
    best = history["val_accuracy"]
    assert teacher.get_suptitle() == (
        "Training of teacher on manual labels: loss and accuracy\n"
        f"Validation accuracy of the best epoch: {best.max():.3f} in epoch {1 + best.argmax()}"
    )
    paper = "paper's best epoch, validation: loss 0.096, accuracy 0.975"
    assert legend(teacher) == ["train", "validation", "best epoch", paper]
    assert legend(mild) == ["train", "validation", "best epoch", "validation, manual labels"]
    of_source = pd.read_csv(run.of_networks("histories")[0, "mild-0"])
    shown, kept = lines(mild.axes[1]), of_source["kept"].argmax()
    np.testing.assert_allclose(shown["validation"].get_ydata(), of_source["val_accuracy"])
    np.testing.assert_allclose(shown["validation, manual labels"].get_ydata(), of_source["val_manual_accuracy"])
    assert shown["best epoch"].get_ydata()[0] == of_source["val_manual_accuracy"][kept]
    assert mild.axes[1].get_ylabel() == "agreement, share"
    for axis, quantity, unit, known in zip(
        teacher.axes, ("loss", "accuracy"), ("nats", "share"), (0.09638, 0.97526), strict=True
    ):
        shown = lines(axis)
        for label, column in (("train", quantity), ("validation", f"val_{quantity}")):
            np.testing.assert_allclose(shown[label].get_xdata(), history["epoch"])
            np.testing.assert_allclose(shown[label].get_ydata(), history[column])
        star = shown["best epoch"]
        assert (star.get_xdata()[0], star.get_ydata()[0]) == (
            1 + best.argmax(),
            history[f"val_{quantity}"][best.argmax()],
        )
        assert set(shown[paper].get_ydata()) == {known}
        assert (axis.get_xlabel(), axis.get_ylabel()) == ("epoch", f"{quantity}, {unit}")
        low, high = axis.get_ylim()
        assert low <= min(history[quantity].min(), known) and high >= max(history[quantity].max(), known)
    assert not any(axis.texts for axis in teacher.axes)
    assert RUN in [text.strip() for text in texts(teacher)]


def test_labels_are_named_by_kind_and_source():
    known = networks({"hard": {"labels": "hard", "generations": 1}, "mild": {"labels": "soft", "generations": 4}})
    words = {
        network: labels_in_words(known[network]) for network in ("teacher", "hard-0", "mild-0", "hard-1", "mild-4")
    }
    assert words == {
        "teacher": "manual labels",
        "hard-0": "answers of teacher",
        "mild-0": "probabilities of teacher",
        "hard-1": "answers of hard-0",
        "mild-4": "probabilities of mild-3",
    }


def test_titles_of_training_name_the_labels_that_the_network_trains_on(tmp_path, saved):
    train(tmp_path, {network: [] for network in FIRST})
    known = networks(STUDENTS)
    for figure, network in zip(saved, FIRST, strict=True):
        first = figure.get_suptitle().splitlines()[0]
        assert first == f"Training of {network} on {labels_in_words(known[network])}: loss and accuracy"
        assert not overlaps(figure)


@pytest.mark.parametrize("epochs", [1, 2, 3, 7, 25, 100])
def test_ticks_of_epochs_are_whole_numbers_from_the_first_to_the_last(tmp_path, saved, epochs):
    train(tmp_path, {"soft-0": []}, epochs=epochs, networks=["teacher", "soft-0"])
    for axis in saved[0].axes:
        shown = ticks(axis)
        assert shown == [round(tick) for tick in shown]
        assert shown[0] >= 1 and shown[-1] <= epochs and len(shown) >= min(epochs, 5)
        labels = [label.get_text() for label in axis.get_xticklabels()]
        assert all(f"{tick:.0f}" in labels for tick in shown)
    assert not overlaps(saved[0])


def test_training_curves_of_several_seeds_are_one_line_each_and_one_entry_of_the_legend(tmp_path, saved):
    histories = train(tmp_path, {"hard-0": []}, seeds=range(5)).of_networks("histories")
    of_seeds = [pd.read_csv(histories[seed, "hard-0"]) for seed in range(5)]
    bests = [history["val_manual_accuracy"][history["kept"].argmax()] for history in of_seeds]
    (figure,) = saved
    assert figure.get_suptitle().endswith(f"{min(bests):.3f} to {max(bests):.3f} (5 seeds)")
    assert legend(figure)[:3] == ["train", "validation", "best epoch"] and len(legend(figure)) == 5
    curves = [line for line in figure.axes[0].get_lines() if len(line.get_xdata()) == 4]
    expected = [history[column] for history in of_seeds for column in ("loss", "val_loss")]
    np.testing.assert_allclose([curve.get_ydata() for curve in curves], expected)
    stars = [line.get_ydata()[0] for line in figure.axes[1].get_lines() if line.get_marker() == "*"]
    assert stars == bests
    assert not overlaps(figure)


def test_predictions_have_one_legend_and_the_paper_only_where_it_prints_bins(tmp_path, saved):
    table = histograms(tmp_path, seeds=(0, 1))
    plot("predictions", run_of(histograms=table), {"test": files(tmp_path, "test"), "train": []})
    check(files(tmp_path, "test"))
    figure = saved[0]
    assert sorted(legend(figure)) == ["measured", "paper"]
    panels = [axis for axis in figure.axes if axis.get_visible()]
    filled = [sum(patch.get_fill() for patch in axis.patches) for axis in panels]
    assert filled == [1, 0, 0, 0, 0]  # of the teacher alone
    of_test = pd.read_csv(table).query("split == 'test'")
    for panel, network in zip(panels, FIRST, strict=True):
        expected = of_test[of_test["network"] == network].groupby("bin_low")["relative_frequency"].mean()
        assert panel.get_title() == f"{network}: {expected.iloc[[0, -1]].sum():.3f} in the two end bins"
        steps = [patch for patch in panel.patches if not patch.get_fill()]
        np.testing.assert_allclose(steps[0].get_data().values, expected)
        np.testing.assert_allclose(panel.get_lines()[0].get_xdata(), expected.index + 0.025)
        np.testing.assert_allclose(panel.get_lines()[0].get_ydata(), expected)
        assert panel.get_yscale() == "log"
        assert panel.get_xlim() == (0, 1)
    (grey,) = (patch for patch in panels[0].patches if patch.get_fill())
    of_teacher = of_test[of_test["network"] == "teacher"].groupby("bin_low")["paper_relative_frequency"].mean()
    np.testing.assert_allclose(grey.get_data().values, of_teacher)
    assert figure.get_suptitle().endswith("mean of 2 seeds")
    # Every column has a labelled axis below, also above the place that an odd number of networks leaves empty.
    assert [axis.get_xlabel() for axis in panels] == ["", "", "", *2 * ["prediction: probability of bee"]]
    assert [axis.xaxis.get_tick_params()["labelbottom"] for axis in panels] == [False] * 3 + [True] * 2
    assert not overlaps(figure)


def test_a_share_of_one_lies_inside_the_panel(tmp_path, saved):
    table = histograms(tmp_path, shares=[1, *[0] * 19])
    plot("predictions", run_of(histograms=table), {"test": []})
    for axis in saved[0].axes:
        low, high = axis.get_ylim()
        assert low < 0.5 and high > 1.2


def test_predictions_in_bins_that_the_paper_does_not_print(tmp_path, saved):
    table = histograms(tmp_path, bins=10)
    plot("predictions", run_of(histograms=table), {"test": []})
    assert legend(saved[0]) == ["measured"]
    np.testing.assert_allclose(saved[0].axes[0].patches[0].get_data().edges, np.arange(11) / 10)
    assert "in 10 bins" in saved[0].get_suptitle()


@pytest.mark.parametrize("generations", [1, 10])
def test_recursion_leaves_empty_bins_white_and_shows_a_row_for_every_generation(tmp_path, saved, generations):
    networks = ["teacher", *(f"mild-{number}" for number in range(generations + 1))]
    table = histograms(tmp_path, networks=networks)
    plot("recursion", run_of(histograms=table, evaluation=fits(tmp_path)), {"mild": files(tmp_path, "mild")})
    check(files(tmp_path, "mild"))
    left, right = saved[0].axes[:2]
    (mesh,) = left.collections
    edges = mesh.get_coordinates()
    np.testing.assert_allclose(edges[0, :, 0], np.arange(21) / 20)
    np.testing.assert_allclose(edges[:, 0, 1], np.arange(generations + 2) - 0.5)
    shares = pd.read_csv(table).query("split == 'test' and network != 'teacher'")["relative_frequency"].to_numpy()
    shares = shares.reshape(generations + 1, 20)
    np.testing.assert_array_equal(np.ma.getmaskarray(mesh.get_array()), shares == 0)
    np.testing.assert_allclose(mesh.get_array().filled(0), shares)
    assert not any(line.get_visible() for line in left.xaxis.get_gridlines() + left.yaxis.get_gridlines())
    assert list(left.get_yticks()) == list(range(generations + 1))
    assert left.yaxis_inverted()
    assert left.get_xlabel() == "prediction: probability of bee"
    below, above = lines(right).values()
    np.testing.assert_allclose(below.get_ydata(), shares[:, 1:10].sum(axis=1))
    np.testing.assert_allclose(above.get_ydata(), shares[:, 10:19].sum(axis=1))
    assert legend(saved[0]) == ["answer ant (inner bins below 0.5)", "answer bee (inner bins above 0.5)"]
    assert ticks(right) == [round(tick) for tick in ticks(right)]
    assert not overlaps(saved[0])


def test_a_bin_across_one_half_counts_for_no_class(tmp_path, saved):
    table = histograms(tmp_path, bins=5, shares=[0.1, 0.2, 0.3, 0.15, 0.25])
    plot("recursion", run_of(histograms=table, evaluation=fits(tmp_path)), {"soft": []})
    below, above = lines(saved[0].axes[1]).values()
    assert (below.get_ydata()[0], above.get_ydata()[0]) == (0.2, 0.15)


def test_bars_of_families_stand_side_by_side_and_every_student_has_one(tmp_path, saved):
    families = (("classic", 0), ("hard", 2), ("soft", 2), ("mild", 1))
    plot(
        "generations",
        run_of(uncertainty=uncertainty(tmp_path, families=families)),
        {"": files(tmp_path, "generations")},
    )
    check(files(tmp_path, "generations"))
    (figure,) = saved
    printed = ["paper: classic", "paper: soft"]
    assert legend(figure) == ["classic", printed[0], "hard", "soft", printed[1], "mild", "teacher"]
    assert figure.get_suptitle() == "Accuracy and uncertainty by generation\nBars: 95 % intervals over images"
    assert [axis.get_title() for axis in figure.axes[:3]] == ["train", "validation", "test"]
    assert [axis.get_ylabel() for axis in figure.axes] == ["accuracy, share", "", "", "uncertainty", "", ""]
    assert [axis.get_xlabel() for axis in figure.axes] == ["", "", "", *3 * ["generation"]]
    for axis, value in zip(figure.axes, [0.9] * 3 + [0.01] * 3, strict=True):
        bars = [one for one in axis.collections if isinstance(one, LineCollection)]
        assert [len(one.get_segments()) for one in bars] == [last + 1 for _, last in families]
        places = [segment[0, 0] for one in bars for segment in one.get_segments()]
        assert len(set(places)) == len(places)
        assert np.diff(sorted(places)).min() > 0.1 and all(abs(place - round(place)) < 0.4 for place in places)
        for bar, (family, _) in zip(bars, families, strict=True):
            np.testing.assert_allclose(lines(axis)[family].get_xdata(), [one[0, 0] for one in bar.get_segments()])
            for segment in bar.get_segments():
                np.testing.assert_allclose(segment[:, 1], [value - 0.01, value + 0.02])
        assert [label for label in lines(axis) if label.startswith("paper")] == printed
        for label in printed:
            line, family = lines(axis)[label], label.removeprefix("paper: ")
            np.testing.assert_allclose(line.get_xdata(), lines(axis)[family].get_xdata())
            assert line.get_marker() == lines(axis)[family].get_marker() and set(line.get_ydata()) == {value}
        assert set(lines(axis)["teacher"].get_ydata()) == {value}
        assert ticks(axis) == [0, 1, 2]
    assert not overlaps(figure)


def test_bars_of_several_seeds_reach_from_the_least_to_the_greatest(tmp_path, saved):
    plot("generations", run_of(uncertainty=uncertainty(tmp_path, seeds=(0, 1, 4))), {"": []})
    axis = saved[0].axes[0]
    for bar in axis.collections:
        for segment in bar.get_segments():
            np.testing.assert_allclose(segment[:, 1], [0.86, 0.9])
    np.testing.assert_allclose(lines(axis)["soft"].get_ydata(), [np.mean([0.9, 0.89, 0.86])] * 3)
    assert saved[0].get_suptitle() == "Accuracy and uncertainty by generation\nBars: range of 3 seeds"


def test_generations_of_a_run_without_recursion_and_of_no_family_of_the_paper(tmp_path, saved):
    plot("generations", run_of(uncertainty=uncertainty(tmp_path, families=[("classic", 0)])), {"": []})
    plot("generations", run_of(uncertainty=uncertainty(tmp_path, families=[("mild", 3)])), {"": []})
    assert [ticks(figure.axes[0]) for figure in saved] == [[0], [0, 1, 2, 3]]
    assert [legend(figure) for figure in saved] == [["classic", "paper: classic", "teacher"], ["mild", "teacher"]]


def test_balanced_accuracy_has_a_row_where_it_differs_from_accuracy(tmp_path, saved):
    for below in (0.0, 0.2):
        plot("generations", run_of(uncertainty=uncertainty(tmp_path, below=below)), {"": []})
    rows = [[axis.get_ylabel() for axis in figure.axes if axis.get_ylabel()] for figure in saved]
    assert rows[0] == ["accuracy, share", "uncertainty"]
    assert rows[1] == ["accuracy, share", "balanced accuracy, share", "uncertainty"]


def test_reference_numbers_have_their_own_name_in_every_figure(tmp_path, saved):
    def renamed(path):
        frame = pd.read_csv(path)
        frame.rename(columns=lambda column: re.sub("^paper_", "first-run_", column)).to_csv(path, index=False)
        return str(path)

    run = trained(tmp_path)
    run.files.update(histograms=renamed(histograms(tmp_path)), uncertainty=renamed(uncertainty(tmp_path)))
    renamed(run.files["evaluation"])
    run = Run(run.results, CLASSES, run.files, "first-run")
    plot("training", run, {"teacher": []}, students=STUDENTS)
    plot("predictions", run, {"test": []})
    plot("generations", run, {"": []})
    timed_run(tmp_path, [], reference="first-run")
    known = [[label for label in legend(figure) if label.startswith("first-run")] for figure in saved]
    of_training = "first-run's best epoch, validation: loss 0.096, accuracy 0.975"
    assert known == [[of_training], ["first-run"], ["first-run: classic", "first-run: soft"], []]
    assert "first-run (Keras float32, batch 32): teacher 355 ms" in saved[-1].get_suptitle()
    assert not [text for figure in saved for text in texts(figure) if "paper" in text]


def test_without_reference_numbers_no_figure_shows_any(tmp_path, saved):
    run = trained(tmp_path)
    paths = {"evaluation": run.files["evaluation"], "histograms": histograms(tmp_path)}
    paths["uncertainty"] = uncertainty(tmp_path)
    for path in paths.values():
        frame = pd.read_csv(path)
        frame.drop(columns=[one for one in frame if one.startswith("paper_")]).to_csv(path, index=False)
    run = Run(run.results, CLASSES, run.files | {name: str(path) for name, path in paths.items()})
    plot("training", run, {"teacher": []}, students=STUDENTS)
    plot("predictions", run, {"test": []})
    plot("generations", run, {"": []})
    families = ["classic", "hard", "soft", "teacher"]
    expected = [["train", "validation", "best epoch"], ["measured"], families]
    assert [legend(figure) for figure in saved] == expected
    assert not any(patch.get_fill() for axis in saved[1].axes for patch in axis.patches)


def test_a_family_has_one_colour_in_all_figures_and_classes_have_others(tmp_path, saved):
    train(tmp_path, {network: [] for network in FIRST})
    plot("predictions", run_of(histograms=histograms(tmp_path)), {"test": []})
    families = [("classic", 0), ("hard", 1), ("soft", 1), ("mild", 0)]
    plot("generations", run_of(uncertainty=uncertainty(tmp_path, families=families)), {"": []})
    timed_run(tmp_path, [], "mild-0")
    plot("recursion", run_of(histograms=histograms(tmp_path), evaluation=fits(tmp_path)), {"soft": []})
    *of_networks, predictions, generations, timed, along = saved
    of_training = {
        network.removesuffix("-0"): to_hex(lines(figure.axes[0])["validation"].get_color())
        for network, figure in zip(FIRST, of_networks, strict=True)
    }
    of_predictions = {
        axis.get_title().split(":")[0].removesuffix("-0"): to_hex(axis.get_lines()[0].get_color())
        for axis in predictions.axes
        if axis.get_visible()
    }
    of_generations = {name: to_hex(line.get_color()) for name, line in lines(generations.axes[0]).items()}
    assert of_training == of_predictions
    assert of_training == {family: of_generations[family] for family in of_training}
    assert to_hex(lines(timed.axes[0])["mild-0"].get_color()) == of_training["mild"]
    assert len(set(of_training.values())) == len(of_training)
    of_classes = {to_hex(line.get_color()) for line in lines(along.axes[1]).values()}
    assert len(of_classes) == 2 and not of_classes & set(of_training.values())


def test_families_of_ones_own_have_colours_of_their_own():
    named = ["teacher", "classic-0", "zeta-0", "alpha-1", "alpha-0", "soft-3", "mild-0", "beta-0", "omega-2"]
    looks = style.looks_of(named)
    own = [looks[family] for family in ("alpha", "beta", "mild", "omega", "zeta")]
    colours = [look["color"] for look in looks.values()]
    assert len(set(colours)) == len(colours) == 4 + len(own)
    assert not set(colours) & {look["color"] for look in recursion.LOOKS}
    assert style.looks_of(["omega", "zeta", "alpha", "mild", "beta"]) == looks


def test_many_families_of_ones_own_have_pairs_of_colour_and_marker_of_their_own():
    looks = style.looks_of(f"own{number}" for number in range(40)).values()
    assert len({(look["color"], look["marker"]) for look in looks}) == len(looks) == 44


def doubted(folder, classes, paths, student="soft-0", chosen=False):
    """The figure of a student, or with `chosen` of the one that the table `frontier` chooses."""
    rng = np.random.default_rng(0)
    ids = [f"{classes[i % 2]}.{i}" for i in range(20)]
    pd.DataFrame({"image_id": ids, "label": [0, 1] * 10, "split": "test"}).to_csv(folder / "splits.csv", index=False)
    np.save(folder / "test.npy", rng.integers(0, 255, (20, 16, 16, 3), dtype=np.uint8))
    sure = np.where(np.arange(20) % 2, 0.99, 0.01)
    of_teacher, of_student = sure.copy(), sure.copy()
    of_teacher[7], of_student[4], of_student[12] = 0.52, 0.47, 0.98
    for network, p in (("teacher", of_teacher), (student, of_student)):
        frame = pd.DataFrame({"image_id": ids, "logit": 0.0, "probability": p})
        frame.sample(frac=1, random_state=0).to_csv(folder / f"{network}.csv", index=False)
        record_lineage(folder / f"{network}.csv", network, 0, splits=folder / "splits.csv")
    given = {"test": [str(folder / f"{network}.csv") for network in ("teacher", student)]}
    given |= {"test_images": str(folder / "test.npy"), "splits": str(folder / "splits.csv")}
    row = {"network": student, "form": "ONNX", "precision": "int8", "chosen": "yes", "nearest": "no"}
    pd.DataFrame([row]).to_csv(folder / "frontier.csv", index=False)
    given["frontier"] = str(folder / "frontier.csv")
    run = Run([(0, "teacher"), (0, student)], classes, given)
    shown = ["teacher", "another-0" if chosen else student]
    plot("examples", run, {"": paths}, shown=shown, chooses=chosen, seed=0)


def test_examples_are_those_of_most_doubt_and_disagreement(tmp_path, saved):
    doubted(tmp_path, CLASSES, files(tmp_path, "examples"))
    check(files(tmp_path, "examples"))
    below = [axis.get_xlabel() for axis in saved[0].axes]
    assert below[0] == "bee.7\nA bee 0.52 ✓\nB bee 0.99 ✓"
    assert below[8] == "ant.4\nA ant 0.99 ✓\nB ant 0.53 ✓"
    assert below[16] == "ant.12\nA ant 0.99 ✓\nB bee 0.98 ✗"
    assert len(below) == 3 * examples.EXAMPLES_IN_A_ROW
    array = np.load(tmp_path / "test.npy")
    for axis, label in zip(saved[0].axes, below, strict=True):
        number = int(label.splitlines()[0].split(".")[1])
        np.testing.assert_array_equal(axis.get_images()[0].get_array(), array[number])
    assert not overlaps(saved[0])


def test_examples_are_of_the_chosen_student_where_one_is_chosen(tmp_path, saved):
    doubted(tmp_path, CLASSES, files(tmp_path, "examples"), "small-0", chosen=True)
    assert "teacher (A) and small-0 (B)" in saved[0].get_suptitle()


def test_long_names_of_classes_do_not_run_into_each_other(tmp_path, saved):
    doubted(tmp_path, ["golden_retriever", "norwegian_forest_cat"], [], student="classic-0")
    assert not overlaps(saved[0])
    assert len({axis.xaxis.label.get_fontsize() for axis in saved[0].axes}) == 1


def test_each_picture_of_a_figure_gets_the_two_files_of_its_subject(tmp_path, saved):
    run = run_of(histograms=histograms(tmp_path))
    paths = [str(path) for part in ("train", "test") for path in files(tmp_path, part)]
    plot_figure(FIGURES["predictions"].module, run, {}, ["train", "test"], RUN, paths)
    for part, figure in zip(("train", "test"), saved, strict=True):
        check(files(tmp_path, part))
        assert figure.get_suptitle().startswith(f"Predictions on the {part} part")
        assert f"Predictions on the {part} part" in (tmp_path / f"{part}.svg").read_text()


def test_the_same_numbers_give_the_same_bytes(tmp_path):
    table = histograms(tmp_path)
    for name in ("one", "other"):
        plot("recursion", run_of(histograms=table, evaluation=fits(tmp_path)), {"soft": files(tmp_path, name)})
    for one, other in zip(files(tmp_path, "one"), files(tmp_path, "other"), strict=True):
        assert one.read_bytes() == other.read_bytes()


def timed_run(folder, paths, student="soft-0", seconds=None, threads=(2,), rows=None, reference="paper") -> Run:
    """Time a student, and plot it beside the paper's numbers in its row of the table."""
    measured = measured_timing(folder / "m.json", seconds or {}, threads, student)
    seconds_an_image(json.loads(measured.read_text())).to_csv(folder / "seconds.csv", index=False)
    run = Run([(0, network) for network in NETWORKS], CLASSES, {"measured": str(measured)}, reference)
    run.files.update(seconds=str(folder / "seconds.csv"), timing=str(folder / "timing.csv"))
    write_table("timing", run, {}, str(TIMING) if reference else None, run.files["timing"])
    rows = biryukova.PRESENTATION.reference_rows if rows is None else rows
    plot("timing", run, {"": paths}, reference_rows=dict(rows))
    return run


def test_timing_shows_every_runtime_with_and_without_decoding(tmp_path, saved):
    keras = ("teacher", "Keras", "float32")
    seconds = {(*keras, 1, "no"): [0.0123, 0.0124, 0.0135], (*keras, 32, "no"): [32 * 0.3] * 3}
    run = timed_run(tmp_path, files(tmp_path, "timing"), seconds=seconds)
    check(files(tmp_path, "timing"))
    (figure,) = saved
    title, printed = figure.get_suptitle().splitlines()
    assert title == "Time an image takes on 2 threads: median, and from p10 to p90"
    assert printed == "paper (Keras float32, batch 32): teacher 355 ms, soft-0 71.7 ms"
    assert legend(figure) == ["teacher", "soft-0"]
    whats = ("the network alone", "from the file to the answer")
    assert [axis.get_title() for axis in figure.axes] == [f"batch {n}, {what}" for n in (1, 32) for what in whats]
    table = run.table("seconds")
    hows = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert len(set(hows)) == 7
    for axis, (size, decoding) in zip(figure.axes, itertools.product((1, 32), ("no", "yes")), strict=True):
        chosen = table[(table["batch_size"] == size) & (table["decoding"] == decoding)]
        assert set(lines(axis)) == {"teacher", "soft-0"}
        for network, bars in zip((TEACHER, "soft-0"), axis.collections, strict=True):
            of_network = chosen[chosen["network"] == network]
            of_network = of_network.set_index(of_network["runtime"] + " " + of_network["precision"]).loc[hows]
            np.testing.assert_allclose(lines(axis)[network].get_xdata(), 1000 * of_network["median"])
            ends = [[one[0, 0], one[1, 0]] for one in bars.get_segments()]
            np.testing.assert_allclose(ends, 1000 * of_network[["p10", "p90"]])
            places = [one[0, 1] for one in bars.get_segments()]
            np.testing.assert_allclose(places, lines(axis)[network].get_ydata())
        assert len(axis.texts) == 14
        assert all(len(text.get_text().replace(".", "").lstrip("0")) >= 3 for text in axis.texts)
        shown = [label.get_text() for label in axis.get_xticklabels() if label.get_visible()]
        assert len([text for text in shown if text]) >= 2 and axis.get_xlabel() == "milliseconds an image"
    assert figure.axes[0].texts[0].get_text() == "12.4"
    assert {"Keras float32", "OpenVINO int8"} <= set(hows)
    assert figure.axes[2].texts[0].get_text() == "300"
    assert not overlaps(figure)


def test_reference_times_stand_in_the_title_and_do_not_stretch_the_axis(tmp_path, saved):
    every = itertools.product(("teacher", "soft-0"), ("float32", "int8"), (1, 32), ("no", "yes"))
    runtimes = ("Keras", "ONNX Runtime", "LiteRT", "OpenVINO")
    seconds = {
        (network, runtime, precision, size, decoding): [size * time for time in (0.001, 0.002, 0.003)]
        for network, precision, size, decoding in every
        for runtime in runtimes
    }
    timed_run(tmp_path, [], seconds=seconds, rows={})
    (figure,) = saved
    assert figure.get_suptitle().splitlines()[1] == "paper: teacher 355 ms, soft-0 71.7 ms"  # of all rows
    assert figure.axes[0].get_xlim()[1] < 10
    assert not overlaps(figure)


def test_timing_without_a_reference_shows_the_two_networks_alone(tmp_path, saved):
    timed_run(tmp_path, [], rows={}, reference=None)
    assert legend(saved[0]) == ["teacher", "soft-0"]


def test_timing_shows_the_rows_with_most_threads(tmp_path, saved):
    run = timed_run(tmp_path, [], threads=(1,))
    one, table = run.table("seconds"), run.table("timing")
    more = one.assign(threads=4, **{name: one[name] / 4 for name in ("p10", "median", "p90")})
    pd.concat([one, more]).to_csv(run.files["seconds"], index=False)
    pd.concat([table, table.assign(threads=4)]).to_csv(run.files["timing"], index=False)
    plot("timing", run, {"": []}, reference_rows={})
    assert saved[0].get_suptitle().startswith("Time an image takes on 1 thread:")
    assert saved[1].get_suptitle().startswith("Time an image takes on 4 threads:")
    assert [figure.axes[0].texts[0].get_text() for figure in saved] == ["1000", "250"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0412, "0.0412"),
        (0.41, "0.410"),
        (4, "4.00"),
        (9.996, "10.0"),
        (62.04, "62.0"),
        (354.6, "355"),
        (1537, "1537"),
    ],
)
def test_numbers_have_three_significant_digits(value, text):
    assert timing.three_digits(value) == text


LONG_NAMES = ("norwegian_forest_cat_of_the_north", "golden_retriever", "common_house_martin")
ACCURACY = {"teacher": 0.9, "classic-0": 0.8, "hard-0": 0.85, "soft-0": 0.7, "hard-1": 0.6, "soft-1": 0.75}


def inherited_run(folder, classes=CLASSES, seeds=(0,), networks=tuple(ACCURACY), accuracy=ACCURACY, images=60) -> Run:
    """A made-up run with the tables that figures of inheritance and recursion are plotted from."""
    accuracy = {(seed, name): share - seed / 20 for seed in seeds for name, share in accuracy.items()}
    parts = {"train": 30, "validation": 30, "test": images}
    confidence = {"teacher": 0.02, "classic-0": 0.1, "soft-0": 0.3}
    run = MadeUp(folder, parts, accuracy, confidence, list(networks), seeds=seeds, classes=classes)
    for name in ("inheritance", "recursion", "first_errors", "uncertainty"):
        run.tabulate(name)
    return run.run()


@pytest.mark.parametrize(
    ("classes", "seeds"), [(("ant", "bee"), (0,)), (("ant", "bee"), (0, 1, 4)), (LONG_NAMES, (0,))]
)
def test_texts_of_inheritance_reliability_and_maps_do_not_overlap(tmp_path, saved, classes, seeds):
    run = inherited_run(tmp_path, classes, seeds)
    plot("inheritance", run, {"": files(tmp_path, "inheritance")})
    plot("reliability", run, {"": files(tmp_path, "reliability")}, shown=["teacher", "soft-0"])
    plot("risk_coverage", run, {"": files(tmp_path, "risk_coverage")}, shown=["teacher", "soft-0"])
    plot("recursion_map", run, {"hard": files(tmp_path, "map"), "soft": []})
    plot("movement", run, {"": files(tmp_path, "movement")})
    for name in ("inheritance", "reliability", "risk_coverage", "map", "movement"):
        check(files(tmp_path, name))
    assert len(saved) == 6
    for figure in saved:
        assert not overlaps(figure)


def test_inheritance_has_a_row_for_each_student_family_by_family(tmp_path, saved):
    run = inherited_run(tmp_path, images=240)  # enough errors for intervals
    plot("inheritance", run, {"": []})
    (figure,) = saved
    assert figure.get_suptitle() == "Inheritance from teacher on the test part (lines: 95 % intervals)"
    assert legend(figure) == ["hard", "soft", "independent student", "by chance"]
    agreement, errors, right = figure.axes
    titles = ["agreement with the teacher", "inherited errors", "inherited right answers"]
    assert [axis.get_title() for axis in figure.axes] == titles
    rows = [label.get_text() for label in agreement.get_yticklabels()]
    assert rows == ["hard-0", "hard-1", "soft-0", "soft-1"]
    assert agreement.yaxis_inverted() and errors.get_xlim() == right.get_xlim()
    table = run.table("inheritance").query("split == 'test' and taught_by == 'teacher' and `class` == ''")
    table = table.set_index("network").loc[rows]
    # All are right on the first images: a student agrees with the teacher on all but those that one gets wrong.
    np.testing.assert_allclose(table["agreement"], [0.95, 0.7, 0.8, 0.85])
    for column, label in (("agreement_of_independent", "independent student"), ("agreement_by_chance", "by chance")):
        np.testing.assert_allclose(lines(agreement)[label].get_xdata(), table[column])
        assert list(lines(agreement)[label].get_ydata()) == [0, 1, 2, 3]
    for axis, column in ((agreement, "agreement"), (errors, "errors_inherited"), (right, "right_inherited")):
        for family, places in (("hard", [0, 1]), ("soft", [2, 3])):
            np.testing.assert_allclose(lines(axis)[family].get_xdata(), table[column].iloc[places])
            assert list(lines(axis)[family].get_ydata()) == places
    panels = ((agreement, "agreement", 1), (errors, "errors", 0), (right, "right", 0))
    for axis, name, number in panels:
        ends = [[one[0, 0], one[1, 0]] for one in axis.collections[number].get_segments()]
        base = table["agreement_of_independent"].to_numpy()[:, None] if axis is agreement else 0
        np.testing.assert_allclose(ends, base + table[[f"{name}_inherited_low", f"{name}_inherited_high"]])


def test_inheritance_of_several_seeds_is_that_over_all_of_them(tmp_path, saved):
    run = inherited_run(tmp_path, seeds=(0, 2))
    plot("inheritance", run, {"": []})
    (figure,) = saved
    assert figure.get_suptitle().endswith("(lines: 95 % intervals, 2 seeds)")
    (row,) = run.table("inheritance").query("seed == 'all' and network == 'soft-0'").to_dict("records")
    right = figure.axes[2]
    assert lines(right)["soft"].get_xdata()[0] == pytest.approx(row["right_inherited"])
    (bars,) = right.collections
    ends = bars.get_segments()[2][:, 0]
    np.testing.assert_allclose(ends, [row["right_inherited_low"], row["right_inherited_high"]])


def test_without_an_independent_student_there_is_agreement_alone(tmp_path, saved):
    run = inherited_run(tmp_path, networks=("teacher", "soft-0"))
    plot("inheritance", run, {"": []})
    (figure,) = saved
    assert [axis.get_title() for axis in figure.axes] == ["agreement with the teacher"]
    assert figure.get_suptitle().endswith("; the run has no independent student")
    assert legend(figure) == ["soft", "by chance"]
    assert not overlaps(figure)


def test_inheritance_and_maps_have_pictures_where_there_is_something_to_show():
    def pictures(name, students):
        return FIGURES[name].pictures(networks(students))

    alone = {"classic": {"labels": "manual", "generations": 0}}
    assert pictures("inheritance", alone) == {} and pictures("inheritance", STUDENTS) == {"": "inheritance"}
    assert pictures("recursion_map", alone) == pictures("movement", alone) == {}
    fresh = {"fresh": {"labels": "soft", "generations": 2, "source": "teacher"}}
    every = {"every": {"labels": "soft", "generations": 2, "source": "all"}}
    assert pictures("movement", fresh) == pictures("recursion", every) == {}
    assert pictures("movement", STUDENTS) == {"": "movement"}
    assert pictures("recursion_map", STUDENTS) == {"soft": "recursion_map-soft", "hard": "recursion_map-hard"}


def test_reliability_shows_the_bins_of_three_networks_before_and_after_the_temperature(tmp_path, saved):
    run = inherited_run(tmp_path)
    plot("reliability", run, {"": []}, shown=["teacher", "soft-0"])
    (figure,) = saved
    assert legend(figure) == ["as trained", "at the temperature fitted on validation"]
    temperatures = fitted_temperatures(run, run.networks)
    of_test = {given.network: given for given in run.answers(("test",))}
    for axis, network in zip(figure.axes, ("teacher", "soft-0", "classic-0"), strict=True):
        given, temperature = of_test[network], temperatures[0, network]
        right = given.answer == given.label
        before = calibration.reliability(given.probability.max(axis=1), right)
        scaled = calibration.at_temperature(given.logit, temperature)[1].max(axis=1)
        after = calibration.reliability(scaled, right)
        of_forms = zip(axis.collections[::2], axis.collections[1::2], (before, after), strict=True)
        for bars, shown, form in of_forms:
            counts = zip(np.rint(form.images * form.observed).astype(int).tolist(), form.images.tolist(), strict=True)
            ends = [exact_interval(some, of) for some, of in counts]
            np.testing.assert_allclose([bar[:, 1] for bar in bars.get_segments()], ends)
            np.testing.assert_allclose(shown.get_offsets(), np.stack([form.predicted, form.observed], axis=1))
            np.testing.assert_allclose(shown.get_sizes() / shown.get_sizes().max(), form.images / form.images.max())
        name, *errors = axis.get_title().splitlines()
        assert name == network
        assert errors[0] == f"as trained: error {before.expected_calibration_error:.4f}"
        assert errors[1] == f"T = {temperature:.3g}: error {after.expected_calibration_error:.4f}"
        for low, high in (axis.get_xlim(), axis.get_ylim()):
            assert low > 0.1 and 1 < high < 1.1
    # The probability of each answer is 0.7, and so is the share of right ones: one bin, on the diagonal.
    np.testing.assert_allclose(figure.axes[1].collections[1].get_offsets(), [[0.7, 0.7]], rtol=1e-6)


def test_reliability_counts_the_images_of_all_seeds_each_with_its_temperature(tmp_path, saved):
    run = inherited_run(tmp_path, seeds=(0, 2))
    (shown,) = reliability.diagrams_of(run, ["soft-0"]).values()
    temperatures = fitted_temperatures(run, ["soft-0"])
    assert list(temperatures) == [(0, "soft-0"), (2, "soft-0")] and len(set(temperatures.values())) == 2
    assert shown.temperatures == list(temperatures.values())
    as_trained, scaled = shown.forms.values()
    # 42 and 36 of 60 images are right; the probabilities are the same as trained, and differ when scaled.
    assert as_trained.images.tolist() == [120] and as_trained.observed == pytest.approx([78 / 120])
    assert scaled.images.tolist() == [60, 60] and scaled.observed == pytest.approx([0.6, 0.7])
    plot("reliability", run, {"": []}, shown=["teacher", "soft-0"])
    low, high = sorted(temperatures.values())
    assert f"T = {low:.3g} to {high:.3g}: error" in saved[0].axes[1].get_title()
    assert saved[0].get_suptitle().splitlines()[0].endswith(", 2 seeds together")
    # Seeds answer the same images: 120 answers have the interval of 60 images.
    assert reliability.intervals_of(as_trained, 2) == [exact_interval(39, 60)]


def test_reliability_without_a_validation_part_has_no_temperature(tmp_path, saved):
    run = inherited_run(tmp_path)

    class Audited:
        def answers(self, parts):
            return run.answers(tuple(part for part in parts if part == "test"))

    audited = replace(run, teachers=(), sources={}, independent={}, audited=Audited())
    plot("reliability", audited, {"": []}, shown=["teacher", "soft-0"])
    (figure,) = saved
    assert legend(figure) == ["as trained"]
    assert [axis.get_title().splitlines()[0] for axis in figure.axes] == ["teacher", "soft-0"]
    assert not any("T =" in axis.get_title() for axis in figure.axes)


def test_risk_coverage_shows_the_curve_its_band_and_the_best_order(tmp_path, saved):
    run = inherited_run(tmp_path, classes=("ant", "bee", "cat"), seeds=(0, 2))
    plot("risk_coverage", run, {"": []}, shown=["teacher", "soft-0"])
    (figure,) = saved
    assert legend(figure) == ["by its probability", "if it were least sure of its errors", "in any order"]
    assert [axis.get_title() for axis in figure.axes] == ["teacher", "soft-0", "classic-0"]
    assert figure.get_suptitle().endswith("(band: range of 2 seeds)")
    # All probabilities of soft-0 are equal: at each share 18 or 24 of 60 answers are wrong.
    curve, ideal, order = lines(figure.axes[1]).values()
    np.testing.assert_allclose(curve.get_ydata(), 0.35)
    np.testing.assert_allclose(order.get_ydata(), 0.35)
    band = figure.axes[1].collections[0].get_paths()[0].vertices
    assert (band[:, 1].min(), band[:, 1].max()) == (pytest.approx(0.3), pytest.approx(0.4))
    of_ideal = dict(zip(np.round(ideal.get_xdata(), 2), ideal.get_ydata(), strict=True))
    assert (
        of_ideal[0.5] == 0 and of_ideal[0.65] == pytest.approx(0.05 / 0.65 / 2) and of_ideal[1.0] == pytest.approx(0.35)
    )


def test_a_network_that_is_always_right_and_sure_has_axes_around_one(tmp_path, saved):
    sure = inherited_run(tmp_path, accuracy=dict.fromkeys(ACCURACY, 1.0), networks=("teacher", "soft-0"))
    plot("reliability", sure, {"": []}, shown=["teacher"])
    (axis,) = saved[0].axes
    assert axis.get_xlim()[0] > 0.9 and axis.get_ylim()[0] > 0.85  # 30 of 30 in a bin are at least 88 %
    plot("risk_coverage", sure, {"": []}, shown=["teacher"])
    assert not overlaps(saved[0]) and not overlaps(saved[1])


def test_a_map_has_a_row_for_each_error_and_strong_colour_where_it_is_the_first(tmp_path, saved):
    run = inherited_run(tmp_path)
    plot("recursion_map", run, {"soft": files(tmp_path, "map")})
    (figure,) = saved
    shown, rate = figure.axes
    (image,) = shown.get_images()
    # Of 60 images the teacher gets the last 6 wrong, soft-0 the last 18, and soft-1 the last 15.
    expected = [[2, 1, 1]] * 6 + [[0, 2, 1]] * 9 + [[0, 2, 0]] * 3
    np.testing.assert_array_equal(image.get_array(), expected)
    assert [label.get_text() for label in shown.get_xticklabels()] == ["teacher", "0", "1"]
    assert shown.get_ylabel() == "test images with an error, of 60"
    light, strong = (to_hex(image.cmap(image.norm(value))) for value in (1, 2))
    assert strong.upper() == style.looks_of(["soft-0"])["soft"]["color"] != light.upper()
    assert legend(figure) == ["wrong, as the first of the chain", "wrong, after another", "ant", "bee"]
    table = run.table("recursion").query("family == 'soft'")
    for name, bars in zip(CLASSES, rate.collections, strict=True):
        of_class = table[table["class"] == name]
        np.testing.assert_allclose(lines(rate)[name].get_ydata(), of_class["error_rate"])
        ends = [exact_interval(round(share * 30), 30) for share in of_class["error_rate"]]
        np.testing.assert_allclose([bar[:, 1] for bar in bars.get_segments()], ends)
    assert ticks(rate) == [0, 1]


def test_movement_shows_accuracy_spread_and_drift_of_every_family_by_generation(tmp_path, saved):
    run = inherited_run(tmp_path)
    plot("movement", run, {"": files(tmp_path, "movement")})
    accuracy, spread, drift = saved[0].axes
    assert legend(saved[0]) == ["hard", "soft"]
    labels = ["accuracy", "spread of logits, ratio", "drift towards bee, logits"]
    assert [axis.get_ylabel() for axis in saved[0].axes] == labels
    test = run.table("uncertainty").query("split == 'test' and family == 'soft'")
    np.testing.assert_allclose(lines(accuracy)["soft"].get_ydata(), test["accuracy"])
    (last,) = run.table("recursion").query("network == 'soft-1' and `class` == 'bee'").to_dict("records")
    for axis, column in ((spread, "spread_ratio_from_first"), (drift, "drift_from_first")):
        np.testing.assert_allclose(lines(axis)["soft"].get_ydata(), [last[column]])
        bars = axis.collections[1].get_segments()[0][:, 1]
        np.testing.assert_allclose(bars, [last[f"{column}_low"], last[f"{column}_high"]])


def test_movement_of_several_seeds_has_their_interval_and_of_more_classes_the_largest_drift(tmp_path, saved):
    run = inherited_run(tmp_path, ("ant", "bee", "fly"), seeds=(2, 0))
    plot("movement", run, {"": files(tmp_path, "movement")})
    assert saved[0].get_suptitle().splitlines()[1] == "Bars: range of 2 seeds; of spread and drift 95 % intervals"
    drift = saved[0].axes[2]
    assert drift.get_ylabel() == "largest drift, logits"
    table = run.table("recursion").query("network == 'soft-1' and seed == 'all'")
    largest = table.loc[table["drift_from_first"].abs().idxmax()]
    np.testing.assert_allclose(lines(drift)["soft"].get_ydata(), [largest["drift_from_first"]])
    ends = largest[["drift_from_first_low", "drift_from_first_high"]].tolist()
    np.testing.assert_allclose(drift.collections[1].get_segments()[0][:, 1], ends)


def test_a_map_of_several_seeds_shows_the_first_and_says_so(tmp_path, saved):
    run = inherited_run(tmp_path, seeds=(2, 0))
    plot("recursion_map", run, {"soft": []})
    (figure,) = saved
    assert figure.get_suptitle().splitlines()[1] == "Map: seed 2. Points: mean of 2 seeds; bars: their range"
    shown, rate = figure.axes
    (image,) = shown.get_images()
    assert (image.get_array() > 0).sum(axis=0).tolist() == [12, 24, 21]
    by_seed = run.table("recursion").query("family == 'soft' and `class` == 'ant' and seed != 'all'")
    rates = by_seed.groupby("generation")["error_rate"]
    np.testing.assert_allclose(lines(rate)["ant"].get_ydata(), rates.mean())
    ends = np.transpose([rates.min(), rates.max()])
    np.testing.assert_allclose([bar[:, 1] for bar in rate.collections[0].get_segments()], ends)


def test_errors_are_ordered_by_the_first_network_and_then_by_the_next(tmp_path):
    errors = pd.DataFrame(
        [("a", "soft-0", "yes"), ("b", "teacher", "yes"), ("b", "soft-1", "no"), ("c", "teacher", "yes")]
        + [("c", "soft-0", "no"), ("d", "soft-1", "yes")],
        columns=["image_id", "network", "first"],
    )
    found = recursion_map.error_map(errors, ["teacher", "soft-0", "soft-1"])
    assert found.tolist() == [[2, 1, 0], [2, 0, 1], [0, 2, 0], [0, 0, 2]]  # c, b, a, d


def test_a_chain_without_an_error_has_no_map(tmp_path, saved):
    run = inherited_run(tmp_path, accuracy=dict.fromkeys(ACCURACY, 1.0))
    plot("recursion_map", run, {"soft": []})
    shown = saved[0].axes[0]
    assert not shown.get_images() and [text.get_text() for text in shown.texts] == ["no error"]
    assert not overlaps(saved[0])


def test_thousands_of_errors_and_many_classes_make_a_small_map(tmp_path, saved):
    classes = [f"species number {number}" for number in range(8)]
    generations, images = range(4), 5000
    rng = np.random.default_rng(0)
    rates = {name: 0.5 + 0.1 * number * np.array(generations) / 8 for number, name in enumerate(classes)}
    about = {"seed": 0, "family": "soft"}
    rows = [
        about | {"generation": step, "network": f"soft-{step}", "source": f"soft-{step - 1}" if step else "teacher"}
        | {"class": name, "images": images // 8, "error_rate": rates[name][step]}
        for step in generations
        for number, name in enumerate(classes)
    ]  # fmt: skip
    pd.DataFrame(rows).to_csv(tmp_path / "recursion.csv", index=False)
    networks = ["teacher", *(f"soft-{step}" for step in generations)]
    wrong = rng.random((images, len(networks))) < 0.5
    row, column = np.nonzero(wrong)
    first = np.where(column == wrong.argmax(axis=1)[row], "yes", "no")
    errors = {"image_id": row.astype(str), "network": np.array(networks)[column], "first": first}
    pd.DataFrame(about | errors).to_csv(tmp_path / "first_errors.csv", index=False)
    files_of_run = {name: str(tmp_path / f"{name}.csv") for name in ("recursion", "first_errors")}
    run = Run([(0, network) for network in networks], classes, files_of_run)
    plot("recursion_map", run, {"soft": files(tmp_path, "map")})
    assert (tmp_path / "map.svg").stat().st_size < 300_000
    shown, rate = saved[0].axes
    assert len(shown.get_images()[0].get_array()) == wrong.any(axis=1).sum()
    assert list(lines(rate)) == ["all images", *classes[5:]]
    expected = np.mean(list(rates.values()), axis=0)
    np.testing.assert_allclose(lines(rate)["all images"].get_ydata(), expected, atol=8 / images)  # whole images
    assert not overlaps(saved[0])
