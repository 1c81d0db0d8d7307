"""The scheme of the teacher: its stages against the network that they are plotted from."""

from itertools import pairwise

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from snakedistill.networks.classifier import build_network
from snakedistill.results.figures import scheme
from snakedistill.results.run import Run


@pytest.mark.parametrize(
    ("backbone", "convolutions", "shape", "others"),
    [
        ("resnet18", 20, (2, 2, 512), 0),
        ("mobilenetv2", 52, (2, 2, 1280), 0),
        ("efficientnetb0", 81, (2, 2, 1280), 7),  # of the normalization of its input, before any convolution
    ],
)
def test_stages_hold_every_convolution_and_every_parameter(backbone, convolutions, shape, others):
    network = build_network("teacher", 64, backbone, dropout=0.5)
    stages = scheme.stages(network)
    assert sum(stage.convolutions for stage in stages) == convolutions
    assert sum(stage.parameters for stage in stages) == network.count_params() - others
    inside = [stage for stage in stages if stage.convolutions]
    assert [stage.shape[0] for stage in inside] == [32, 16, 8, 4, 2]
    assert inside[-1].shape == shape
    names = ["image, RGB", "÷ 255", *(f"stage {number}" for number in range(1, 6))]
    names += ["average\npooling", "Dropout 0.5", "Dense: logit", "sigmoid"]
    assert [stage.name for stage in stages] == names


@pytest.fixture
def plotted(saved, tmp_path):
    """Plot the scheme of a new network and return its figure."""

    def plot(backbone, side, paths=()):
        build_network("teacher", side, backbone, dropout=0.5).save(tmp_path / "teacher.keras")
        run = Run([(0, "teacher")], ["ant", "bee"], {"teacher_model": str(tmp_path / "teacher.keras")})
        scheme.plot(run, {"": list(paths)}, "Run test.")
        return saved.pop()

    return plot


def test_a_scheme_of_a_saved_network_is_plotted(tmp_path, plotted):
    figure = plotted("resnet18", 64, [tmp_path / "teacher.svg", tmp_path / "teacher.png"])
    assert (tmp_path / "teacher.svg").read_text().startswith("<?xml")
    assert (tmp_path / "teacher.png").stat().st_size > 10_000
    assert figure.get_suptitle() == "The teacher: 11,186,625 parameters, from an image to the probability of bee"
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert "stage 5\n2\N{MULTIPLICATION SIGN}2\N{MULTIPLICATION SIGN}512\n5 conv.\n8.4 M par." in texts


def test_texts_below_neighbouring_stages_keep_apart(plotted):
    figure = plotted("efficientnetb0", 224)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    below = [text for text in figure.axes[0].texts if text.get_text() and text.get_va() == "top"]
    assert len(below) == 11
    boxes = [text.get_window_extent(canvas.get_renderer()) for text in below]
    for left, right in pairwise(boxes):
        assert right.x0 - left.x1 > 2
    assert boxes[0].x0 >= 0 and boxes[-1].x1 <= figure.bbox.x1


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"), (640, "640"), (999, "999"), (1281, "1.3 k"), (9_960, "10 k"), (17_136, "17 k"), (725_904, "726 k"),
        (999_600, "1.0 M"), (6_479_872, "6.5 M"), (23_564_800, "24 M"),
    ],
)  # fmt: skip
def test_counts_are_short(count, text):
    assert scheme.short_count(count) == text
