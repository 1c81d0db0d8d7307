"""ImageNet weights, fetched once as a file, so that training needs no network connection."""

import os
import tempfile
from pathlib import Path

from snakedistill.core.errors import InputError
from snakedistill.core.files import copy_whole


def fetch_weights(backbone: str, weights: str) -> None:
    """Fetch the ImageNet weights of a keras.applications network without its top.

    Keras knows where they are, and checks the file's checksum before it loads them into the network.

    Args:
        backbone: name of the network in lower case, for example `resnet50`.
        weights: HDF5 file to write.

    Raises:
        InputError: there is no such network, its weights cannot be reached, or the checksum is wrong.
    """
    with tempfile.TemporaryDirectory(dir=Path(weights).parent) as home:
        os.environ["KERAS_HOME"] = home  # read when Keras is imported: Keras puts what it downloads there
        from snakedistill.networks.classifier import application

        try:
            application(backbone)(include_top=False, weights="imagenet")
        except InputError:
            raise
        except Exception as error:  # urllib raises URLError, http.client its own, Keras ValueError
            raise InputError(
                f"The ImageNet weights of {backbone} could not be fetched: {error}. Where there is no connection, "
                "fetch the file elsewhere and give its path as `weights:`."
            ) from error
        (fetched,) = (Path(home) / "models").iterdir()
        copy_whole(fetched, weights)
