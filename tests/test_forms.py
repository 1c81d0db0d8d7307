"""What every form of export keeps."""

import json

import keras
import numpy as np
import pandas as pd
import pytest

from snakedistill.core.lineage import record_lineage
from snakedistill.core.network_ids import Network
from snakedistill.core.pixels import Pixels
from snakedistill.export.card import card
from snakedistill.export.exporting import PARITY_TOLERANCE, export_network
from snakedistill.export.forms import FORMS, PRECISIONS, files_of_form
from snakedistill.export.inference import probabilities
from snakedistill.measures import metrics
from snakedistill.networks.classifier import build_network, load_network
from snakedistill.training.prediction import write_predictions

SIDE = 32
PARTS = {"train": 16, "validation": 12, "test": 33}  # a whole batch of 32, and one more
TWO, THREE = ["cat", "dog"], ["cat", "dog", "owl"]


def keeps_the_contract(form: str, classes: list[str], folder) -> None:
    """Assert that files of a form are written, opened by each runtime, and answer as Keras does, and int8 nearly so."""
    keras.utils.set_random_seed(0)
    images = keras.layers.Input((SIDE, SIDE, 3))
    hidden = keras.layers.Conv2D(8, 3, strides=2, use_bias=False)(images)
    hidden = keras.layers.ReLU()(keras.layers.BatchNormalization()(hidden))
    keras.Model(images, hidden).save(folder / "extractor.keras")
    model, splits = folder / "soft-0.keras", folder / "splits.csv"
    build_network("soft-0", SIDE, str(folder / "extractor.keras"), classes=len(classes)).save(model)
    rows = [(f"{part}.{i}", i % len(classes), part) for part, images in PARTS.items() for i in range(images)]
    pd.DataFrame(rows, columns=["image_id", "label", "split"]).to_csv(splits, index=False)
    record_lineage(model, "soft-0", 3, splits=splits)
    arrays, predictions = ({part: folder / f"{part}.{suffix}" for part in PARTS} for suffix in ("npy", "csv"))
    for number, (part, path) in enumerate(arrays.items()):
        size = (PARTS[part], SIDE, SIDE, 3)
        np.save(path, np.random.default_rng(number).integers(0, 256, size, dtype=np.uint8))
    write_predictions(model, "soft-0", 3, splits, arrays, classes, predictions)

    files = files_of_form(form, folder, "soft-0")
    (folder / form).mkdir()
    about = card(Network("soft", 0, "soft", "teacher"), classes, Pixels(SIDE), "tiny", 3, {})
    known = {part: predictions[part] for part in ("validation", "test")}
    export_network(form, model, 3, about, splits, arrays, known, 1, files)
    measured = json.loads((folder / form / "soft-0.json").read_text())
    assert (measured["network"], measured["seed"], measured["form"]) == ("soft-0", 3, FORMS[form].title)
    assert measured["int8"]["calibration"] in measured["int8"]["validation_drop"]
    assert all(measured["bytes"][one] == (folder / files[one]).stat().st_size > 0 for one in PRECISIONS)

    shown = np.load(arrays["test"])
    expected = load_network(model).predict(shown, verbose=0)
    assert expected.std() > 1e-3
    for runtime in FORMS[form].runtimes:
        for batch_size in (1, 32):
            float32, int8 = (
                probabilities(runtime.open(files[one], 1), shown, batch_size)[:, -expected.shape[1] :]
                for one in PRECISIONS
            )
            np.testing.assert_allclose(float32, expected, atol=PARITY_TOLERANCE, err_msg=runtime.title)
            np.testing.assert_allclose(int8, expected, atol=0.1, err_msg=runtime.title)

    answers, manual = pd.read_csv(folder / files["answers"]), pd.read_csv(splits)
    assert answers["image_id"].tolist() == manual["image_id"][manual["split"] != "train"].tolist()
    assert answers["split"].tolist() == manual["split"][manual["split"] != "train"].tolist()
    for precision in PRECISIONS:
        network = FORMS[form].runtimes[0].open(files[precision], 1)
        for part in known:
            given = metrics.answer(probabilities(network, np.load(arrays[part])))
            np.testing.assert_array_equal(answers[precision][answers["split"] == part], given)


@pytest.mark.parametrize("classes", [TWO, THREE], ids=["two", "three"])
@pytest.mark.parametrize("form", FORMS)
def test_a_form_is_written_opened_and_answers_as_keras_does(form, classes, tmp_path):
    keeps_the_contract(form, classes, tmp_path)


def test_no_two_forms_have_files_or_titles_of_the_same_name():
    for names in ([form.title for form in FORMS.values()], [form.suffix for form in FORMS.values()]):
        assert len(set(names)) == len(FORMS)
    runtimes = [runtime.title for form in FORMS.values() for runtime in form.runtimes]
    assert len(set(runtimes)) == len(runtimes)


def test_one_form_is_of_every_exported_network():
    """The answers to photos, the page in the browser and the sizes in the summary are those of ONNX."""
    assert FORMS["onnx"].always
