"""The layer that changes images as drawn."""

from collections.abc import Sequence

import keras
from keras import layers, ops

from snakedistill.networks.augmentation import TRANSFORMATIONS, active
from snakedistill.networks.augmentation.resampling import resampled


class Augmentation(layers.Layer):
    """Applies transformations to images as drawn, in their order; what moves pixels first, see `Transformation.place`.

    Args:
        names: keys of `TRANSFORMATIONS`.

    Call arguments:
        images: uint8 or float [n, height, width, channels].
        draws: values of each transformation, see `Transformation`.

    Returns:
        float32 [n, height, width, channels].
    """

    def __init__(self, names: Sequence[str], **kwargs) -> None:
        super().__init__(autocast=False, dtype="float32", **kwargs)
        self._names = list(names)

    def call(self, images, draws):
        images = ops.cast(images, "float32")
        changes = [(TRANSFORMATIONS[name], values) for name, values in zip(self._names, draws, strict=True)]
        together = any(one.apply is None for one, _ in changes)
        if together:
            images = resampled(images, [(one.place, values) for one, values in changes if one.place is not None])
        for one, values in changes:
            if one.apply is not None and not (together and one.place is not None):
                images = one.apply(images, values)
        return images

    def compute_output_shape(self, images_shape, draws_shape=()):  # Keras leaves out an argument without tensors
        return images_shape


def augmented_inputs(
    augmentation: dict, side: int
) -> tuple[list[keras.KerasTensor] | keras.KerasTensor, keras.KerasTensor]:
    """The inputs of a network that augments, and the changed images.

    Args:
        augmentation: settings by transformation.
        side: side of the images in pixels.

    Returns:
        Inputs: images uint8 [n, side, side, 3], then the draws of each active transformation, or the images alone, not
        in a list, where none is active; and the changed images, float32 [n, side, side, 3].
    """
    images = layers.Input((side, side, 3), dtype="uint8", name="image")
    names = active(augmentation)
    draws = [layers.Input(TRANSFORMATIONS[name].shape, name=name) for name in names]
    return [images, *draws] if draws else images, Augmentation(names)(images, draws)
