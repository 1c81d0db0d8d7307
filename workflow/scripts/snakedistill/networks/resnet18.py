"""ResNet-18, after He et al. 2015 (arXiv:1512.03385)."""

import keras
from keras import layers


def build(name: str, image_size: int) -> keras.Model:
    """ResNet-18 without its top, after He et al. 2015 (arXiv:1512.03385), table 1 and option B shortcuts.

    `conv4_2_1` is the first convolution of the second block of stage conv4_x. He initialisation, no convolution
    biases, TensorFlow's "same" padding, Keras's batch normalisation. 11.2 M parameters.

    Args:
        name: of the model.
        image_size: side in pixels.

    Returns:
        A model from [n, image_size, image_size, 3] to the features of stage conv5_x,
        [n, ceil(image_size / 32), ceil(image_size / 32), 512].
    """

    def convolution(x, filters: int, kernel: int, stride: int, layer: str):
        initializer = "he_normal"
        x = layers.Conv2D(filters, kernel, stride, "same", use_bias=False, kernel_initializer=initializer, name=layer)(
            x
        )
        return layers.BatchNormalization(name=f"{layer}_bn")(x)

    def block(x, filters: int, stride: int, layer: str):
        residual = convolution(x, filters, 3, stride, f"{layer}_1")
        residual = layers.ReLU(name=f"{layer}_1_relu")(residual)
        residual = convolution(residual, filters, 3, 1, f"{layer}_2")
        if stride != 1 or x.shape[-1] != filters:
            x = convolution(x, filters, 1, stride, f"{layer}_shortcut")
        return layers.ReLU(name=f"{layer}_relu")(layers.Add(name=f"{layer}_add")([x, residual]))

    images = layers.Input((image_size, image_size, 3))
    x = convolution(images, 64, 7, 2, "conv1")
    x = layers.ReLU(name="conv1_relu")(x)
    x = layers.MaxPooling2D(3, 2, "same", name="conv2_pool")(x)
    for stage, filters in zip((2, 3, 4, 5), (64, 128, 256, 512), strict=True):
        x = block(x, filters, 1 if stage == 2 else 2, f"conv{stage}_1")
        x = block(x, filters, 1, f"conv{stage}_2")
    return keras.Model(images, x, name=name)
