"""What pretrained weights go with: their own preprocessing, a low learning rate, and images that are not too small."""

from snakedistill.networks import backbones
from snakedistill.training.optimisers import OPTIMISERS

STRIDE = 32
"""Pixels between the places of the features, of nearly all networks with ImageNet weights."""
LEAST_SIDE = 2 * STRIDE
"""With one place for the whole image, most of what the last layers see is the padding around it."""
SMALL_SIDE = 3 * STRIDE
"""From here on there is a place that does not touch the border."""
HIGHEST_RATE = 1e-3
"""Of an adaptive optimiser, whose steps are about so large for every weight: ImageNet's are about 0.01 to 0.1."""


def contradictions(name: str, recipe: dict) -> list[str]:
    """What cannot be meant of a complete recipe's backbone, weights, preprocessing and image size.

    Args:
        name: the key of the configuration that says the recipe.
        recipe: the complete recipe.
    """
    backbone, weights, preprocessing = recipe["backbone"], recipe["weights"], recipe["preprocessing"]
    has_own = backbones.has_imagenet_weights(backbone)
    lines = []
    if (wrong := backbones.unusable(backbone, recipe["image_size"])) is not None:
        return [f"{name}.backbone: {wrong}"]
    if backbones.is_saved(backbone) and weights is not None:
        lines.append(f"{name}.weights: expected null with a saved backbone, which has its own, got {weights!r}")
    if backbone in backbones.BACKBONES and weights == "imagenet" and not has_own:
        lines.append(
            f"{name}.weights: expected null or a path with {backbone}, which has no ImageNet weights, got imagenet"
        )
    if preprocessing == "imagenet" and not has_own:
        lines.append(
            f"{name}.preprocessing: expected paper or none with {backbone}, got imagenet, which networks with "
            "ImageNet weights have"
        )
    if weights != "imagenet" or not has_own:
        return lines
    if backbones.rescales(backbone) and preprocessing == "paper":
        lines.append(
            f"{name}.preprocessing: expected imagenet or null with {backbone}, which rescales images itself, got paper"
        )
    if not backbones.rescales(backbone) and preprocessing == "none":
        lines.append(
            f"{name}.preprocessing: expected imagenet or null with {backbone}, whose ImageNet weights know no pixel "
            "values from 0 to 255, got none"
        )
    if recipe["image_size"] < LEAST_SIDE:
        lines.append(
            f"{name}.image_size: expected at least {LEAST_SIDE} with ImageNet weights, got {recipe['image_size']}: "
            f"features are {STRIDE} pixels apart, so there is one for the whole image. Give larger images, or weights: "
            "null"
        )
    return lines


def warnings(name: str, recipe: dict) -> list[str]:
    """Sentences, without a full stop, on a backbone that was not tried, and on what is seldom meant with its weights.

    Weights are pretrained that are ImageNet's by name, and those of a saved extractor that is such a network by its own
    name.

    Args:
        name: the key of the configuration that says the recipe.
        recipe: the complete recipe.
    """
    backbone, preprocessing, size = recipe["backbone"], recipe["preprocessing"], recipe["image_size"]
    saved = backbones.saved_network(backbone) if backbones.is_saved(backbone) else None
    lines = []
    if not backbones.is_saved(backbone) and backbone not in backbones.TESTED:
        lines.append(
            f"{name}.backbone is {backbone}, which this project has not tried: docs/backbones.md lists those that "
            "train, export and quantise"
        )
    if recipe["weights"] != "imagenet" and saved is None:
        return lines
    if saved is None and preprocessing == "paper":
        lines.append(
            f"{name} gives ImageNet weights other pixel values than they know: preprocessing is paper, theirs is "
            "imagenet (or null)"
        )
    if saved is not None and backbones.saved_network(backbone, bare=True) and not backbones.rescales(backbone):
        lines.append(
            f"{name}.backbone is {saved} without its preprocessing: ImageNet weights do not know the pixel values of "
            f"preprocessing {preprocessing}; backbone: {saved} with weights: imagenet has it"
        )
    adaptive = OPTIMISERS[recipe["optimiser"]].adaptive
    if adaptive and recipe["epochs"] > 0 and recipe["learning_rate"] > HIGHEST_RATE:
        lines.append(
            f"{name}.learning_rate is {recipe['learning_rate']:g}: rates above {HIGHEST_RATE:g} lose what ImageNet "
            "weights know; 0.0001 is a good one"
        )
    if size < SMALL_SIDE:
        lines.append(
            f"{name}.image_size is {size}: ImageNet weights were trained at about 224 pixels, and below {SMALL_SIDE} "
            "they see little but the border of an image"
        )
    return lines
