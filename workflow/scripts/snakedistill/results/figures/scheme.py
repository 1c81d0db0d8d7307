"""The scheme of a network, plotted from its saved file."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

import keras
import matplotlib.pyplot as plt
from keras import layers

from snakedistill.networks.classifier import load_network
from snakedistill.results.figures.style import WIDTH, save, set_style
from snakedistill.results.run import Run
from snakedistill.results.shown_prediction import shown_prediction


@dataclass
class Stage:
    """What a network does at one resolution.

    Attributes:
        name: name of the stage.
        shape: shape of its last output, without the batch.
        convolutions: number of convolutions.
        parameters: number of parameters.
    """

    name: str
    shape: tuple[int, ...]
    convolutions: int
    parameters: int


def stages(network: keras.Model) -> list[Stage]:
    """The stages of a network from `build_network`: its image, the backbone by resolution, and every layer after it."""
    found = []
    for layer in network.layers:
        if isinstance(layer, keras.Model):
            found += _resolutions(layer, network.input.shape[1:])
        else:
            found.append(Stage(_name(layer), tuple(layer.output.shape[1:]), 0, layer.count_params()))
    return found


def plot(run: Run, pictures: dict[str, list[str]], run_description: str) -> None:
    """Plot the scheme of the teacher.

    Args:
        run: the run.
        pictures: paths to write of the one picture.
        run_description: what the run is, in words.
    """
    set_style()
    network = load_network(run.file("teacher_model"))
    blocks = stages(network)
    backbone = next(layer for layer in network.layers if isinstance(layer, keras.Model))
    # Of a given classifier without convolutions, the whole.
    inside = [number for number, block in enumerate(blocks) if block.convolutions] or range(len(blocks))
    figure, axis = plt.subplots(figsize=(WIDTH, 3.1), layout="constrained")
    largest = max(block.shape[0] for block in blocks if len(block.shape) == 3)
    for number, block in enumerate(blocks):
        height = 0.18 + (0.72 * block.shape[0] / largest if len(block.shape) == 3 else 0)
        shade = "#9ecae1" if block.convolutions else "0.88"
        axis.add_patch(plt.Rectangle((number - 0.27, -height / 2), 0.54, height, facecolor=shade, edgecolor="black"))
        if number:
            arrow = {"arrowstyle": "-|>", "color": "black", "linewidth": 0.8}
            axis.annotate("", (number - 0.28, 0), (number - 0.72, 0), arrowprops=arrow)
        lines = [block.name, "\N{MULTIPLICATION SIGN}".join(map(str, block.shape))]
        lines += [f"{block.convolutions} conv."] if block.convolutions else []
        lines += [f"{short_count(block.parameters)} par."] if block.parameters else []
        axis.text(number, -0.52, "\n".join(lines), ha="center", va="top", fontsize=6)
    axis.annotate(
        f"{backbone.name}: {len(backbone.layers)} layers, {backbone.count_params():,} parameters",
        ((inside[0] + inside[-1]) / 2, 0.56), ha="center", fontsize=8,
    )  # fmt: skip
    axis.plot([inside[0] - 0.35, inside[-1] + 0.35], [0.52, 0.52], color="black", linewidth=1)
    axis.set(xlim=(-0.5, len(blocks) - 0.5), ylim=(-0.88, 0.68))
    axis.axis("off")
    figure.suptitle(
        f"The {network.name}: {network.count_params():,} parameters, from an image to "
        f"{shown_prediction(len(run.classes)).result(run.classes)}"
    )
    (paths,) = pictures.values()
    save(figure, run_description, paths)


def short_count(count: int) -> str:
    """A count with at most three digits: 640, 1.3 k, 12 k, 6.5 M."""
    if count < 1000:
        return str(count)
    value, unit = (count / 1e3, "k") if count < 999_500 else (count / 1e6, "M")
    return f"{value:.{1 if value < 9.95 else 0}f} {unit}"


def _layers(model: keras.Model, shape: tuple[int, ...]) -> Iterator[layers.Layer]:
    """The layers of a copy of a model for one shape, which may be saved for any, and of models in it."""
    images = layers.Input(shape)
    copy = keras.models.clone_model(model, input_tensors=[images] if isinstance(model.input, list) else images)
    for layer in copy.layers:
        if isinstance(layer, keras.Model):
            yield from _layers(layer, layer._inbound_nodes[-1].input_tensors[0].shape[1:])
        else:
            yield layer


def _resolutions(backbone: keras.Model, image: tuple[int, ...]) -> list[Stage]:
    maps = []
    for layer in _layers(backbone, image):
        shape = getattr(layer.output, "shape", ())
        if len(shape) == 4 and not isinstance(layer, layers.InputLayer | layers.ZeroPadding2D):
            maps.append((layer, tuple(shape[1:])))
    # A layer before one of higher resolution is in a side branch, as those that squeeze a map to weigh its channels.
    sizes = list(accumulate((shape[:2] for _, shape in reversed(maps)), max))[::-1]
    found: dict[tuple[int, int], Stage] = {}
    for (layer, shape), size in zip(maps, sizes, strict=True):
        stage = found.setdefault(size, Stage("", shape, 0, 0))
        stage.shape = shape if shape[:2] == size else stage.shape
        stage.convolutions += isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D)
        stage.parameters += layer.count_params()
    convolutional = [stage for stage in found.values() if stage.convolutions]
    for number, stage in enumerate(convolutional, start=1):
        stage.name = f"stage {number}"
    return convolutional


def _name(layer: layers.Layer) -> str:
    match layer:
        case layers.InputLayer():
            return "image, RGB"
        case layers.Rescaling():
            return f"÷ {1 / layer.scale:.0f}"
        case layers.GlobalAveragePooling2D():
            return "average\npooling"
        case layers.Dropout():
            return f"Dropout {layer.rate:g}"
        case layers.Dense() if layer.name == "logit":
            return "Dense: logit"
        case layers.Activation():
            return layer.activation.__name__
    return layer.name
