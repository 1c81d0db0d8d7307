"""EfficientNet-Lite: EfficientNet without squeeze-and-excitation, with ReLU6, for mobile processors and int8."""

import math

import keras
import numpy as np
from keras import layers

# Kernel, stride, expansion, filters and repeats of each stage of EfficientNet-B0: Tan and Le 2019 (arXiv:1905.11946).
STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
# Multipliers of filters and of repeats.
SCALES = {"efficientnet_lite0": (1.0, 1.0), "efficientnet_lite1": (1.0, 1.1), "efficientnet_lite2": (1.1, 1.2)}
STEM, HEAD = 32, 1280  # filters of the first and the last convolution, the same in all sizes
DIVISOR = 8  # of all numbers of filters


def build(name: str, image_size: int) -> keras.Model:
    """EfficientNet-Lite 0, 1 or 2 without its top, with TensorFlow's "same" padding.

    The network is that of Tan and Le 2019 (arXiv:1905.11946) without squeeze-and-excitation, with ReLU6 in place of
    swish, and with stem, head, and repeats of the first and the last stage that do not grow.

    Args:
        name: key of `SCALES`.
        image_size: side in pixels.

    Returns:
        A model from [n, image_size, image_size, 3], as `preprocess_input` gives them, to features
        [n, ceil(image_size / 32), ceil(image_size / 32), 1280].
    """
    width, depth = SCALES[name]

    def normalised(x, layer: str, relu: bool = True):
        x = layers.BatchNormalization(epsilon=1e-3, name=f"{layer}_bn")(x)
        return layers.ReLU(6, name=f"{layer}_relu")(x) if relu else x

    def convolution(x, filters: int, kernel: int, stride: int, layer: str, relu: bool = True):
        x = layers.Conv2D(filters, kernel, stride, "same", use_bias=False, name=layer)(x)
        return normalised(x, layer, relu)

    def block(x, kernel: int, stride: int, expansion: int, filters: int, layer: str):
        inner = x
        if expansion != 1:
            inner = convolution(inner, expansion * x.shape[-1], 1, 1, f"{layer}_expand")
        inner = layers.DepthwiseConv2D(kernel, stride, "same", use_bias=False, name=f"{layer}_depthwise")(inner)
        inner = normalised(inner, f"{layer}_depthwise")
        inner = convolution(inner, filters, 1, 1, f"{layer}_project", relu=False)
        if stride == 1 and filters == x.shape[-1]:
            inner = layers.Add(name=f"{layer}_add")([inner, x])
        return inner

    images = layers.Input((image_size, image_size, 3))
    x, number = convolution(images, STEM, 3, 2, "stem"), 0
    for stage, (kernel, stride, expansion, filters, repeats) in enumerate(STAGES):
        grows = stage not in (0, len(STAGES) - 1)
        for repeat in range(math.ceil(depth * repeats) if grows else repeats):
            x = block(x, kernel, 1 if repeat else stride, expansion, _scaled(filters, width), f"block{number}")
            number += 1
    return keras.Model(images, convolution(x, HEAD, 1, 1, "head"), name=name)


def preprocess_input(images: np.ndarray) -> np.ndarray:
    """Images in [0, 255] as the ImageNet weights expect them, (x - 127) / 128."""
    return (images - 127) / 128


def _scaled(filters: int, width: float) -> int:
    """The multiple of `DIVISOR` nearest to width times filters, but not less than nine tenths of that."""
    scaled = width * filters
    nearest = max(DIVISOR, int(scaled + DIVISOR / 2) // DIVISOR * DIVISOR)
    return nearest if nearest >= 0.9 * scaled else nearest + DIVISOR
