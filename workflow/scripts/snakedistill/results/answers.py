"""What a network answered, beside the manual labels."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from snakedistill.measures import metrics
from snakedistill.measures.crossed import laid_out, present_in


@dataclass(frozen=True)
class Answers:
    """What a network answered on a part, in the order of the split.

    Attributes:
        seed: training seed.
        part: train, validation or test.
        network: id.
        image_id: text [n].
        label: manual label, int [n].
        logit: float32 [n, K].
        probability: float [n, K].
    """

    seed: int
    part: str
    network: str
    image_id: pd.Series
    label: np.ndarray
    logit: np.ndarray
    probability: np.ndarray

    @property
    def answer(self) -> np.ndarray:
        """The class with the largest probability, int [n]."""
        return metrics.answer(self.probability)

    @property
    def confidence(self) -> np.ndarray:
        """The probability of the answer, float [n]."""
        return self.probability.max(axis=1)


@dataclass(frozen=True)
class ImagesOfSeeds:
    """The images of a part over all seeds.

    Attributes:
        label: manual label of every image that some seed has, int [n].
        places: where the images of each seed are among them, int [n_s]; None where all seeds have the same.
    """

    label: np.ndarray
    places: list[np.ndarray] | None

    @property
    def present(self) -> np.ndarray | None:
        """Which of the images each seed has, bool [seeds, n]; None where all seeds have all."""
        return present_in(len(self.label), self.places)

    def of_seed(self, number: int) -> np.ndarray:
        """The labels of the images of a seed, in their order, int [n_s]."""
        return self.label if self.places is None else self.label[self.places[number]]

    def laid_out(self, of_seeds: Sequence[np.ndarray]) -> np.ndarray:
        """Values of the images of each seed as one array, [seeds, n, ...], 0 where a seed does not have an image."""
        return laid_out(of_seeds, len(self.label), self.places)

    @property
    def of_a_seed(self) -> int:
        """The number of images of a seed, the mean where they differ."""
        return len(self.label) if self.places is None else round(np.mean([len(place) for place in self.places]))


def images_of_seeds(image_ids: Sequence[pd.Series], labels: Sequence[np.ndarray]) -> ImagesOfSeeds:
    """The images over all seeds, from ids and manual labels of those of each seed."""
    if all(np.array_equal(image_ids[0], image_id) for image_id in image_ids[1:]):
        return ImagesOfSeeds(labels[0], None)
    number, image_id = pd.factorize(np.concatenate(list(image_ids)))
    label = np.empty(len(image_id), np.int64)
    label[number] = np.concatenate(labels)
    return ImagesOfSeeds(label, np.split(number, np.cumsum([len(of_seed) for of_seed in labels])[:-1]))


class Audited(Protocol):
    """Predictions from elsewhere."""

    def answers(self, parts: tuple[str, ...] | None) -> Iterator[Answers]:
        """The answers of every network, see `Run.answers`."""
