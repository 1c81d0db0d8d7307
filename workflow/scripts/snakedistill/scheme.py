"""Figure 1 of the paper: the scheme of a network, drawn from the network itself."""

from dataclasses import dataclass

import keras
import matplotlib.pyplot as plt
from keras import layers

from snakedistill.figures import WIDTH, save, set_style
from snakedistill.networks import load_network


@dataclass
class Stage:
    """What a network does at one resolution.

    Attributes:
        name: what it is.
        shape: of its last output, without the batch.
        convolutions: how many.
        parameters: how many.
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
            # A backbone may have been saved for images of any size, so its shapes are those of a copy for this one.
            found += _resolutions(keras.models.clone_model(layer, input_tensors=layers.Input(network.input.shape[1:])))
        else:
            found.append(Stage(_name(layer), tuple(layer.output.shape[1:]), 0, layer.count_params()))
    return found


def draw_scheme(model: str, run_description: str, paths: list[str]) -> None:
    """Draw the scheme of a saved network.

    Args:
        model: .keras file.
        run_description: what the run is, in words.
        paths: to write.
    """
    set_style()
    network = load_network(model)
    blocks = stages(network)
    backbone = next(layer for layer in network.layers if isinstance(layer, keras.Model))
    inside = [number for number, block in enumerate(blocks) if block.convolutions]
    figure, axis = plt.subplots(figsize=(WIDTH, 3.1), layout="constrained")
    largest = max(block.shape[0] for block in blocks if len(block.shape) == 3)
    for number, block in enumerate(blocks):
        height = 0.18 + (0.72 * block.shape[0] / largest if len(block.shape) == 3 else 0)
        shade = "#9ecae1" if block.convolutions else "0.88"
        axis.add_patch(plt.Rectangle((number - 0.27, -height / 2), 0.54, height, facecolor=shade, edgecolor="black"))
        if number:
            arrow = {"arrowstyle": "-|>", "color": "black", "linewidth": 0.8}
            axis.annotate("", (number - 0.28, 0), (number - 0.72, 0), arrowprops=arrow)
        lines = [block.name, " x ".join(map(str, block.shape))]
        lines += [f"{block.convolutions} conv."] if block.convolutions else []
        lines += [f"{block.parameters:,} par."] if block.parameters else []
        axis.text(number, -0.52, "\n".join(lines), ha="center", va="top", fontsize=6)
    axis.annotate(
        f"{backbone.name}: {len(backbone.layers)} layers, {backbone.count_params():,} parameters",
        ((inside[0] + inside[-1]) / 2, 0.56), ha="center", fontsize=8,
    )  # fmt: skip
    axis.plot([inside[0] - 0.35, inside[-1] + 0.35], [0.52, 0.52], color="black", linewidth=1)
    axis.set(xlim=(-0.5, len(blocks) - 0.5), ylim=(-0.95, 0.68))
    axis.axis("off")
    figure.suptitle(
        f"The {network.name}: {network.count_params():,} parameters, from an image to the probability of dog"
    )
    save(figure, run_description, paths)


def _resolutions(backbone: keras.Model) -> list[Stage]:
    found: dict[tuple[int, int], Stage] = {}
    for layer in backbone._flatten_layers(include_self=False):
        shape = getattr(layer.output, "shape", ())
        if len(shape) != 4 or isinstance(layer, layers.InputLayer | layers.ZeroPadding2D | keras.Model):
            continue
        stage = found.setdefault(shape[1:3], Stage("", (), 0, 0))
        stage.shape = tuple(shape[1:])
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
