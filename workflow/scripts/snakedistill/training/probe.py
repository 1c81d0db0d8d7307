"""A probe: the head alone, fitted to manual labels on a frozen backbone, which what is trained has to beat."""

import functools
from dataclasses import dataclass

import numpy as np
import pandas as pd

from snakedistill.core.by_image import write_by_image
from snakedistill.core.files import read_csv, write_csv
from snakedistill.core.lineage import record_lineage
from snakedistill.core.outputs import (
    labels_of_classes,
    logits_of_classes,
    outputs_of_classes,
    probabilities_of_logits,
    shares_of_classes,
)
from snakedistill.core.parts import TRAIN, VALIDATION
from snakedistill.data.images import images_of_part
from snakedistill.measures.evaluation import evaluation_row
from snakedistill.networks.classifier import build_network
from snakedistill.networks.training_model import feature_model
from snakedistill.teaching.class_weights import BALANCED, balanced_weights, weight_of_labels
from snakedistill.training.forward import predicted
from snakedistill.training.head import Examples, fit_head
from snakedistill.training.launches import forward_for


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A backbone as it is, with a head fitted to manual labels. No training seed changes anything of it.

    Attributes:
        network_id: for example `probe-teacher`.
        backbone: as in `build_network`.
        weights: file of the backbone's weights; None for those of a saved extractor.
        preprocessing: as in `build_network`.
        class_weights: `balanced`, or None: how the classes weigh in the loss.
        arrays: path of the images by part.
        splits: CSV with image_id, manual label and split, in the order of the arrays.
        classes: names; the position of a name is its label.
    """

    network_id: str
    backbone: str
    weights: str | None
    preprocessing: str
    class_weights: str | None
    arrays: dict[str, str]
    splits: str
    classes: list[str]

    @functools.cached_property
    def listed(self) -> pd.DataFrame:
        """Image_id, manual label and part of every image."""
        return read_csv(self.splits)

    @functools.cached_property
    def label(self) -> dict[str, np.ndarray]:
        """Manual labels of the classes by part, float [n, K]."""
        label = labels_of_classes(self.listed["label"].to_numpy(), len(self.classes))
        return {part: label[(self.listed["split"] == part).to_numpy()] for part in self.arrays}

    @functools.cached_property
    def logit(self) -> dict[str, np.ndarray]:
        """Logits of the outputs by part, float32 [n, outputs].

        Raises:
            InputError: the images do not match the split.
        """
        images = {
            part: images_of_part(path, part, len(self.label[part]), self.splits) for part, path in self.arrays.items()
        }
        size = images[TRAIN].shape[1]
        of_backbone = self.backbone, self.weights, self.preprocessing
        network = build_network(self.network_id, size, *of_backbone, classes=len(self.classes))
        forward = forward_for(feature_model(network))
        features = {part: predicted(forward, of_part)[0] for part, of_part in images.items()}
        head = fit_head(*(self._examples(part, features[part]) for part in (TRAIN, VALIDATION)))
        return {part: head.logit(of_part).astype(np.float32) for part, of_part in features.items()}

    def _examples(self, part: str, features: np.ndarray) -> Examples:
        label, weight = outputs_of_classes(self.label[part]), np.ones(len(features))
        if self.class_weights == BALANCED:
            weight = np.asarray(weight_of_labels(label, balanced_weights(outputs_of_classes(self.label[TRAIN]))))
        return Examples(features, label, weight)


def write_probe(probe: Probe, seed: int, predictions: dict[str, str], evaluation: str) -> None:
    """Write what a probe answers, with its lineage, and its evaluation, in place of a network's of a training seed.

    Args:
        probe: what is written.
        seed: training seed.
        predictions: file to write by part, as `write_predictions` writes it.
        evaluation: CSV to write, see `evaluation_row`; without augmentation.

    Raises:
        InputError: the images do not match the split, or the features are no numbers.
    """
    rows = []
    for part, path in predictions.items():
        logit, ids = probe.logit[part], probe.listed["image_id"][probe.listed["split"] == part]
        probability = probabilities_of_logits(logit)
        write_by_image(path, ids, {"logit": logit, "probability": probability}, probe.classes)
        record_lineage(path, probe.network_id, seed, splits=probe.splits)
        of_classes = logits_of_classes(logit), shares_of_classes(probability)
        rows.append(evaluation_row(part, "manual", 0, *of_classes, probe.label[part]))
    write_csv(pd.DataFrame(rows), evaluation)
