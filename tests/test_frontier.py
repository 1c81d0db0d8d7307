"""The figure of accuracy against time: what it shows, and whether 2 and 20 candidates can be read."""

import numpy as np
import pytest
from candidates import frontier, row, times
from test_figures import legend, overlaps, texts

from snakedistill.results.figures.frontier import CHOSEN, COLOURS, plot
from snakedistill.results.run import Run

TEACHER = row("teacher", role="teacher", size=224, times=times(24, 0.1), megabytes=20.3)
TWO = [
    TEACHER,
    row("soft-0", size=128, times=times(6, 0.1, 1), megabytes=13.2, alone=(2, 5)),
    row("soft-0", "int8", size=128, times=times(3.1, 0.1, 2), megabytes=4.1, alone=(2, 7)),
]


def ladder() -> list[dict]:
    """A teacher, and five students in two forms and precisions."""
    found = [TEACHER, TEACHER | {"form": "LiteRT", "times": times(30, 0.1)}]
    sizes = (
        ("a-0", 96, 2.5, 14),
        ("b-0", 128, 4.2, 8),
        ("c-0", 160, 6.2, 5),
        ("d-0", 224, 11, 2),
        ("e-0", 160, 2.9, 11),
    )
    for network, side, milliseconds, lost in sizes:
        for form, slower in (("ONNX", 1), ("LiteRT", 1.25)):
            for precision, share in (("float32", 1.0), ("int8", 0.3)):
                seconds = times(milliseconds * slower * share**0.5, 0.1, len(found))
                alone = (2, lost + (precision == "int8"))
                found.append(row(network, precision, form, size=side, times=seconds, megabytes=13 * share, alone=alone))
    return found


def many_networks() -> list[dict]:
    """A teacher and 20 students, all of them on the frontier."""
    return [TEACHER] + [
        row(f"net{number}-0", size=64, times=times(2 + 0.7 * number, 0.01, number), megabytes=3 + number / 2,
            alone=(2, 23 - number))
        for number in range(20)
    ]  # fmt: skip


def plotted(folder, saved, networks, margin=0.01, **limits):
    """The axes of the figure of a table, and the table."""
    table = frontier(networks, images=300, margin=margin, **limits)
    table.to_csv(folder / "frontier.csv", index=False)
    plot(Run([], ["ant", "bee"], {"frontier": str(folder / "frontier.csv")}), {"": []}, "Run test.", {"margin": margin})
    (axis,) = saved[-1].axes
    return axis, table


def line(axis, label):
    """The line with a label."""
    (found,) = [one for one in axis.get_lines() if one.get_label() == label]
    return found


@pytest.mark.parametrize("networks", [TWO, ladder(), many_networks()], ids=["two", "ladder", "many"])
def test_texts_lie_on_no_other_text(tmp_path, saved, networks):
    axis, _ = plotted(tmp_path, saved, networks)
    assert not overlaps(axis.figure.figure)


def test_the_line_joins_what_nothing_dominates(tmp_path, saved):
    axis, table = plotted(tmp_path, saved, ladder())
    first = table[table["on_frontier"] == "yes"].sort_values("milliseconds")
    assert len(first) > 2
    assert line(axis, "frontier").get_xdata() == pytest.approx(first["milliseconds"])
    assert line(axis, "frontier").get_ydata() == pytest.approx(100 * first["accuracy"])
    assert line(axis, "frontier").get_drawstyle() == "steps-post"
    assert axis.get_xscale() == "log"


def test_every_candidate_and_the_teacher_have_a_point_whose_area_is_the_size(tmp_path, saved):
    axis, table = plotted(tmp_path, saved, ladder())
    areas = {}
    for points in axis.collections:
        if hasattr(points, "get_sizes") and len(points.get_offsets()) and not points.get_label().startswith("area"):
            areas.setdefault(tuple(np.round(points.get_offsets()[0], 6)), []).append(points.get_sizes()[0])
    for one in table.to_dict("records"):
        at = tuple(np.round((one["milliseconds"], 100 * one["accuracy"]), 6))
        assert areas[at][0] / one["megabytes"] == pytest.approx(areas[max(areas)][0] / 20.3)


def test_the_teacher_is_a_line_and_the_margin_a_band_below_it(tmp_path, saved):
    axis, table = plotted(tmp_path, saved, TWO, margin=0.02)
    accuracy = 100 * table["accuracy"][0]
    assert set(line(axis, "teacher").get_ydata()) == {accuracy}
    (band,) = [patch for patch in axis.patches if patch.get_label() == "2 points below the teacher"]
    assert band.get_y() == pytest.approx(accuracy - 2) and band.get_height() == pytest.approx(2)


def test_the_chosen_one_is_named_and_ringed(tmp_path, saved):
    axis, _ = plotted(tmp_path, saved, ladder())
    (name,) = [one for one in axis.texts if one.get_text().startswith("chosen: ")]
    assert name.get_text() == "chosen: d-0 at 224 px in int8 (ONNX)" and name.get_color() == CHOSEN
    assert len(axis.texts) == 1  # the legend tells the others by colour, marker and fill
    assert {"a-0, 96 px", "ONNX", "LiteRT", "float32", "int8"} <= set(legend(axis.figure.figure))


def test_more_networks_than_colours_are_named_beside_their_points(tmp_path, saved):
    axis, table = plotted(tmp_path, saved, many_networks())
    assert table["network"].nunique() > len(COLOURS)
    named = {one.get_text().split(" at ")[0].removeprefix("chosen: ") for one in axis.texts}
    assert named == set(table["network"][table["on_frontier"] == "yes"])
    assert not any(label.startswith("net") for label in legend(axis.figure.figure))


def test_without_times_the_size_is_on_the_x_axis(tmp_path, saved):
    axis, table = plotted(tmp_path, saved, [{key: one[key] for key in one if key != "times"} for one in ladder()])
    assert axis.get_xlabel() == "megabytes of the file"
    first = table[table["on_frontier"] == "yes"].sort_values(["megabytes", "accuracy"])
    assert line(axis, "frontier").get_xdata() == pytest.approx(first["megabytes"])


def test_a_teacher_without_files_is_a_line_alone(tmp_path, saved):
    axis, _ = plotted(tmp_path, saved, [row("teacher", "", "", role="teacher"), *TWO[1:]])
    assert set(line(axis, "teacher").get_ydata()) == {96}
    assert not overlaps(axis.figure.figure)


def test_a_file_that_lost_everything_does_not_squeeze_the_others(tmp_path, saved):
    lost = row("soft-0", "int8", size=128, times=times(3.1, 0.1, 2), megabytes=4.1, alone=(0, 130))
    axis, _ = plotted(tmp_path, saved, [*TWO[:2], lost])
    assert axis.get_ylim()[0] > 85
    assert "52.7 %" in texts(axis.figure.figure)


def test_accuracies_of_files_that_lost_everything_lie_on_no_other_text(tmp_path, saved):
    lost = [
        row("soft-0", "int8", form, size=128, times=times(3.1 + 0.02 * number, 0.1, 2), megabytes=4.1, alone=(0, alone))
        for number, (form, alone) in enumerate([("ONNX", 130), ("LiteRT", 120), ("OpenVINO", 110)])
    ]
    axis, _ = plotted(tmp_path, saved, [*TWO[:2], *lost])
    assert {"52.7 %", "56.0 %", "59.3 %"} <= {one.get_text() for one in axis.texts}
    assert not overlaps(axis.figure.figure)


def test_without_candidates_the_figure_says_so(tmp_path, saved):
    table = frontier(TWO, images=300).iloc[:1]
    table.to_csv(tmp_path / "frontier.csv", index=False)
    plot(Run([], ["ant", "bee"], {"frontier": str(tmp_path / "frontier.csv")}), {"": []}, "Run test.", {"margin": 0.01})
    assert "No student was exported." in texts(saved[-1])
