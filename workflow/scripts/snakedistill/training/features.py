"""Features of a frozen backbone, of the images of all parts."""

import numpy as np

from snakedistill.core.files import read_csv, written_whole
from snakedistill.data.images import images_of_part
from snakedistill.networks.classifier import build_network
from snakedistill.networks.training_model import feature_model
from snakedistill.training.forward import predicted
from snakedistill.training.launches import forward_for


def write_features(
    backbone: str, weights: str | None, preprocessing: str, arrays: dict[str, str], splits: str, features: str
) -> None:
    """Write the features of the images.

    Args:
        backbone: as in `build_network`.
        weights: file of the backbone's weights; None for those of a saved extractor.
        preprocessing: as in `build_network`.
        arrays: path of the images by part.
        splits: CSV with the part of every image.
        features: .npy file to write, float32 [n, d], part after part in the order of `arrays`.

    Raises:
        InputError: the images do not match the split.
    """
    split = read_csv(splits)["split"]
    images = [images_of_part(path, part, int((split == part).sum()), splits) for part, path in arrays.items()]
    network = build_network("frozen", images[0].shape[1], backbone, weights, preprocessing)
    forward = forward_for(feature_model(network))
    found = np.concatenate([predicted(forward, of_part)[0] for of_part in images])
    with written_whole(features) as temporary, temporary.open("wb") as file:
        np.save(file, found)
