import io
import math
import subprocess
import sys
import zipfile

import h5py
import keras
import numpy as np
import pytest

from snakedistill.core.errors import InputError
from snakedistill.core.processor import computes_in_bfloat16
from snakedistill.networks import fused, resnet18
from snakedistill.networks.augmentation.draws import draw, no_draws
from snakedistill.networks.backbones import BACKBONES, applications, is_saved, unusable
from snakedistill.networks.classifier import application, build_network, load_network, logit_and_probability
from snakedistill.networks.training_model import (
    evaluation_model,
    faster_precision,
    fused_class,
    fused_copy,
    training_model,
)
from snakedistill.teaching.losses import cross_entropy

IMAGES = np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3), dtype=np.uint8)
AUGMENTATION = {"shift": 0.2, "flip": True}


def all_layers(network):
    """The layers of a network, and of the networks in it."""
    for layer in network.layers:
        yield layer
        if isinstance(layer, keras.Model):
            yield from all_layers(layer)


def inputs(images, draws):
    return [images, *draws.values()] if draws else images


def test_resnet18_is_the_papers():
    network = build_network("classic-0", 224, "resnet18")
    trainable = sum(int(np.prod(w.shape)) for w in network.trainable_weights)
    assert trainable == 11_176_512 + 512 + 1  # the convolutions and normalisations of ResNet-18, and the last layer
    extractor = network.get_layer("resnet18")
    shapes = {f"conv{stage}": extractor.get_layer(f"conv{stage}_2_relu").output.shape[1:] for stage in (2, 3, 4, 5)}
    assert shapes == {"conv2": (56, 56, 64), "conv3": (28, 28, 128), "conv4": (14, 14, 256), "conv5": (7, 7, 512)}
    assert extractor.get_layer("conv1").kernel.shape == (7, 7, 3, 64)
    convolutions = [layer for layer in extractor.layers if isinstance(layer, keras.layers.Conv2D)]
    assert len(convolutions) == 17 + 3  # and three shortcuts; with the last layer, 18 layers with weights
    assert not any(layer.use_bias for layer in convolutions)
    assert network.get_layer("average_pool").output.shape == (None, 512)


def test_the_teacher_is_resnet50_with_the_papers_head():
    network = build_network("teacher", 64, "resnet50", dropout=0.5)
    assert network.get_layer("average_pool").output.shape == (None, 2048)
    assert network.get_layer("dropout").rate == 0.5
    assert network.get_layer("logit").kernel.shape == (2048, 1)
    assert network.output.shape == (None, 1)
    assert all(layer.trainable for layer in all_layers(network))


def test_images_are_divided_by_255():
    np.testing.assert_allclose(
        build_network("classic-0", 64, "resnet18").get_layer("preprocessing")(np.float32([[[[0, 51, 255]]]])),
        [[[[0, 0.2, 1]]]],
    )


@pytest.mark.parametrize("backbone", ["resnet50", "mobilenetv2", "densenet121"])
def test_imagenet_preprocessing_is_the_networks_own(backbone):
    module = {"resnet50": "resnet50", "mobilenetv2": "mobilenet_v2", "densenet121": "densenet"}[backbone]
    layer = build_network("teacher", 64, backbone, preprocessing="imagenet").get_layer("preprocessing")
    expected = getattr(keras.applications, module).preprocess_input(IMAGES.astype(np.float32))
    np.testing.assert_allclose(layer(IMAGES.astype(np.float32)), expected, atol=1e-4)
    assert not layer.trainable


def test_batch_norm_momentum_reaches_every_layer():
    network = build_network("teacher", 64, "mobilenetv2", batch_norm_momentum=0.8)
    momenta = [layer.momentum for layer in all_layers(network) if isinstance(layer, keras.layers.BatchNormalization)]
    assert len(momenta) == 52
    assert set(momenta) == {0.8}


@pytest.mark.parametrize("augmentation", [AUGMENTATION, {"flip": True}, {}, {"shift": 0, "flip": False}])
def test_the_training_model_answers_as_the_network_and_its_weights_fit(augmentation):
    network = build_network("classic-0", 64, "resnet18", dropout=0.3)
    training, evaluation = training_model(network, "float32", augmentation), evaluation_model(network, augmentation)
    logit, probability = logit_and_probability(network)(IMAGES)
    given = inputs(IMAGES, no_draws(augmentation, 4))
    np.testing.assert_allclose(training(given), logit, atol=2e-5)
    np.testing.assert_allclose(probability, 1 / (1 + np.exp(-np.asarray(logit))), atol=1e-6)
    for mine, its in zip(evaluation(given), (logit, probability), strict=True):
        np.testing.assert_allclose(mine, its, atol=2e-5)
    assert len(training.weights) == len(network.weights) == 20 + 20 * 4 + 2
    for mine, its in zip(network.weights, training.weights, strict=True):
        assert mine.shape == its.shape
        assert mine.path.split("/")[-2:] == its.path.split("/")[-2:]


def test_draws_change_what_the_training_model_sees():
    network = build_network("classic-0", 64, "resnet18")
    draws = draw(AUGMENTATION, 0, "classic-0", "train", 1, 4, 64)
    draws["flip"][:] = (1, 0, 1, 0)
    given, mirrored = inputs(IMAGES, draws | {"shift": np.zeros((4, 2), np.float32)}), IMAGES.copy()
    mirrored[::2] = IMAGES[::2, :, ::-1]
    logit, _ = logit_and_probability(network)(mirrored)
    np.testing.assert_allclose(training_model(network, "float32", AUGMENTATION)(given), logit, atol=2e-5)
    plain, _ = logit_and_probability(network)(IMAGES)
    assert np.abs(np.asarray(plain - logit)[::2]).min() > 1e-4


def test_one_training_step_is_the_same_with_fused_and_with_keras_layers():
    network = build_network("classic-0", 64, "resnet18")
    training = training_model(network, "float32", {})
    plain = keras.Model(network.input, network.get_layer("logit").output)
    labels = np.float32([[0], [1], [0.3], [0.9]])
    training.compile(fused.Adam(1e-5), cross_entropy, [])
    plain.compile(keras.optimizers.Adam(1e-5), keras.losses.BinaryCrossentropy(from_logits=True), run_eagerly=True)
    targets = {"label": labels}
    losses = [(training.train_on_batch(IMAGES, targets), plain.train_on_batch(IMAGES, labels)) for _ in range(3)]
    np.testing.assert_allclose(*zip(*losses, strict=True), rtol=1e-3)
    moments = [(a, b) for a, b in zip(training.weights, plain.weights, strict=True) if "moving" in a.path]
    assert len(moments) == 40
    for fused_moment, keras_moment in moments:
        np.testing.assert_allclose(fused_moment, keras_moment, rtol=5e-3, atol=1e-3)


ALL_KERNELS = {"Conv2D", "Conv2DBackpropInput", "Conv2DBackpropFilter"}


def test_layers_that_a_fused_one_can_replace_are_replaced():
    layers = keras.layers
    for layer, expected in (
        (layers.Conv2D(1, 3), fused.Conv2D),
        (layers.Conv2D(1, 3, dilation_rate=2), layers.Conv2D),
        (layers.Conv2D(2, 3, groups=2), layers.Conv2D),
        (layers.DepthwiseConv2D(3), layers.DepthwiseConv2D),
        (layers.DepthwiseConv2D(5), fused.DepthwiseConv2D),
        (layers.DepthwiseConv2D(5, dilation_rate=2), layers.DepthwiseConv2D),
        (layers.BatchNormalization(), fused.BatchNormalization),
        (layers.BatchNormalization(scale=False), layers.BatchNormalization),
        (layers.Dense(1), layers.Dense),
    ):
        assert fused_class(layer) is expected
    copy = fused_copy(build_network("classic-0", 32, "resnet18"), "float32")
    kinds = [type(layer) for layer in all_layers(copy)]
    assert (kinds.count(fused.Conv2D), kinds.count(fused.BatchNormalization)) == (20, 20)


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize(
    ("dtype", "side", "kernel", "stride", "kernels"),
    [
        ("float32", 1, 1, 1, set()),
        ("float32", 3, 3, 1, set()),
        ("float32", (5, 4), (3, 2), 2, set()),
        ("float32", 2, 1, 1, set()),
        ("float32", 5, 1, 2, set()),
        ("float32", 8, 3, 1, ALL_KERNELS),
        ("mixed_bfloat16", 3, 3, 1, set()),
        ("float32", 8, 1, 1, set()),
        ("mixed_bfloat16", 7, 1, 1, set()),
        ("mixed_bfloat16", 7, 1, 2, {"Conv2D", "Conv2DBackpropInput"}),
        ("mixed_bfloat16", (7, 6), 3, 1, {"Conv2D", "Conv2DBackpropInput"}),
        ("mixed_bfloat16", (13, 11), 3, 2, {"Conv2D", "Conv2DBackpropInput"}),
        ("mixed_bfloat16", 10, 3, 1, ALL_KERNELS),
    ],
)
def test_the_fused_convolution_is_keras_convolution(dtype, side, kernel, stride, padding, kernels):
    """Outputs and gradients; with few positions in the output without TensorFlow's kernels of convolutions."""
    rng = np.random.default_rng(0)
    side, kernel = ((size, size) if isinstance(size, int) else size for size in (side, kernel))
    if padding == "valid":  # as many positions as with "same"
        side = tuple(stride * (math.ceil(size / stride) - 1) + taps for size, taps in zip(side, kernel, strict=True))
    images = rng.normal(size=(3, *side, 5)).astype(np.float32)
    layers = [
        cls(7, kernel, stride, padding, activation="relu", dtype=dtype) for cls in (fused.Conv2D, keras.layers.Conv2D)
    ]
    weights = [rng.normal(size=(*kernel, 5, 7)), rng.normal(size=7)]
    (mine, my_operations), (its, its_operations) = (outputs_and_gradients(layer, images, weights) for layer in layers)
    assert {operation.type for operation in my_operations} & ALL_KERNELS == kernels
    assert {operation.type for operation in its_operations} & ALL_KERNELS == ALL_KERNELS
    assert_close(mine, its, 1e-4 if dtype == "float32" else 0.02)


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize(("side", "kernel", "stride"), [((6, 7), 5, 1), ((9, 12), 5, 2), (7, (5, 7), 1), (3, 5, 1)])
@pytest.mark.parametrize("depth", [1, 2])
def test_the_fused_depthwise_convolution_is_keras_depthwise_convolution(side, kernel, stride, padding, depth):
    """Outputs and gradients; the gradient of the kernel has its padding in pixels, as TensorFlow's own kernel asks."""
    side, kernel = ((size, size) if isinstance(size, int) else size for size in (side, kernel))
    if padding == "valid":
        side = tuple(size + taps - 1 for size, taps in zip(side, kernel, strict=True))
    rng = np.random.default_rng(0)
    images = rng.normal(size=(3, *side, 4)).astype(np.float32)
    settings = {"strides": stride, "padding": padding, "depth_multiplier": depth, "activation": "relu"}
    weights = [rng.normal(size=(*kernel, 4, depth)), rng.normal(size=4 * depth)]
    (mine, operations), (its, _) = (
        outputs_and_gradients(cls(kernel, **settings), images, weights)
        for cls in (fused.DepthwiseConv2D, keras.layers.DepthwiseConv2D)
    )
    (of_kernel,) = (one for one in operations if one.type == "DepthwiseConv2dNativeBackpropFilter")
    assert of_kernel.get_attr("padding") == b"EXPLICIT"
    assert_close(mine, its, 1e-5)


def outputs_and_gradients(layer, images, weights):
    """Outputs [n, ...] of a layer, the gradients of the sum of their squares, and the operations that compute them."""
    import tensorflow as tf

    layer.build(images.shape)
    layer.set_weights(weights)

    @tf.function(input_signature=[tf.TensorSpec((None, *images.shape[1:]))])
    def function(images):
        with tf.GradientTape() as tape:
            tape.watch(images)
            outputs = tf.cast(layer(images), tf.float32)
            total = tf.reduce_sum(outputs**2)
        return [outputs, *tape.gradient(total, [images, *(variable.value for variable in layer.trainable_variables)])]

    return function(images), function.get_concrete_function().graph.get_operations()


def assert_close(mine, its, tolerance):
    """Relative to the largest value."""
    for one, other in zip(mine, its, strict=True):
        np.testing.assert_allclose(one, other, atol=tolerance * np.abs(other).max())


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-4), ("mixed_bfloat16", 0.05)])
def test_fused_batch_normalisation_is_keras_batch_normalisation(dtype, tolerance):
    images = np.random.default_rng(0).normal(2, 3, (6, 5, 5, 4)).astype(np.float32)
    mine, its = (cls(momentum=0.9, dtype=dtype) for cls in (fused.BatchNormalization, keras.layers.BatchNormalization))
    for training in (True, True, False):
        outputs = [np.asarray(layer(images, training=training)).astype(np.float32) for layer in (mine, its)]
        np.testing.assert_allclose(*outputs, atol=tolerance)
    for a, b in zip(mine.weights, its.weights, strict=True):
        assert a.dtype == "float32"
        np.testing.assert_allclose(a, b, rtol=max(tolerance, 1e-4), atol=tolerance)


def test_bfloat16_keeps_weights_statistics_and_logit_in_float32():
    training = training_model(build_network("classic-0", 64, "resnet18"), "bfloat16", AUGMENTATION)
    assert {w.dtype for w in training.weights} == {"float32"}
    assert training.output.dtype == "float32"
    computed = {layer.name: layer.compute_dtype for layer in all_layers(training)}
    assert computed["conv3_1_1"] == "bfloat16"
    assert computed["logit"] == computed["preprocessing"] == "float32"
    mobile = training_model(build_network("classic-0", 32, "mobilenetv2"), "bfloat16", AUGMENTATION)
    computed = {layer.name: layer.compute_dtype for layer in all_layers(mobile)}
    assert (computed["block_1_expand"], computed["block_1_depthwise"]) == ("bfloat16", "float32")


def test_the_faster_precision_depends_on_processor_and_network(monkeypatch, tmp_path):
    cpuinfo = tmp_path / "cpuinfo"
    assert not computes_in_bfloat16(cpuinfo)
    for flags, expected in (("avx512f avx512_bf16 fma", True), ("amx_bf16", True), ("avx2 amx_bf16x bf16", False)):
        cpuinfo.write_text(f"flags\t: fpu {flags}\n")
        assert computes_in_bfloat16(cpuinfo) is expected
    resnet, mobile = (build_network("classic-0", 32, backbone) for backbone in ("resnet18", "mobilenetv2"))
    for able, expected in ((True, "bfloat16"), (False, "float32")):
        monkeypatch.setattr("snakedistill.networks.training_model.computes_in_bfloat16", lambda able=able: able)
        assert faster_precision(resnet) == expected
        assert faster_precision(mobile) == "float32"


def test_a_saved_network_needs_nothing_of_this_project(tmp_path):
    network = build_network("classic-0", 32, "resnet18")
    network.save(tmp_path / "a.keras")
    np.save(tmp_path / "expected.npy", network(IMAGES[:, :32, :32]))
    np.save(tmp_path / "images.npy", IMAGES[:, :32, :32])
    code = (
        "import keras, numpy as np; "
        "got = keras.saving.load_model('a.keras')(np.load('images.npy')); "
        "np.testing.assert_allclose(got, np.load('expected.npy'), atol=1e-6)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)


def test_a_saved_feature_extractor_becomes_a_teacher(tmp_path):
    extractor = keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(64, 64, 3), pooling="avg")
    extractor.save(tmp_path / "extractor.keras")
    network = build_network("teacher", 64, str(tmp_path / "extractor.keras"), preprocessing="none")
    expected = extractor(IMAGES.astype(np.float32))
    features = keras.Model(network.input, network.get_layer("logit").input)
    np.testing.assert_allclose(features(IMAGES), expected, atol=1e-5)
    assert training_model(network, "bfloat16", {}).count_params() == network.count_params()


@pytest.mark.parametrize("backbone", ["resnet18", "mobilenetv2", "efficientnetb0", "extractor"])
def test_every_weight_comes_back_from_a_saved_network(tmp_path, backbone):
    """Kernels, moving averages, and what a normalisation has adapted to, in backbones inside backbones too."""
    if backbone == "extractor":
        inner = keras.applications.EfficientNetB0(include_top=False, weights=None, input_shape=(32, 32, 3))
        images = keras.layers.Input((32, 32, 3))
        outer = keras.Sequential([keras.layers.Normalization(), inner, keras.layers.BatchNormalization()])
        keras.Model(images, outer(images)).save(tmp_path / "extractor.keras")
        backbone = str(tmp_path / "extractor.keras")
    network = build_network("classic-0", 32, backbone, dropout=0.5)
    rng = np.random.default_rng(0)
    given = [rng.uniform(1, 9, weight.shape).astype(weight.dtype) for weight in network.weights]
    network.set_weights(given)
    network.save(tmp_path / "a.keras")
    loaded = load_network(str(tmp_path / "a.keras"))
    assert [weight.path for weight in loaded.weights] == [weight.path for weight in network.weights]
    for mine, its in zip(loaded.get_weights(), given, strict=True):
        np.testing.assert_array_equal(mine, its)


@keras.saving.register_keras_serializable("test")
class Blocks(keras.layers.Layer):
    """Has its sublayers in nested lists only."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.blocks = [[keras.layers.Conv2D(2, 1)], [keras.layers.Conv2D(3, 1)]]

    def build(self, shape):
        self.blocks[0][0].build(shape)
        self.blocks[1][0].build((*shape[:-1], 2))
        self.built = True

    def call(self, images):
        return self.blocks[1][0](self.blocks[0][0](images))


@pytest.mark.parametrize("lacking", [False, True])
def test_a_file_that_lacks_weights_which_keras_would_replace_by_random_ones_says_so(tmp_path, lacking):
    images = keras.layers.Input((8, 8, 3))
    network = keras.Model(images, Blocks()(images))
    network.save(tmp_path / "a.keras")
    if lacking:  # as older versions of Keras wrote it
        with zipfile.ZipFile(tmp_path / "a.keras") as whole:
            parts = {name: whole.read(name) for name in whole.namelist()}
        stored = io.BytesIO(parts["model.weights.h5"])
        with h5py.File(stored, "r+") as file:
            del file["layers/blocks/blocks/container"], file["layers/blocks/blocks/container_1"]
        with zipfile.ZipFile(tmp_path / "a.keras", "w") as torn:
            for name, data in (parts | {"model.weights.h5": stored.getvalue()}).items():
                torn.writestr(name, data)
        with pytest.raises(InputError, match=r"a\.keras cannot be loaded as a Keras model: it lacks the weights"):
            load_network(str(tmp_path / "a.keras"))
    else:
        for mine, its in zip(load_network(str(tmp_path / "a.keras")).get_weights(), network.get_weights(), strict=True):
            np.testing.assert_array_equal(mine, its)


def test_notop_weights_are_loaded_from_a_path(tmp_path):
    source = keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(64, 64, 3))
    source.save_weights(tmp_path / "notop.weights.h5")
    network = build_network("teacher", 64, "mobilenetv2", weights=str(tmp_path / "notop.weights.h5"))
    for mine, its in zip(network.weights, source.weights, strict=False):
        np.testing.assert_array_equal(mine, its)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"backbone": "resnet51"},
            r"one of resnet18, .*resnet50.*, got 'resnet51'; did you mean resnet",
        ),
        ({"backbone": "nowhere.keras"}, "no file .*nowhere.keras"),
        ({"backbone": "resnet18", "preprocessing": "imagenet"}, "expected paper or none with resnet18, which has no"),
        ({"backbone": "mobilenetv2", "weights": "nowhere.h5"}, "nowhere.h5 do not fit mobilenetv2"),
    ],
)
def test_what_cannot_be_built_says_why(arguments, message):
    with pytest.raises(InputError, match=message):
        build_network("teacher", 64, **arguments)


def test_backbones_that_cannot_be_used_are_known_before_anything_is_built():
    assert "resnet18" in BACKBONES
    assert applications()["resnet50"][0] == "ResNet50"
    assert application("mobilenetv2") is keras.applications.MobileNetV2
    for backbone, size in (("resnet18", 8), ("resnet50", 32), ("a/of/mine.keras", 1), ("inceptionv3", 75)):
        assert unusable(backbone, size) is None
    assert unusable("inceptionv3", 74) == "expected an image_size of at least 75 with inceptionv3, got 74"
    assert "that can be exported to ONNX, got 'convnexttiny'" in unusable("convnexttiny", 224)
    assert unusable("ResNet50", 224).endswith("or a path that ends in .keras, got 'ResNet50'; did you mean resnet50?")
    assert is_saved("mine.keras") and not is_saved("mine.onnx")


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.99])
def test_a_truncated_model_says_so(tmp_path, share):
    build_network("teacher", 32, "mobilenetv2").save(tmp_path / "whole.keras")
    data = (tmp_path / "whole.keras").read_bytes()
    (tmp_path / "a.keras").write_bytes(data[: int(share * len(data))])
    with pytest.raises(InputError, match=r"a\.keras cannot be loaded as a Keras model"):
        load_network(str(tmp_path / "a.keras"))


@pytest.mark.parametrize("share", [0, 0.5, 0.99])
def test_truncated_weights_say_so(tmp_path, share):
    source = keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(32, 32, 3))
    source.save_weights(tmp_path / "whole.weights.h5")
    data = (tmp_path / "whole.weights.h5").read_bytes()
    (tmp_path / "a.weights.h5").write_bytes(data[: int(share * len(data))])
    with pytest.raises(InputError, match=r"a\.weights\.h5 do not fit mobilenetv2"):
        build_network("teacher", 32, "mobilenetv2", weights=str(tmp_path / "a.weights.h5"))


def test_weights_of_another_network_say_so(tmp_path):
    resnet18.build("resnet18", 32).save_weights(tmp_path / "a.weights.h5")
    with pytest.raises(InputError, match=r"a\.weights\.h5 do not fit mobilenetv2.*objects could not be loaded"):
        build_network("teacher", 32, "mobilenetv2", weights=str(tmp_path / "a.weights.h5"))


def test_code_inside_a_model_is_never_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    side_effect = tmp_path / "run"
    images = keras.layers.Input((32, 32, 3))
    layer = keras.layers.Lambda(lambda x: __import__("pathlib").Path("run").touch() or x)
    keras.Model(images, layer(images)).save(tmp_path / "a.keras")
    side_effect.unlink()
    with pytest.raises(InputError, match=r"a\.keras cannot be loaded as a Keras model: .*Lambda"):
        build_network("teacher", 32, str(tmp_path / "a.keras"))
    assert not side_effect.exists()


def test_resnet18_halves_the_image_five_times():
    assert resnet18.build("resnet18", 48).output.shape == (None, 2, 2, 512)
