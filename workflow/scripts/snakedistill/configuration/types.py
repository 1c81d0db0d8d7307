"""The configuration, described once as types."""

import copy
import unicodedata
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, create_model

from snakedistill.core.network_ids import TEACHER
from snakedistill.core.pixels import Fit, Resample
from snakedistill.core.recipe import NEUTRAL, WHOLE_BACKBONE
from snakedistill.core.settings import (
    EACH,
    NullOrNumber,
    Number,
    OneOf,
    PathOrNull,
    Section,
    Whole,
    different,
    null_from_text,
    words,
)
from snakedistill.data.layouts import LAYOUTS
from snakedistill.export.forms import FORMS
from snakedistill.networks.augmentation import TRANSFORMATIONS
from snakedistill.networks.backbones import BACKBONES
from snakedistill.paper import PAPERS
from snakedistill.teaching import OPTIONS, SOURCES, STAGES, WAYS
from snakedistill.training.optimisers import OPTIMISERS
from snakedistill.training.schedules import SCHEDULES


def _without_dropped(students: object) -> object:
    """Without the families that an overlay sets to null."""
    if not isinstance(students, dict):
        return students
    return {name: family for name, family in students.items() if null_from_text(family) is not None}


def _class_name(name: str) -> str:
    if not name.isprintable() or name != name.strip() or not name:
        raise ValueError
    return unicodedata.normalize("NFC", name)


def _more_than_case(names: list[str]) -> list[str]:
    different([name.casefold() for name in names])
    return names


def _all_or_ids(value: object) -> object:
    if value != "all" and not (isinstance(value, list) and all(isinstance(one, str) for one in value)):
        raise ValueError
    return value


def _whole_or_each(value: object) -> object:
    if value == EACH:
        return value
    number = int(value) if isinstance(value, str) else value  # the command line passes numbers on as text
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise ValueError
    return number


NetworkIds = Annotated[
    Literal["all"] | list[str], PlainValidator(_all_or_ids, json_schema_input_type=Literal["all"] | list[str])
]
IDS_IN_WORDS = "all or a list of ids of networks, such as [hard-0, hard-6]"
ClassName = Annotated[str, AfterValidator(_class_name)]
FamilyName = Annotated[str, Field(pattern=rf"^(?!({'|'.join((TEACHER, *STAGES))})$)[a-z][a-z0-9_]*$")]


class Sample(Section):
    """The built-in sample, used when archive is null."""

    images: Whole = Field(ge=2, description="labelled drawings, half of each class")
    unlabelled: Whole = Field(ge=0, description="drawings without a label")
    seed: Whole = Field(ge=0, description="seed of the drawings")


class Split(Section):
    """The parts of the images."""

    train: Number = Field(gt=0, lt=1, description="share of the images to train on")
    validation: Number = Field(gt=0, lt=1, description="share of the images that choose the best epoch")
    test: Number = Field(gt=0, lt=1, description="share of the images that networks are measured on")
    seed: Annotated[
        int | Literal["each"],
        PlainValidator(
            _whole_or_each,
            json_schema_input_type=Annotated[int, Field(ge=0)] | Literal["each"],
        ),
    ] = Field(
        description="random seed, the same for all training seeds; each: every training seed assigns the images to "
        "parts anew, so that the training sample and the test part differ from seed to seed",
        json_schema_extra=words("an integer of at least 0, or each"),
    )
    balanced: bool = Field(
        description="whether images of larger classes are dropped, so that a part has the same number of each class; "
        "false: every image is kept, and each class is divided by the shares"
    )
    images: Annotated[Annotated[int, Field(ge=2)] | None, NullOrNumber] = Field(
        description="how many images are used, sampled so that the classes keep their shares, or balanced have the "
        "same number; null: all"
    )
    near_duplicates: Annotated[Annotated[int, Field(ge=0, le=16)] | None, NullOrNumber] = Field(
        description="most bits, of 64, in which the perceptual hashes of copies differ; null: none are looked for",
    )


Augmentation = create_model(
    "Augmentation",
    __base__=Section,
    __doc__="How training images are changed. A transformation that is not named is off.",
    **{name: one.setting for name, one in TRANSFORMATIONS.items()},  # type: ignore[call-overload]  # from a registry
)


class Recipe(Section):
    """A backbone and how it is trained."""

    backbone: str = Field(
        description=f"{', '.join(BACKBONES)}, a keras.applications network in lower case, or the path of a saved "
        "feature extractor",
    )
    weights: PathOrNull = Field(
        description="of the backbone without its top: imagenet, the path of a Keras HDF5 file, or null for random ones",
        json_schema_extra=words("imagenet, the path of a Keras HDF5 file, or null"),
    )
    preprocessing: Annotated[Literal["paper", "imagenet", "none"] | None, BeforeValidator(null_from_text)] = Field(
        description="what the backbone gets: paper divides by 255, imagenet is the network's own, none is raw [0, 255]"
        "; null is none with a saved backbone, imagenet with weights of a network that has its own, else paper",
        json_schema_extra=words("paper, imagenet, none or null"),
    )
    image_size: Annotated[Annotated[int, Field(ge=32, le=1024)] | None, NullOrNumber] = Field(
        default=NEUTRAL["image_size"],
        description="side in pixels of the images that the network takes; null: the run's image_size",
    )
    fit: Fit = Field(
        default=NEUTRAL["fit"],
        description="how an image becomes a square: squash takes the whole image and does not keep its aspect ratio, "
        "crop takes its middle square",
    )
    resample: Resample = Field(
        default=NEUTRAL["resample"],
        description="how an image becomes smaller or larger: by its nearest pixels, or antialias, by all of its pixels",
    )
    train_share: Number = Field(
        default=NEUTRAL["train_share"],
        gt=0,
        le=1,
        description="share of the training images of each class on which the network is trained; with the same "
        "training seed a smaller share is within a larger one",
    )
    head_first: bool = Field(
        default=NEUTRAL["head_first"],
        description="whether the head is fitted to the features of the frozen backbone before the first epoch",
    )
    frozen: Annotated[str | None, BeforeValidator(null_from_text)] = Field(
        default=NEUTRAL["frozen"],
        description=f"what of the backbone stays as it is in training: {WHOLE_BACKBONE}, all of it, or the name of a "
        "layer, everything up to it. What it makes of the images is computed once in a run, for all networks that "
        "have it in common; null: nothing stays as it is",
        json_schema_extra=words("backbone, the name of a layer, or null"),
    )
    epochs: Whole = Field(
        ge=0, description="passes over the training images; 0, with head_first: only the head is fitted"
    )
    batch_size: Whole = Field(ge=1, description="images in a batch")
    optimiser: Annotated[str, OneOf(OPTIMISERS)] = Field(
        default=NEUTRAL["optimiser"],
        description="adam; adamw, which is Adam with weight_decay; sgd: gradient descent with a momentum of 0.9",
    )
    learning_rate: Number = Field(gt=0, description="the largest learning rate of the optimiser")
    schedule: Annotated[str, OneOf(SCHEDULES)] = Field(
        description="constant (with decay), or cosine to 0 at the end of the last epoch"
    )
    decay: Number = Field(ge=0, description="d of the paper's formula (9), with schedule constant")
    warmup: Number = Field(
        default=NEUTRAL["warmup"],
        ge=0,
        lt=1,
        description="share of the steps in which the learning rate rises in a straight line; then the schedule begins",
    )
    weight_decay: Number = Field(
        default=NEUTRAL["weight_decay"],
        ge=0,
        description="share of a weight that a step subtracts, times the learning rate, with adamw and sgd; biases and "
        "normalisations do not decay",
    )
    patience: Annotated[Annotated[int, Field(ge=1)] | None, NullOrNumber] = Field(
        default=NEUTRAL["patience"],
        description="training stops after so many epochs without a lower loss on validation; null: after all epochs",
    )
    until_label_fit: Annotated[Annotated[float, Field(gt=0, le=1)] | None, NullOrNumber] = Field(
        default=NEUTRAL["until_label_fit"],
        description="training stops after an epoch in which the network answered this share of the training images as "
        "their labels say; null: after all epochs",
    )
    best_epoch: Literal["accuracy", "loss"] = Field(
        default=NEUTRAL["best_epoch"],
        description="which epoch's weights are kept: that of the highest accuracy on validation, of equals that of the "
        "lower loss, or that of the lowest loss",
    )
    dropout: Number = Field(ge=0, lt=1, description="share of features dropped before the last layer")
    batch_norm_momentum: Annotated[Annotated[float, Field(ge=0, lt=1)] | None, NullOrNumber] = Field(
        description="momentum of the moving averages; null keeps the backbone's own, 0.99 in Keras"
    )
    batch_norm: Literal["trained", "frozen"] = Field(
        default=NEUTRAL["batch_norm"],
        description="frozen: the batch normalisations of the backbone stay as they are, which small data need",
    )
    class_weights: Annotated[Literal["balanced"] | None, BeforeValidator(null_from_text)] = Field(
        description="balanced: the loss of an image is weighted by the inverse of its class's share of the labels, and "
        "the losses of the history are weighted so; null: all images count the same",
        json_schema_extra=words("balanced or null"),
    )
    augmentation: Augmentation = Field(description="how training images are changed")
    validation_augmentation: bool = Field(description="whether validation during training is augmented too")


class Teacher(Recipe):
    """The teacher: how it is trained, or the file that is taken in its place."""

    predictions: PathOrNull = Field(
        description="CSV of the predictions of a teacher from elsewhere, which is then not trained; null for none"
    )
    missing: Literal["error", "drop"] = Field(
        description="images without a row in predictions: an error, or dropped before the split"
    )
    classifier: PathOrNull = Field(
        description="path of a finished Keras classifier, which becomes the teacher without training; null for none"
    )


def _partial(model: type[Section], name: str) -> dict[str, Any]:
    """The fields of a model, each of them optional, in mappings too."""
    fields = {}
    for key, field in model.model_fields.items():
        optional = copy.copy(field)
        optional.default = None
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            optional.annotation = create_model(f"{name}{key}", __base__=Section, **_partial(field.annotation, name))
        fields[key] = (optional.annotation, optional)
    return fields


class _Taught(Section):
    labels: Annotated[str, OneOf(WAYS)] = Field(
        description="how the family is taught: by manual labels, or by its source's answers (hard) or probabilities "
        "(soft)"
    )
    generations: Whole = Field(
        ge=0,
        description="networks after the first; with manual labels each is trained anew, as a control of recursion",
    )
    source: Annotated[Literal[SOURCES] | None, BeforeValidator(null_from_text)] = Field(  # type: ignore[valid-type]
        default=None,
        description="source of labels: previous, the default, is the generation before, and the teacher for the first; "
        "teacher makes every generation a fresh student of the teacher; all is the mean of the teacher and all "
        "generations before; early and untrained are the teacher after its first epoch and before it, for every "
        "generation",
        json_schema_extra=words("previous, teacher, all, early, untrained or null"),
    )


Student = create_model(
    "Student",
    __base__=_Taught,
    __doc__="A family of students.",
    **{name: option.setting for name, option in OPTIONS.items()},  # type: ignore[call-overload]  # from a registry
)


Family = create_model("Family", __base__=Student, **_partial(Recipe, "Family"))


class Evaluation(Section):
    """How networks are measured."""

    augmented_repeats: Whole = Field(ge=1, description="evaluations with the network's own training augmentation")
    bin_width: Number = Field(gt=0, le=1, description="width of the bins of the histograms of predictions")


class Export(Section):
    """What leaves the workflow."""

    network: PathOrNull = Field(
        description="id of the network that submits, classifies and is bundled; null: the student that is chosen, see "
        "`choose`; the first students of all families are then exported in all forms",
        json_schema_extra=words("the id of a network, such as soft-0, or null"),
    )
    networks: NetworkIds = Field(
        description="ids of the networks that are exported besides `network` and those timed in every runtime; all: "
        "every network",
        json_schema_extra=words(IDS_IN_WORDS),
    )
    forms: list[Annotated[str, OneOf(FORMS)]] = Field(
        description="forms besides ONNX in which `network` and the networks timed in every runtime are exported",
        json_schema_extra=words(f"a list of forms: {', '.join(FORMS)}; may be empty"),
    )
    teacher: bool = Field(
        description="whether the teacher is exported; where it is not, Keras alone is timed of it, and it neither "
        "classifies photos nor stands on the page"
    )
    int8: bool = Field(description="whether each form is written in int8 too")
    int8_max_drop: Number = Field(
        ge=0,
        le=1,
        description="share of accuracy on the test part that int8 may cost; where it costs more, a warning says so",
    )


class Choose(Section):
    """Which exported student is chosen, among the first students of all families in every form and precision."""

    margin: Number = Field(
        gt=0,
        lt=1,
        description="difference of accuracies that does not matter, a share. The cheapest student is chosen whose "
        "accuracy on validation is lower than the best one's by at most as much, or by at most the standard error of "
        "the difference; test judges whether it is worse than the teacher by more",
    )
    ms: Annotated[Annotated[float, Field(gt=0)] | None, NullOrNumber] = Field(
        description="most milliseconds of one image on this machine, on all threads, without decoding; null: any"
    )
    mb: Annotated[Annotated[float, Field(gt=0)] | None, NullOrNumber] = Field(
        description="largest size of the file in megabytes, 1e6 bytes; null: any"
    )


class Timing(Section):
    """How the time an image takes is measured."""

    rounds: Whole = Field(ge=2, description="calls of every network in every runtime")
    networks: NetworkIds = Field(
        description="ids of the networks that are timed in every runtime besides the teacher and the first student of "
        "the family of `export.network`; all: every network",
        json_schema_extra=words(IDS_IN_WORDS),
    )


class Summary(Section):
    """The summary."""

    images: bool = Field(description="whether the summary shows test images: the gallery of errors and examples")


class DoseOfTraining(Section):
    """How each generation of a chain of heads is trained."""

    labels: Literal["soft", "hard"] = Field(description="probabilities, or answers, of the generation before")
    epochs: Whole = Field(ge=1, description="passes over the images")
    l2: Number = Field(default=0.0, ge=0, description="strength of the L2 penalty")
    label_noise: Number = Field(
        default=0.0, ge=0, le=1, description="share of the labels that are turned, anew for each generation"
    )
    manual_share: Number = Field(default=0.0, ge=0, le=1, description="share of the manual label in each label")
    cross_fitted: bool = Field(
        default=False, description="whether an image's label comes from one of five heads that did not train on it"
    )
    accumulate: bool = Field(
        default=False, description="whether a generation learns from all generations before it, not the last one alone"
    )


class Chains(Section):
    """Chains of heads on the frozen backbone of `student`, for the rule chains."""

    images: Whole = Field(ge=4, description="images that are sampled; what a seed does not train on tests it")
    train: Whole = Field(ge=2, description="images on which a seed trains, drawn anew for each seed")
    seeds: Whole = Field(ge=2, description="number of seeds")
    generations: Whole = Field(ge=2, description="heads of a chain after the first")
    doses: Annotated[dict[FamilyName, DoseOfTraining], BeforeValidator(_without_dropped)] = Field(
        min_length=1,
        description="how each generation is trained, by name; a chain is trained for each",
        json_schema_extra=words(
            "a mapping of at least one name to a mapping of labels (soft or hard), epochs, and where they are not 0: "
            "l2 (penalty), label_noise (share of labels that are turned), manual_share, cross_fitted (true: a label "
            "comes from a head that did not train on its image), accumulate (true: a generation learns from all before "
            "it)"
        ),
    )


class Submission(Section):
    """Kaggle's submission."""

    clip: Number = Field(ge=0, lt=0.5, description="distance that submitted probabilities keep from 0 and 1")


class Config(Section):
    """The configuration of one run."""

    run: str = Field(
        description="name of the run; results go to results/RUN/",
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$",
        json_schema_extra=words("a name of letters, digits, '_', '.' and '-' that does not begin with '.' or '-'"),
    )
    paper: Annotated[Annotated[str, OneOf(PAPERS)] | None, BeforeValidator(null_from_text)] = Field(
        description="paper whose numbers and claims the results are compared with; null for none"
    )
    reference: PathOrNull = Field(
        description="folder of known numbers in the form of the tables, such as results/RUN/tables, to stand beside "
        "what is measured; null for those of the paper, if there is one"
    )
    archive: PathOrNull = Field(
        description="path of a zip or a folder of images, or of a CSV that lists images; null draws the built-in sample"
    )
    layout: Annotated[Annotated[str, OneOf(LAYOUTS)] | None, BeforeValidator(null_from_text)] = Field(
        description="how the archive tells the class of an image: by a CSV, by folders that are split already, by "
        "folders of the classes, or by file names as in Kaggle's Dogs vs. Cats; null: the first layout that fits"
    )
    sample: Sample = Field(description="the built-in sample, used when archive is null")
    classes: Annotated[
        Annotated[list[ClassName], Field(min_length=2), AfterValidator(_more_than_case)] | None,
        BeforeValidator(null_from_text),
    ] = Field(
        description="class names; the position of a name is its label; null: those of the archive in natural order",
        json_schema_extra=words(
            "null or a list of two or more names that differ in more than case, such as [cat, dog]; the position of a "
            "name is its label"
        ),
    )
    image_size: Whole = Field(
        ge=32, le=1024, description="side of the images in pixels, for every recipe without an image_size of its own"
    )
    split: Split = Field(description="shares of the parts, and the random seed")
    seeds: Annotated[list[Annotated[Whole, Field(ge=0)]], AfterValidator(different)] = Field(
        description="training seeds, one whole experiment each; on the same split, unless `split.seed` is each",
        min_length=1,
        json_schema_extra=words("a list of one or more different integers of at least 0, such as [0, 1]"),
    )
    backend: Literal["tensorflow", "jax", "torch"] = Field(description="backend of Keras")
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        description="of training; auto: bfloat16 on TensorFlow where the processor has instructions for it (AVX-512 "
        "BF16 or AMX) and the network has no depthwise convolutions, else float32; predictions are always float32"
    )
    gpu: bool = Field(description="whether a training run asks for a GPU")
    teacher: Teacher = Field(description="the teacher: its training recipe, or the file of a given one")
    student: Recipe = Field(description="the recipe that every student and every step of recursion shares")
    students: Annotated[dict[FamilyName, Family], BeforeValidator(_without_dropped)] = Field(
        description="families of students; a family may override any key of the recipe, and null drops one",
        min_length=1,
        json_schema_extra=words(
            "a mapping of at least one family, each named by lower-case letters, digits and '_', not 'teacher', "
            "'early' or 'untrained'"
        ),
    )
    evaluation: Evaluation = Field(description="how networks are measured")
    export: Export = Field(description="what leaves the workflow")
    choose: Choose = Field(description="which exported student is chosen")
    timing: Timing = Field(description="how the time an image takes is measured")
    summary: Summary = Field(description="the summary")
    submission: Submission = Field(description="Kaggle's submission, a part of the paper")
    photos: PathOrNull = Field(description="folder of photos for the rule classify")
    chains: Annotated[Chains | None, BeforeValidator(null_from_text)] = Field(
        description="chains of heads on a frozen backbone, for the rule chains; null for none",
        json_schema_extra=words("null or a mapping, as in presets/chains.yaml"),
    )
    audit: PathOrNull = Field(
        description="CSV of predictions of any framework, an artefact of a run or a folder of them, for the rule audit"
    )
