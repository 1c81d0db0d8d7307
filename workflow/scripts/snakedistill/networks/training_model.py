"""Networks with augmentation in front, to train in fused layers and to evaluate."""

import contextlib
from collections.abc import Iterator

import keras
from keras import layers, ops

from snakedistill.core.processor import computes_in_bfloat16
from snakedistill.core.targets import Loss, Targets, Tensor
from snakedistill.networks import fused
from snakedistill.networks.augmentation.layer import augmented_inputs
from snakedistill.networks.classifier import HEAD, logit_and_probability
from snakedistill.networks.frozen import takes_activations

ALL = "all"


class TrainingModel(keras.Model):
    """A model of logits, whose loss is a function of named targets and the logits to the loss of each image."""

    def compile(self, optimizer: keras.Optimizer, loss: Loss, metrics: list[keras.Metric]) -> None:
        super().compile(optimizer, metrics=metrics)
        self._loss_of_images = loss

    def compute_loss(
        self,
        x: Tensor = None,
        y: Targets | None = None,
        y_pred: Tensor = None,
        sample_weight: None = None,
        training: bool = True,
    ) -> Tensor:
        assert y is not None  # Keras's signature allows it
        of_images = self._loss_of_images(y, y_pred)
        return ops.sum(of_images) / ops.cast(ops.shape(of_images)[0], of_images.dtype)

    def compute_metrics(self, x: Tensor, y: Targets, y_pred: Tensor, sample_weight: None = None) -> dict[str, Tensor]:
        return super().compute_metrics(x, y["label"], y_pred)


def training_model(network: keras.Model, precision: str, augmentation: dict) -> TrainingModel:
    """A copy of `network` for training, see `fused_copy`, with augmentation in front.

    Its weights stand in the same order as those of `network`, so `get_weights` of one fits `set_weights` of the
    other.

    Args:
        network: a model that `build_network` returned.
        precision: see `fused_copy`.
        augmentation: settings by transformation.

    Returns:
        A model from images uint8 [n, h, w, 3] and the draws of each active transformation to logits, float32
        [n, outputs]. It takes the images alone where no transformation is active, and the activations alone where
        `network` takes those.
    """
    inputs, images = _inputs(network, augmentation)
    return TrainingModel(inputs, fused_copy(network, precision)(images), name=network.name)


def _inputs(network: keras.Model, augmentation: dict) -> tuple:
    """The inputs of a training model, and what the network takes of them, see `augmented_inputs`."""
    if not takes_activations(network):
        return augmented_inputs(augmentation, network.input.shape[1])
    activations = layers.Input(network.input.shape[1:], dtype=network.input.dtype, name=network.input.name)
    return activations, activations


@contextlib.contextmanager
def only(model: keras.Model, trains: str) -> Iterator[None]:
    """Within it only a part of a training model trains; the rest stays as it is, moving averages included.

    Args:
        model: a model that `training_model` returned.
        trains: `all`: what trains without this; `head`: the layer of the logits alone.
    """
    if trains == ALL:
        yield
        return
    every = list(model._flatten_layers())
    trainable = [layer.trainable for layer in every]
    for layer in model.get_layer(model.name).layers:
        layer.trainable = layer.trainable and layer.name == HEAD
    try:
        yield
    finally:
        for layer, value in zip(every, trainable, strict=True):  # from the outermost in, which sets its inner ones too
            layer.trainable = value


def freeze_batch_norm(model: keras.Model) -> None:
    """Leave all batch normalisations of a training model as they are while the rest trains."""
    for layer in model._flatten_layers():
        if isinstance(layer, layers.BatchNormalization):
            layer.trainable = False


def feature_model(network: keras.Model) -> keras.Model:
    """A model from images uint8 [n, h, w, 3] to what the head of a network takes, float32 [n, features]."""
    return of_pixels(keras.Model(network.input, network.get_layer(HEAD).input))


def of_pixels(model: keras.Model) -> keras.Model:
    """A model of images float32 [n, h, w, 3] as one of images uint8."""
    inputs, images = augmented_inputs({}, model.input.shape[1])
    return keras.Model(inputs, model(images))


def evaluation_model(network: keras.Model, augmentation: dict) -> keras.Model:
    """A network with augmentation in front, in float32.

    Returns:
        A model with the inputs of `training_model` and two results: logits and probabilities, float32
        [n, outputs] each.
    """
    inputs, images = augmented_inputs(augmentation, network.input.shape[1])
    return keras.Model(inputs, logit_and_probability(network)(images))


def faster_precision(network: keras.Model) -> str:
    """The precision in which a network trains faster on this processor, `float32` or `bfloat16`, by rule of thumb.

    It is bfloat16 on TensorFlow where the processor has instructions for it and no convolution is depthwise (measured:
    docs/performance.md).
    """
    depthwise = layers.DepthwiseConv2D | layers.SeparableConv2D
    if any(isinstance(layer, depthwise) for layer in network._flatten_layers()):
        return "float32"
    return "bfloat16" if keras.backend.backend() == "tensorflow" and computes_in_bfloat16() else "float32"


def fused_copy(network: keras.Model, precision: str) -> TrainingModel:
    """A copy of `network` in fused layers with the logits as its result.

    Args:
        network: a model that `build_network` returned.
        precision: `float32`, or `bfloat16` for bfloat16 arithmetic with float32 weights, batch statistics, depthwise
            convolutions and logits.

    Returns:
        A model from float32 [n, h, w, 3], RGB in [0, 255], to logits float32 [n, outputs].
    """
    policy = {"float32": "float32", "bfloat16": "mixed_bfloat16"}[precision]

    def fused_layer(layer: layers.Layer | keras.Operation) -> layers.Layer | keras.Operation:
        config = layer.get_config()
        if not isinstance(layer, layers.Layer):  # a sum or a product, as MobileNetV3 has them, has no dtype of its own
            return type(layer).from_config(config)
        in_float32 = isinstance(layer, layers.Rescaling | layers.DepthwiseConv2D)
        if not in_float32 and layer.name not in ("preprocessing", HEAD, "probability"):
            config["dtype"] = policy
        for initializer in {"kernel_initializer", "depthwise_initializer"} & config.keys():
            config[initializer] = "zeros"  # quicker than random ones, and overwritten below
        copy = fused_class(layer).from_config(config)
        copy.trainable = layer.trainable
        return copy

    copy = keras.models.clone_model(network, clone_function=fused_layer, recursive=True)
    copy.set_weights(network.get_weights())
    return TrainingModel(copy.input, copy.get_layer(HEAD).output, name=network.name)


def fused_class(layer: layers.Layer) -> type[layers.Layer]:
    """The class that trains in place of the layer's own: a fused one where there is one, else the layer's own."""
    if type(layer) is layers.BatchNormalization and layer.axis in (-1, 3) and layer.scale and layer.center:
        return fused.BatchNormalization
    if isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D):
        plain = layer.dilation_rate == (1, 1) and layer.data_format == "channels_last"
        if type(layer) is layers.Conv2D and plain and layer.groups == 1:
            return fused.Conv2D
        if type(layer) is layers.DepthwiseConv2D and plain and min(layer.kernel_size) > 3:
            return fused.DepthwiseConv2D
    return type(layer)
