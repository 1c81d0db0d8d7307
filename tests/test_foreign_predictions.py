"""The one reader of predictions from elsewhere, through its two doors: a given teacher, and the audit."""

import numpy as np
import pandas as pd
import pytest

from snakedistill.core.errors import InputError
from snakedistill.core.outputs import logits_of_classes, shares_of_classes
from snakedistill.data.audit import AUDITED, read_audit
from snakedistill.data.foreign_predictions import BOUNDS, wrong_columns
from snakedistill.data.given_predictions import form_of_teacher, read_given_predictions
from snakedistill.results.audit import AuditedPredictions

NAMES = {2: ["cat", "dog"], 3: ["ant", "bee", "fly"]}
SPELLINGS = [(classes, quantity, "each") for classes in NAMES for quantity in BOUNDS]
SPELLINGS += [(2, quantity, "one") for quantity in BOUNDS]


@pytest.fixture
def given(tmp_path):
    """A function that writes predictions of six images in a spelling, and their index; it returns the probabilities."""

    def write(classes: int, quantity: str, columns: str, name: str = "image_id", extra: str = "") -> np.ndarray:
        probability = np.random.default_rng(classes).dirichlet(np.ones(classes), 6)
        images = pd.DataFrame({"image_id": [f"00{number}" for number in range(6)]})
        images["member"] = "train/" + images["image_id"] + ".jpg"
        images.to_csv(tmp_path / "index.csv", index=False)
        values = np.log(probability) if quantity == "logit" else probability
        if columns == "one":
            values = values[:, 1:] - values[:, :1] if quantity == "logit" else values[:, 1:]
        heads = [quantity] if columns == "one" else [f"{quantity}.{one}" for one in NAMES[classes]]
        frame = pd.DataFrame(values, columns=heads)
        frame[name] = images["member" if name == "path" else "image_id"]
        frame["label"] = [NAMES[classes][number % classes] for number in range(6)]
        frame.assign(network="vit", seed=0, note=extra).to_csv(tmp_path / "given.csv", index=False)
        return probability

    return write


@pytest.mark.parametrize("name", ["image_id", "path"])
@pytest.mark.parametrize(("classes", "quantity", "columns"), SPELLINGS)
def test_both_doors_read_every_spelling(given, tmp_path, classes, quantity, columns, name):
    expected = given(classes, quantity, columns, name)
    path = tmp_path / "given.csv"
    assert wrong_columns(path, AUDITED) is wrong_columns(path, form_of_teacher(NAMES[classes])) is None
    audit = read_audit(path)
    (audited,) = AuditedPredictions(audit).answers()
    teacher = read_given_predictions(path, tmp_path / "index.csv", NAMES[classes])
    assert audit.classes == NAMES[classes]
    assert teacher.image_id.tolist() == [f"00{number}" for number in range(6)]
    assert teacher["logit"].dtype == teacher["probability"].dtype == np.float32
    np.testing.assert_allclose(audited.probability, expected, rtol=1e-6)
    np.testing.assert_allclose(shares_of_classes(teacher["probability"]), expected, rtol=1e-6, atol=1e-7)
    logit = logits_of_classes(teacher["logit"])
    np.testing.assert_allclose(np.diff(logit), np.diff(np.log(expected)), rtol=1e-5)
    np.testing.assert_allclose(np.diff(logit), np.diff(audited.logit), rtol=1e-4)


ABOUT = "label,network,seed"


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ("probability.cat,probability.dog", "expected columns image_id or path"),
        ("image_id,score", "expected columns of one of probability, logit, probability.<class>, logit.<class> in"),
        ("image_id,logit,probability", "expected columns of one of probability, logit,"),
        ("image_id,logit,logit.cat,logit.dog", "expected columns of one of probability, logit,"),
        ("path,logit,logit", "expected each column once in"),
    ],
)
def test_both_doors_refuse_the_same_columns_in_the_same_words(tmp_path, columns, expected):
    path = tmp_path / "given.csv"
    path.write_text(f"{columns},{ABOUT}\n")
    for form in (AUDITED, form_of_teacher(NAMES[2])):
        said = wrong_columns(path, form)
        assert said.startswith(expected) and said.endswith(f": {form.see}")


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ("0.5,0.4", "the probabilities of 2 classes to sum to 1 within 0.001, got a sum of 0.9"),
        ("high,0.4", "probability.cat to be a number from 0 to 1, got 'high'"),
        ("0.6,", "probability.dog to be a number from 0 to 1, got ''"),
        ("-1e-9,1", "probability.cat to be a number from 0 to 1, got '-1e-9'"),
    ],
)
def test_both_doors_name_the_first_bad_row_in_the_same_words(given, tmp_path, cells, expected):
    given(2, "probability", "each")
    path = tmp_path / "given.csv"
    path.write_text(f"{ABOUT},image_id,probability.cat,probability.dog\ncat,vit,0,000,1,0\ndog,vit,0,001,{cells}\n")
    for read in (read_audit, lambda one: read_given_predictions(one, tmp_path / "index.csv", NAMES[2])):
        with pytest.raises(InputError) as raised:
            read(path)
        assert str(raised.value) == f"{path}, row 2, image '001': expected {expected}"
