"""Forward passes in float32: predictions of every image."""

import keras

from snakedistill.core.by_image import write_by_image
from snakedistill.core.files import read_csv
from snakedistill.core.lineage import check_lineage, record_lineage
from snakedistill.core.parts import TRAIN
from snakedistill.data.images import images_of_part
from snakedistill.networks.classifier import load_network, logit_and_probability
from snakedistill.training.activations import StoredActivations
from snakedistill.training.forward import predicted
from snakedistill.training.launches import forward_for


def write_predictions(
    model: str,
    network_id: str,
    seed: int,
    splits: str,
    arrays: dict[str, str],
    classes: list[str],
    predictions: dict[str, str],
    unlabelled: str | None = None,
    network: keras.Model | None = None,
    above: tuple[keras.Model, StoredActivations] | None = None,
) -> None:
    """Write the predictions of a saved network for the unaugmented images of every part, and their lineage beside them.

    Or those for the images without a manual label.

    Args:
        model: .keras file of the network.
        network_id: for example `soft-3`.
        seed: training seed.
        splits: CSV with image_id and split, in the order of the arrays.
        arrays: path of the images by part.
        classes: names; the position of a name is its label.
        predictions: file to write by part: image_id, and logit and probability of each output, see `core.outputs`
            (float32, in a CSV with 9 significant digits).
        unlabelled: CSV of the images without a manual label, see `write_unlabelled`; None for those of `splits`.
        network: the same network, where it was just saved; None: it is loaded.
        above: what of the network is above its frozen layers, see `Cut.answers`, and the stored activations of train,
            which it answers in place of the images: the same but for the rounding of what is stored. None: the whole
            network answers all images.

    Raises:
        InputError: the images do not match the split, or the model is of another network, seed or split.
    """
    check_lineage(model, network_id, seed, splits=splits)
    forward = forward_for(logit_and_probability(network or load_network(model)))
    ids = read_csv(unlabelled or splits)
    for part, path in predictions.items():
        of_part = ids["image_id"][ids["split"] == part]
        images = images_of_part(arrays[part], part, len(of_part), unlabelled or splits)
        if above is not None and part == TRAIN:
            logit, probability = predicted(forward_for(above[0]), above[1])
        else:
            logit, probability = predicted(forward, images)
        write_by_image(path, of_part, {"logit": logit, "probability": probability}, classes)
        record_lineage(path, network_id, seed, splits=splits, model=model)
