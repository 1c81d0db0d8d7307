"""A made-up chain of networks, and test images, as the gallery of errors takes them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from snakedistill.core.by_image import suffix, write_by_image
from snakedistill.core.lineage import record_lineage
from snakedistill.core.outputs import outputs_of_classes
from snakedistill.results.run import Run


def chain(
    folder: Path,
    probability: Mapping[str, np.ndarray],
    label: Sequence[int],
    classes: Sequence[str],
    names: Sequence[str] | None = None,
    side: int = 32,
) -> Run:
    """The run of a chain, of one seed.

    Args:
        folder: folder to write.
        probability: by network, float [n, K].
        label: manual label, int [n].
        classes: names.
        names: of the images.
        side: of the images, which are noise.
    """
    images = pd.Series(names if names is not None else [f"{number}.jpg" for number in range(len(label))])
    splits = folder / "splits.csv"
    pd.DataFrame({"image_id": images, "label": label, "split": "test"}).to_csv(splits, index=False)
    noise = np.random.default_rng(0).integers(0, 256, (len(label), side, side, 3), np.uint8)
    np.save(folder / "test.npy", noise)
    answers = []
    for network, shares in probability.items():
        path = folder / f"{network}.{suffix(len(classes))}"
        outputs = outputs_of_classes(shares).astype(np.float32)
        odds = 1 - outputs if len(classes) == 2 else np.float32(1)
        write_by_image(path, images, {"logit": np.log(outputs / odds), "probability": outputs}, classes)
        record_lineage(path, network, 0, splits=splits)
        answers.append(str(path))
    files = {"splits": str(splits), "test_images": str(folder / "test.npy"), "test": answers}
    return Run([(0, network) for network in probability], list(classes), files)


def sure(answer: Sequence[int], probability: Sequence[float], classes: int) -> np.ndarray:
    """Probabilities, float [n, K]: those of the answers, and what is left shared among the other classes."""
    answer, probability = np.array(answer), np.array(probability)
    shares = np.repeat(((1 - probability) / (classes - 1))[:, None], classes, axis=1)
    shares[np.arange(len(answer)), answer] = probability
    return shares
