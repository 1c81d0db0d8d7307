"""What a training run is of, and what it needs to begin: networks, images, labels and the loss."""

import math
from dataclasses import asdict, dataclass, field
from typing import Any

import keras
import numpy as np

from snakedistill.core.by_image import ByImage
from snakedistill.core.errors import InputError
from snakedistill.core.files import read_csv
from snakedistill.core.lineage import check_lineage, read_labels, training_settings
from snakedistill.core.network_ids import TEACHER
from snakedistill.core.outputs import outputs_of_classes
from snakedistill.core.parts import TRAIN, VALIDATION
from snakedistill.core.targets import Hook, Loss, Targets, changed
from snakedistill.data.images import Images, JoinedImages, MappedImages
from snakedistill.networks.augmentation import mixing
from snakedistill.networks.augmentation.draws import random_stream
from snakedistill.networks.classifier import build_network, load_network
from snakedistill.networks.frozen import cut
from snakedistill.networks.training_model import (
    TrainingModel,
    evaluation_model,
    faster_precision,
    feature_model,
    freeze_batch_norm,
    training_model,
)
from snakedistill.teaching import taught
from snakedistill.teaching.class_weights import BALANCED, balanced_weights
from snakedistill.teaching.consistent import labels_of_views
from snakedistill.teaching.losses import weight_of_images, weighted
from snakedistill.teaching.way import Way
from snakedistill.training.activations import StoredActivations
from snakedistill.training.batches import mixed_targets
from snakedistill.training.checkpoints import fingerprint_of_training
from snakedistill.training.launches import Forward, forward_for, near_the_device
from snakedistill.training.phases import Phase, phases_of
from snakedistill.training.validation import Validation

FROZEN = "frozen"
"""The value of the recipe's `batch_norm` that leaves batch normalisations as they are."""


@dataclass(frozen=True, kw_only=True)
class TrainingRun:
    """What is trained, how, and from which files.

    Attributes:
        network_id: for example `soft-3`; it keys the random draws, together with `seed`.
        way: how it is taught, a key of `teaching.WAYS`.
        options: of the way to teach, settings by key of `teaching.OPTIONS`.
        recipe: the config's `teacher` or `student` keys, complete.
        image_size: side in pixels.
        precision: `float32` or `bfloat16`, of the training run alone; `auto`: see `faster_precision`.
        seed: training seed, of the initial weights, the order of images, Dropout and the augmentation.
        classes: names; the position of a name is its label.
        arrays: path of the images by part.
        splits: CSV with image_id and split, in the order of the arrays.
        labels: file with image_id and label of every image.
        activations: of the layers that the recipe leaves frozen, by part, see `write_activations`; empty without.
        backbone: overrides the recipe's, where the file is elsewhere.
        weights: file of the backbone's weights, or None.
        source: id of the source of labels, where it answers the augmented images in training or gives its weights;
            else None.
        source_model: its .keras file.
        initial: .keras file of the source with whose weights it begins; None: those of the backbone.
        source_arrays: path of the images that it answers, by part (`train`, and `unlabelled` where those join); empty
            where it takes the pixels of the network.
        unlabelled: files of images without a manual label that join those of train: `images`, the array, and `labels`,
            in the order of the array; empty for none.
        stop_after: of a stage of the teacher: the epochs after which its training run stops; it has the draws and
            initial weights of the teacher. None: after the recipe's.
        code: fingerprint of the code; a checkpoint from different code is not resumed.
    """

    network_id: str
    way: str
    options: dict = field(default_factory=dict)
    recipe: dict
    image_size: int
    precision: str
    seed: int
    classes: list[str]
    arrays: dict[str, str]
    splits: str
    labels: str
    activations: dict[str, str] = field(default_factory=dict)
    backbone: str | None = None
    weights: str | None = None
    source: str | None = None
    source_model: str | None = None
    initial: str | None = None
    source_arrays: dict[str, str] = field(default_factory=dict)
    unlabelled: dict[str, str] = field(default_factory=dict)
    stop_after: int | None = None
    code: str = ""

    @property
    def drawn_as(self) -> str:
        """The network whose random draws the training run has."""
        return self.network_id if self.stop_after is None else TEACHER

    @property
    def settings(self) -> dict:
        """What determines the model, as its lineage has it."""
        backend = keras.backend.backend()
        return training_settings(self.recipe, self.image_size, self.precision, backend, self.options)

    @property
    def made_from(self) -> dict[str, str]:
        """The files that the model is made from, as its lineage has them."""
        found = {"splits": self.splits, "labels": self.labels}
        found |= {"source": model} if (model := self.source_model or self.initial) else {}
        return found | ({"unlabelled": self.unlabelled["labels"]} if self.unlabelled else {})

    @property
    def seen(self) -> dict[str, str]:
        """What trains sees of the images, by part: activations of frozen layers where there are some, else pixels."""
        return self.activations or self.arrays

    @property
    def files(self) -> list[str]:
        """Every file that is read."""
        parts = [self.seen[part] for part in (TRAIN, VALIDATION)]
        given = filter(None, (self.backbone, self.weights, self.source_model, self.initial))
        return [self.splits, self.labels, *parts, *given, *self.source_arrays.values(), *self.unlabelled.values()]


@dataclass(frozen=True)
class Prepared:
    """A training run that can begin.

    Attributes:
        run: what is trained.
        phases: of the training run, in their order.
        network: what is saved in the end, in Keras's own layers.
        trained: the part of it that trains, which shares its weights; all of it where nothing is frozen.
        features: from what `trained` takes to what the head takes, see `feature_model`.
        above: of frozen layers what is above them, see `Cut.answers`; None where nothing is frozen.
        model: what is trained, see `training_model`; not compiled.
        precision: `float32` or `bfloat16`.
        images: by part.
        images_of_source: those of train with the pixels of a source that answers; None where they are the network's.
        targets: by part, in the order of the images, see `batches`.
        hooks: what changes the targets of a batch before the model trains on it.
        class_weights: weight of each class in the loss, float64 [K]; None where all count the same.
        loss: of targets and logits, with the weights of the classes.
        forward: from inputs as `batches` yields them to the logits of the model.
        validation: what the validation part says of the model.
        manual: manual labels of the validation part, int [n].
    """

    run: TrainingRun
    phases: tuple[Phase, ...]
    network: keras.Model
    trained: keras.Model
    features: keras.Model
    above: keras.Model | None
    model: TrainingModel
    precision: str
    images: dict[str, Images]
    images_of_source: Images | None
    targets: dict[str, Targets]
    hooks: tuple[Hook, ...]
    class_weights: np.ndarray | None
    loss: Loss
    forward: Forward
    validation: Validation
    manual: np.ndarray

    def weights_of_images(self, part: str) -> np.ndarray:
        """The weight of each image of a part in the loss, float64 [n]."""
        targets = changed(self.targets[part], lambda values: values.astype(np.float64))
        return np.ones(len(targets["label"])) * np.asarray(weight_of_images(targets, self.class_weights))

    @property
    def steps_per_epoch(self) -> int:
        """Batches of an epoch."""
        return math.ceil(len(self.images[TRAIN]) / self.run.recipe["batch_size"])

    @property
    def epochs(self) -> int:
        """The most passes over the training images, of all phases."""
        return sum(phase.epochs for phase in self.phases) if self.run.stop_after is None else self.run.stop_after

    @property
    def fingerprint(self) -> str:
        """A digest of everything that determines the training run, see `fingerprint_of_training`."""
        determined_by = {
            "network": self.run.network_id,
            "way": self.run.way,
            "seed": self.run.seed,
            "code": self.run.code,
            "keras": keras.__version__,
            "used_precision": self.precision,
            "phases": [asdict(phase) for phase in self.phases],
        }
        return fingerprint_of_training(determined_by | self.run.settings, self.run.files)


def prepare(run: TrainingRun) -> Prepared:
    """Build the networks of a training run, and read its images and labels.

    Raises:
        InputError: labels and images do not match, or the labels or the source's model are of another network, seed or
            split.
    """
    keras.utils.set_random_seed(int(random_stream(run.seed, run.drawn_as, "weights").integers(2**31)))
    network = _network(run)
    trained, features, above = network, feature_model(network), None
    if run.activations:
        parts = cut(network, run.recipe["frozen"])
        trained, features, above = parts.upper, parts.features, parts.answers
    way = taught(run.way, run.options)
    images, targets = _images_and_targets(run, way)
    precision = faster_precision(trained) if run.precision == "auto" else run.precision
    print(f"{run.network_id}: trains in {precision}")
    model = training_model(trained, precision, run.recipe["augmentation"])
    if run.recipe.get("batch_norm") == FROZEN:
        freeze_batch_norm(model)
    class_weights = _weights_of_classes(run, targets[TRAIN]["label"])
    loss = weighted(way.loss, class_weights)
    return Prepared(
        run,
        phases_of(run.recipe),
        network,
        trained,
        features,
        above,
        model,
        precision,
        images,
        _images_of_source(run, len(images[TRAIN])),
        targets,
        _hooks(run, way),
        class_weights,
        loss,
        forward_for(model),
        Validation(loss, targets[VALIDATION]),
        _manual_labels(run, VALIDATION),
    )


def _network(run: TrainingRun) -> keras.Model:
    """The network with its initial weights."""
    recipe = run.recipe
    network = build_network(
        run.network_id,
        run.image_size,
        run.backbone or recipe["backbone"],
        run.weights,
        recipe["preprocessing"],
        recipe["dropout"],
        recipe["batch_norm_momentum"],
        len(run.classes),
    )
    if run.initial is not None:
        check_lineage(run.initial, str(run.source), run.seed, splits=run.splits)
        network.set_weights(load_network(run.initial).get_weights())
        print(f"{run.network_id}: begins with the weights of {run.source}")
    return network


def _images_and_targets(run: TrainingRun, way: Way) -> tuple[dict, dict[str, Targets]]:
    """Images and targets by part, see `Prepared`; those without a manual label joined to train."""

    def read(path: str) -> ByImage:
        return read_labels(path, run.network_id, run.seed, run.splits, len(run.classes))

    opened = StoredActivations if run.activations else MappedImages
    images: dict[str, Any] = {part: opened(run.seen[part]) for part in (TRAIN, VALIDATION)}
    targets = _targets(way, run.splits, run.labels, read(run.labels), images)
    if (rows := _trained_rows(run)) is not None:
        images[TRAIN] = images[TRAIN].selected(rows)
        targets[TRAIN] = changed(targets[TRAIN], lambda values: values[rows])
        print(f"{run.network_id}: trains on {len(rows)} images, the share {run.recipe['train_share']:g} of each class")
    if run.unlabelled:
        images[TRAIN] = JoinedImages(images[TRAIN], MappedImages(run.unlabelled["images"]))
        more = outputs_of_classes(read(run.unlabelled["labels"])["label"]).astype(np.float32)
        targets[TRAIN] = Targets(label=np.concatenate([targets[TRAIN]["label"], more]))
        print(f"{run.network_id}: trains on {len(images[TRAIN])} images, of which {len(more)} have no manual label")
    if not run.activations:
        images = {part: near_the_device(of_part) for part, of_part in images.items()}
    return images, targets


def _trained_rows(run: TrainingRun) -> np.ndarray | None:
    """The rows of the images of train on which the network is trained; None: all."""
    share = run.recipe.get("train_share", 1.0)
    return None if share == 1 else rows_of_share(_manual_labels(run, TRAIN), share, run.seed)


def _manual_labels(run: TrainingRun, part: str) -> np.ndarray:
    """Manual labels of a part, int [n]."""
    return read_csv(run.splits).query(f"split == '{part}'")["label"].to_numpy()


def rows_of_share(label: np.ndarray, share: float, seed: int) -> np.ndarray:
    """The rows of some images of each class, sampled; a smaller share of the same seed is within a larger one.

    Args:
        label: manual labels, int [n].
        share: of each class, in (0, 1]; at least one image.
        seed: training seed.

    Returns:
        Rows, int, in ascending order.
    """
    found = []
    for name in np.unique(label):
        rows = random_stream(seed, "", f"train_share/{name}").permutation(np.flatnonzero(label == name))
        found.append(rows[: math.ceil(share * len(rows))])
    return np.sort(np.concatenate(found))


def _images_of_source(run: TrainingRun, count: int) -> Images | None:
    """See `Prepared`.

    Raises:
        InputError: they are not as many as the network's, which is `count`.
    """
    if not run.source_arrays:
        return None
    arrays: dict[str, Any] = {part: MappedImages(path) for part, path in run.source_arrays.items()}
    if (rows := _trained_rows(run)) is not None:
        arrays[TRAIN] = arrays[TRAIN].selected(rows)
    images = JoinedImages(*arrays.values())
    if len(images) != count:
        paths = " and ".join(map(str, run.source_arrays.values()))
        raise InputError(f"{paths}: expected {count} images, as {run.network_id} trains on, got {len(images)}")
    return near_the_device(images)


def _targets(way: Way, splits: str, labels: str, given: ByImage, images: dict[str, MappedImages]) -> dict[str, Targets]:
    """The targets of a way by part, in the order of the images."""
    split = read_csv(splits)
    given = given.in_order_of(split["image_id"], splits, labels)
    targets = Targets(label=outputs_of_classes(given["label"]).astype(np.float32))
    if "manual" in way.targets:
        targets["manual"] = split["label"].to_numpy(np.int32)
    if "weight" in given.values:
        targets["weight"] = given["weight"].astype(np.float32)
    found = {}
    for part, of_part in images.items():
        rows = (split["split"] == part).to_numpy()
        if rows.sum() != len(of_part):
            raise InputError(
                f"{splits}: expected {len(of_part)} images of {part} (its array), got {rows.sum()}: make both again"
            )
        found[part] = changed(targets, lambda values: values[rows])  # noqa: B023 -- called at once
    return found


def _weights_of_classes(run: TrainingRun, label: np.ndarray) -> np.ndarray | None:
    """The weight of each class in the loss, float64 [K], from the labels of train; None where all count the same."""
    if run.recipe["class_weights"] != BALANCED:
        return None
    of_classes = balanced_weights(label)
    print(f"{run.network_id}: weights of the classes in the loss: {', '.join(f'{one:.4g}' for one in of_classes)}")
    return of_classes


def _hooks(run: TrainingRun, way: Way) -> tuple[Hook, ...]:
    """What changes the targets of a batch: a mixture of images, and a source that answers its views."""
    augmentation = run.recipe["augmentation"]
    hooks = [mixed_targets(augmentation)] if mixing(augmentation) else []
    if run.source_model is not None:
        check_lineage(run.source_model, str(run.source), run.seed, splits=run.splits)
        answer = forward_for(evaluation_model(load_network(run.source_model), augmentation))
        hooks.append(labels_of_views(answer, way))
    return tuple(hooks)
