"""The figures of a run, one figure a file."""

import importlib
from collections.abc import Callable, Mapping

from snakedistill.core.errors import listed
from snakedistill.core.network_ids import TEACHER, Network
from snakedistill.core.parts import TEST, TRAIN, VALIDATION
from snakedistill.results.figures.figure import Figure, one_picture
from snakedistill.results.run import Run
from snakedistill.results.shown_prediction import UNCERTAINTY_IN_WORDS
from snakedistill.results.tables.uncertainty import ALWAYS_SHOWN
from snakedistill.teaching import has_history


def _of_first_networks(networks: Mapping[str, Network]) -> dict[str, str]:
    trained = {name: network for name, network in networks.items() if has_history(network)}
    return {name: f"training-{network.family}" for name, network in trained.items() if network.is_first}


def _recursive_families(networks: Mapping[str, Network]) -> list[str]:
    """The families whose later generations learn from the one before."""
    students = {name for name, network in networks.items() if network.generation is not None and not network.members}
    return sorted({network.family for network in networks.values() if network.source in students}, reverse=True)


def _of_recursive_families(figure: str) -> Callable[[Mapping[str, Network]], dict[str, str]]:
    """`pictures` of a figure with a picture for each family whose later generations learn from the one before."""
    return lambda networks: {family: f"{figure}-{family}" for family in _recursive_families(networks)}


def _one_picture_with(
    some: Callable[[Network], object], name: str
) -> Callable[[Mapping[str, Network]], dict[str, str]]:
    """`pictures` of a figure of one picture, for runs with a network of which `some` is true."""
    return lambda networks: {"": name} if any(map(some, networks.values())) else {}


FIGURES: dict[str, Figure] = {
    "scheme": Figure(
        module="snakedistill.results.figures.scheme",
        pictures=one_picture(TEACHER),
        needs=("teacher_model",),
        section="training",
        title="scheme of the teacher",
        caption="""The teacher, plotted from its saved file. The image enters on the left. Each blue block is the part
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
        caption="""Loss and accuracy of a network by epoch. Loss is the mean cross-entropy, in nats, with the labels
that the network trains on, which the figure's title names. Accuracy is the share of images for which the most probable
class of the prediction is that of the manual label. Of a network that learns from another one, the share for which it
is that of the source's label is called agreement, and the dotted line is the accuracy on validation. Both are measured
with the augmentation that the network's recipe gives to each part. The star is the best epoch, whose weights are kept.
With several seeds there is one line and one star for each.""",
        settings=("students",),
        shows_reference=True,
    ),
    "frontier": Figure(
        module="snakedistill.results.figures.frontier",
        pictures=one_picture("frontier"),
        needs=("frontier",),
        section="frontier",
        title="accuracy and time of every student",
        caption="""Accuracy on the test part against the time of one image, on a logarithmic scale, of every exported
student of generation 0 in every form and precision, and of the teacher (black). Where nothing was timed, the size of
the file takes the place of the time. The area of a point is the size of the file; int8 is filled. Lines through points
are 95 % intervals: exact over images, and of the median over rounds. The line of steps is the frontier: no other
student is as accurate and as fast as those on it; the others are pale. The band reaches from the teacher's accuracy
(dashed) to the margin below it. The ringed student was chosen, on validation; test only judges it, so a choice may lie
below another point. What is more than 20 points less accurate than the best stands on the lower edge.""",
        settings=("choice",),
    ),
    "timing": Figure(
        module="snakedistill.results.figures.timing",
        pictures=one_picture("timing"),
        needs=("seconds", "timing"),
        section="time",
        title="seconds an image",
        caption="""The time that the timed networks take for one image on this machine's processor, without an
accelerator. Points are medians of many calls, lines reach from the 10th to the 90th percentile, on a logarithmic scale.
Above: one image in each call. Below: 32 images in each call. Left: the network alone. Right: from the image file to the
answer, with decoding and resizing. int8 is the same network with 8-bit weights and activations. Reference numbers are
of another machine, and stand in the title.""",
        settings=("reference_rows",),
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
        pictures=_of_recursive_families("recursion"),
        needs=("histograms", "evaluation"),
        section="recursion",
        title="recursion of {}",
        caption="""The predictions of a family, generation by generation. Generation 0 learned from the teacher,
each later generation from the one before. Left: the share of test images in each bin of the predicted probability,
with two classes that of class 1, with more that of the network's own answer; darker means more, white means none.
Middle: the share of images in bins in which the network is not sure: with two classes all but the first and the last,
below and above one half; with more all but the last. Right: the label fit, the share of the images of train that the
network answers as the labels say that it was trained on. With several seeds the shares are means.""",
    ),
    "generations": Figure(
        module="snakedistill.results.figures.generations",
        pictures=_one_picture_with(lambda network: network.generation, "generations"),
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
    "movement": Figure(
        module="snakedistill.results.figures.movement",
        pictures=lambda networks: {"": "movement"} if _recursive_families(networks) else {},
        needs=("uncertainty", "recursion"),
        section="recursion",
        title="accuracy and movement by generation",
        caption="""What recursion does to each family, on the test part, by generation. Left: accuracy of every family
with later generations. Middle and right, of chains, in which each generation learns from the one before: the spread
of the logits as a ratio to generation 0, and the drift, the change of the mean logit of a class since then. A ratio
below 1 (dotted) says that the predictions lose certainty; a drift other than 0 (dotted) says that a class gets more
than before. With two classes the drift is that of class 1, with more that of the class that drifts most. Their bars are
95 % intervals, over images, with five seeds or more over seeds and images. The bars of accuracy are such intervals over
images; with several seeds the points are means and the bars reach from the smallest to the largest value.""",
    ),
    "recursion_map": Figure(
        module="snakedistill.results.figures.recursion_map",
        pictures=_of_recursive_families("recursion_map"),
        needs=("recursion", "first_errors"),
        section="recursion",
        title="errors of {}",
        caption="""Whether errors are passed on from one generation to the next. Left: each row is a test image that the
teacher or a generation gets wrong, each column a network of the chain. A cell is coloured where the network is wrong,
strongly where it is the first of the chain. A row that stays coloured to the right is an error that the later
generations keep; a row that turns white is one that they mend. With several seeds the map shows the first. Right: the
share of wrong answers among the test images of each class, by generation. Of more than five classes those three are
shown whose share changes most, beside that of all images. With one seed the bars are exact 95 % intervals over images;
with several the points are means and the bars reach from the smallest to the largest value.""",
    ),
    "inheritance": Figure(
        module="snakedistill.results.figures.inheritance",
        pictures=_one_picture_with(lambda network: network.source, "inheritance"),
        needs=("inheritance",),
        section="inheritance",
        title="inheritance at a glance",
        caption="""What each student has from the teacher at the head of its chain, on the test part. Good networks
agree because they are right, so each student stands beside an independent student: one of the same recipe and seed that
was taught by manual labels and never saw the teacher's answers. Left: the share of images to which student and teacher
give the same answer. The hollow point is the independent student's, the tick what student and teacher would share if
their answers to the images of a class had nothing to do with each other. The way from the hollow point to the coloured
one is inherited; the coloured line is its interval. Middle: how much more often than the independent student the
student is wrong where the teacher is wrong. Right: how much more often it is right where the teacher is right. Points
to the right of zero are inherited, if the line does not reach zero. A student further to the right in the middle panel
than in the right one took over more of the teacher's errors than of its knowledge. The lines are 95 % intervals over
images, with several seeds over seeds and images. A teacher without an error has no point in the middle panel. Of
several independent students the first is shown.""",
    ),
    "reliability": Figure(
        module="snakedistill.results.figures.reliability",
        pictures=one_picture("reliability"),
        needs=("validation", "test", "splits"),
        section="calibration",
        title="reliability",
        caption="""Whether probabilities say how often a network is right, on the test part. The images are put into 15
bins with equally many images by the probability that the network gives to its own answer; equal probabilities stay
together, so there may be fewer bins, and a larger marker stands for more images. Bars are exact 95 % intervals over
images. A bin lies on the dotted diagonal where the probability is the share of right answers. Below it the network is
surer than it should be, above it less sure. Filled: as trained. Hollow: with its logits divided by the temperature T
that was fitted on validation, which changes no answer; T above 1 makes the network less sure. The error above a panel
is the expected calibration error, the mean distance of the bins from the diagonal. The axes begin at the smallest value
that is shown. With several seeds the images of all count together, each with the temperature of its seed; a bar is as
long as with the images of one, as seeds answer the same images.""",
        settings=("shown",),
    ),
    "risk_coverage": Figure(
        module="snakedistill.results.figures.risk_coverage",
        pictures=one_picture("risk_coverage"),
        needs=("test", "splits"),
        section="risk_coverage",
        title="risk and coverage",
        caption="""How often a network is wrong when it answers only the images of which it is most sure, on the test
part. From left to right more images are answered, by the probability that the network gives to its own answer; images
of equal probability enter together, which makes steps. A curve that stays below the dashed line says that the
probability tells right answers from wrong ones; it cannot be below the dotted one, on which all errors come last. With
one seed the band is the exact 95 % interval over images; with several seeds the curve is their mean, and the band
reaches from the smallest to the largest value.""",
        settings=("shown",),
    ),
    "confusion": Figure(
        module="snakedistill.results.figures.confusion",
        pictures=one_picture("confusion"),
        needs=("confusion",),
        section="classes",
        title="answers by class",
        caption="""What networks answer to the test images of each class: the share of the class's images that get
each answer. The diagonal holds the right answers. Of many classes, those with most errors of these networks are shown,
and the last column holds all answers that have no column. With several seeds all of them count together.""",
        settings=("shown",),
        fewest_classes=3,
    ),
    "examples": Figure(
        module="snakedistill.results.figures.examples",
        pictures=one_picture("examples"),
        needs=("test", "test_images", "splits", "frontier"),
        section="examples",
        title="where the networks doubt",
        caption="""Test images at the resolution that the networks see. The rows show the images of which each
of two networks is least sure, and those on which the two disagree most. The first line below an image is its id. The
next lines are the answers of the two networks (A, B): the class, the probability that the network gives to this class,
and whether the answer is right (✓) or wrong (✗).""",
        settings=("shown", "chooses", "seed"),
    ),
}
"""The figures by name, in the order in which the summary shows them."""

AUDITED_FIGURES = (
    "inheritance",
    "reliability",
    "risk_coverage",
    "recursion_map",
    "movement",
    "generations",
    "confusion",
)
"""Figures that need predictions and the tables of an audit alone."""


def plot_figure(
    module: str, run: Run, settings: dict, subjects: list[str], run_description: str, paths: list[str]
) -> None:
    """Plot the pictures of a figure, each as SVG and PNG.

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
    importlib.import_module(module).plot(run, pictures, run_description, **settings)
