"""The figures of a run, one figure a file."""

import importlib
from collections.abc import Mapping

from snakedistill.core.network_ids import TEACHER, Network
from snakedistill.core.parts import TEST, TRAIN, VALIDATION
from snakedistill.results.figures.figure import Figure, one_picture
from snakedistill.results.run import Run
from snakedistill.results.shown_prediction import UNCERTAINTY_IN_WORDS
from snakedistill.results.tables.uncertainty import ALWAYS_SHOWN
from snakedistill.results.words import listed


def _of_first_networks(networks: Mapping[str, Network]) -> dict[str, str]:
    trained = {name: network for name, network in networks.items() if network.way is not None}
    return {name: f"training-{network.family}" for name, network in trained.items() if network.is_first}


def _of_recursive_families(networks: Mapping[str, Network]) -> dict[str, str]:
    families = {network.family for network in networks.values() if network.generation}
    return {family: f"recursion-{family}" for family in sorted(families, reverse=True)}


FIGURES: dict[str, Figure] = {
    "scheme": Figure(
        module="snakedistill.results.figures.scheme",
        pictures=one_picture(TEACHER),
        needs=("teacher_model",),
        section="training",
        title="scheme of the teacher",
        caption="""The teacher, drawn from its saved file. The image enters on the left. Each blue block is the part
of the convolutional backbone that works at one resolution; below it are the shape of its last output (height,
width, channels), the number of its convolutions and the number of its parameters. The last layers reduce the
features to logits: with two classes one, which the sigmoid turns into the probability of class 1, the second of the
list; with more classes one for each, which the softmax turns into probabilities.""",
        runs_network=True,
    ),
    "training": Figure(
        module="snakedistill.results.figures.training",
        pictures=_of_first_networks,
        needs=("histories", "evaluation"),
        section="training",
        title="training of {}",
        caption="""Loss and accuracy of a network by epoch. Loss is the mean cross-entropy, in nats. Accuracy is the
share of images whose prediction and label fall on the same side of one half. Both are measured with the labels that
the network trains on, which the figure's title names, and with the augmentation that the network's recipe gives to
each part. The star is the epoch with the best validation accuracy, whose weights are kept. With several seeds there
is one line and one star for each.""",
        settings=("students",),
        shows_reference=True,
    ),
    "timing": Figure(
        module="snakedistill.results.figures.timing",
        pictures=one_picture("timing"),
        needs=("seconds", "timing"),
        section="time",
        title="seconds an image",
        caption="""The time that the teacher and a student take for one image on this machine's processor, without
an accelerator. Points are medians of many calls, lines reach from the 10th to the 90th percentile, on a logarithmic
scale. Above: one image in each call. Below: 32 images in each call. Left: the network alone. Right: from the image
file to the answer, with decoding and resizing. int8 is the same network with 8-bit weights and activations.""",
        settings=("student", "reference_rows"),
        shows_reference=True,
    ),
    "predictions": Figure(
        module="snakedistill.results.figures.predictions",
        pictures=lambda networks: {part: f"predictions-{part}" for part in (TEST, VALIDATION, TRAIN)},
        needs=("histograms",),
        section="predictions",
        title="predictions, {}",
        caption="""The predictions of the teacher and its students: the share of images whose predicted probability
falls into each bin, on a logarithmic scale. With two classes it is the probability of class 1, and a network that is
sure has nearly all its predictions in the two end bins. With more classes it is the probability of the network's own
answer, and nearly all are in the last bin. With several seeds the shares are means.""",
        shows_reference=True,
    ),
    "recursion": Figure(
        module="snakedistill.results.figures.recursion",
        pictures=_of_recursive_families,
        needs=("histograms",),
        section="recursion",
        title="recursion of {}",
        caption="""The predictions of a family, generation by generation. Generation 0 learned from the teacher,
each later generation from the one before. Left: the share of test images in each bin of the predicted probability,
with two classes that of class 1, with more that of the network's own answer; darker means more, white means none.
Right: the share of images in bins in which the network is not sure: with two classes all but the first and the last,
below and above one half; with more all but the last. With several seeds the shares are means.""",
    ),
    "generations": Figure(
        module="snakedistill.results.figures.generations",
        pictures=lambda networks: {"": "generations"} if _of_recursive_families(networks) else {},
        needs=("uncertainty",),
        section="recursion",
        title=f"{listed(ALWAYS_SHOWN)} by generation",
        caption=f"""Accuracy, uncertainty and other metrics by generation, on all three parts, with manual labels.
Uncertainty is {UNCERTAINTY_IN_WORDS}. With one seed the bars are 95 % intervals over images, exact binomial where
images are counted, else bootstrap. With several seeds the points are means and the bars reach from the smallest to
the largest value. Families stand side by side at each generation, so that their bars do not overlap. Dotted: the
teacher.""",
        shows_reference=True,
    ),
    "confusion": Figure(
        module="snakedistill.results.figures.confusion",
        pictures=one_picture("confusion"),
        needs=("confusion",),
        section="classes",
        title="answers by class",
        caption="""What the teacher and a student answer to the test images of each class: the share of the class's
images that get each answer. The diagonal holds the right answers. Of many classes, those with most errors of the two
networks are shown, and the last column holds all answers that have no column. With several seeds all of them count
together.""",
        settings=("student",),
        fewest_classes=3,
    ),
    "examples": Figure(
        module="snakedistill.results.figures.examples",
        pictures=one_picture("examples"),
        needs=("test", "test_images", "splits"),
        section="examples",
        title="where the networks doubt",
        caption="""Test images at the resolution that the networks see. The rows show the images of which the
teacher is least sure, those of which the student is least sure, and those on which the two disagree most. The first
line below an image is its id. The next lines are the answers of the teacher (T) and the student (S): the class, the
probability that the network gives to this class, and whether the answer is right (✓) or wrong (✗).""",
        settings=("student", "seed"),
    ),
}
"""The figures by name, in the order in which the summary shows them."""


def draw_figure(
    module: str, run: Run, settings: dict, subjects: list[str], run_description: str, paths: list[str]
) -> None:
    """Draw the pictures of a figure, each as SVG and PNG.

    Args:
        module: of the figure.
        run: the run.
        settings: those that the figure takes.
        subjects: of its pictures.
        run_description: what the run is, in words.
        paths: files to write: the SVG and the PNG of the first picture, then those of the next.
    """
    pairs = zip(paths[::2], paths[1::2], strict=True)
    pictures = {subject: list(pair) for subject, pair in zip(subjects, pairs, strict=True)}
    importlib.import_module(module).draw(run, pictures, run_description, **settings)
