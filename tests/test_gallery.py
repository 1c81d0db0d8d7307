"""The gallery of errors: which images it shows, in which order, and what it says of them."""

import json
import re

import numpy as np
import pytest
from chain import chain, sure
from test_summary_html import Elements

from snakedistill.results.summary import gallery as module
from snakedistill.results.summary.gallery import MOST_CHARACTERS, MOST_IMAGES, gallery, since

NETWORKS = ["teacher", "soft-0", "soft-1"]


def data(extra) -> dict:
    return json.loads(re.search(r'id="gallery-data">(.*)</script>', extra.body)[1])


def test_images_stand_in_the_filters_that_are_true_of_them_errors_first(tmp_path):
    label = [0, 0, 1, 1, 2, 2]
    given = {
        "teacher": sure([0, 1, 0, 1, 2, 2], [0.9, 0.8, 0.7, 0.9, 0.9, 0.9], 3),
        "soft-0": sure([0, 1, 2, 0, 2, 2], [0.6, 0.7, 0.9, 0.95, 0.5, 0.9], 3),
        "soft-1": sure([1, 1, 1, 1, 2, 2], [0.9, 0.9, 0.9, 0.9, 0.9, 0.9], 3),
    }
    found = data(gallery(chain(tmp_path, given, label, ["a", "b", "c"]), NETWORKS[:2], [*given]))
    kinds = {image["name"]: image["kinds"] for image in found["images"]}
    assert kinds == {
        "0.jpg": [],
        "1.jpg": ["teacher", "student", "inherited", "confident"],
        "2.jpg": ["teacher", "student", "disagree", "confident"],  # wrong, but not with the same answer
        "3.jpg": ["student", "disagree", "confident"],
        "4.jpg": [],
        "5.jpg": [],
    }
    # Errors of the two, then those of another network, then what soft-0 is least sure of.
    assert [*kinds][3:] == ["0.jpg", "4.jpg", "5.jpg"] and {*[*kinds][:3]} == {"1.jpg", "2.jpg", "3.jpg"}
    for key, one in found["filters"].items():
        shown = [image for image in found["images"] if key == "all" or key in image["kinds"]]
        assert one["images"] == np.bincount([image["label"] for image in shown], minlength=3).tolist()
    images = {image["name"]: image for image in found["images"]}
    assert {name: image["since"] for name, image in images.items()} == {
        "0.jpg": "soft-1 alone is wrong.",
        "1.jpg": "Every network is wrong.",
        "2.jpg": "teacher and soft-0 are wrong.",
        "3.jpg": "soft-0 alone is wrong.",
        "4.jpg": "Every network is right.",
        "5.jpg": "Every network is right.",
    }
    assert images["1.jpg"]["error"] == pytest.approx(0.8) and images["0.jpg"]["error"] == 0
    assert images["3.jpg"]["answers"][1][0] == [0, pytest.approx(0.95, abs=1e-6)]
    assert found["networks"] == NETWORKS and found["shown"] == [0, 1]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ([0, 0, 0], "Every network is right."),
        ([1, 1, 1], "Every network is wrong."),
        ([0, 1, 1], "Wrong from soft-0 on."),
        ([0, 0, 1], "soft-1 alone is wrong."),
        ([1, 0, 1], "teacher and soft-1 are wrong."),
        ([1, 0, 0], "teacher alone is wrong."),
    ],
)
def test_a_sentence_says_where_the_error_begins(wrong, sentence):
    assert since(NETWORKS, [bool(one) for one in wrong]) == sentence


@pytest.mark.parametrize("classes", [2, 10])
def test_of_many_errors_every_filter_shows_some_and_names_all(tmp_path, classes):
    images, stream = 3000, np.random.default_rng(0)
    label = np.arange(images) % classes
    right = stream.random((2, images))
    given = {
        network: sure((label + (row < share)) % classes, stream.uniform(0.6, 1, images), classes)
        for network, row, share in zip(NETWORKS, right, (0.3, 0.5), strict=False)
    }
    run = chain(tmp_path, given, label, [f"class {number}" for number in range(classes)])
    found = data(gallery(run, NETWORKS[:2], [*given]))
    assert len(found["images"]) == MOST_IMAGES
    whole = {
        "all": images,
        "teacher": (right[0] < 0.3).sum(),
        "student": (right[1] < 0.5).sum(),
        "inherited": ((right[0] < 0.3) & (right[1] < 0.5)).sum(),
        "disagree": ((right[0] < 0.3) != (right[1] < 0.5)).sum(),
        "confident": ((right[0] < 0.3) | (right[1] < 0.5)).sum(),
    }
    assert {key: sum(one["images"]) for key, one in found["filters"].items()} == whole
    for key in [*whole][1:]:
        assert sum(key in image["kinds"] for image in found["images"]) >= MOST_IMAGES / 5
    surest = max(image["error"] for image in found["images"])
    wrong = np.where(right < [[0.3], [0.5]], [one.max(axis=1) for one in given.values()], 0)
    assert surest == pytest.approx(wrong.max(), abs=1e-6)


def test_a_network_outside_the_chain_is_left_out(tmp_path):
    given = {network: sure([0, 1], [0.9, 0.9], 2) for network in (*NETWORKS, "mobile-0")}
    found = data(gallery(chain(tmp_path, given, [0, 1], ["a", "b"]), ["teacher", "mobile-0"], ["teacher", "mobile-0"]))
    assert found["networks"] == ["teacher", "mobile-0"] and found["shown"] == [0, 1]


def test_the_images_together_stay_within_their_size(tmp_path):
    label = np.zeros(250, int)
    given = dict.fromkeys(NETWORKS[:2], sure(label, np.full(250, 0.9), 2))
    noise = chain(tmp_path, given, label, ["a", "b"], side=160)  # the worst case
    found = data(gallery(noise, NETWORKS[:2], [*given]))
    sources = [image["source"] for image in found["images"]]
    assert len(sources) == MOST_IMAGES and sum(map(len, sources)) <= MOST_CHARACTERS
    assert all(source.startswith("data:image/jpeg;base64,") for source in sources)
    assert "source" not in "".join(module._BODY.split())


def test_names_with_quotes_and_tags_stay_text(tmp_path):
    evil = ["</script><script>alert(1)</script>", "<!--\"'&<img src=x onerror=alert(1)>"]
    label = [0, 1]
    given = dict.fromkeys(NETWORKS[:2], sure([1, 1], [0.9, 0.9], 2))
    extra = gallery(chain(tmp_path, given, label, evil, evil), NETWORKS[:2], [*given])
    assert data(extra)["classes"] == evil
    assert sorted(image["name"] for image in data(extra)["images"]) == sorted(evil)
    found = Elements(extra.body)
    assert len(found.of("script")) == 1 and not any(image.get("onerror") for image in found.of("img"))
    assert not re.search(r"\son\w+=", re.sub(r"(?s)<script.*</script>", "", extra.body))
