"""What planning found of the inputs, as the jobs of a cluster read it."""

import pytest

from snakedistill.configuration.remembered import FOLDER, Found, once
from snakedistill.data.named_images import NamedImages

CONFIG = {"archive": "mydata", "classes": None, "seeds": [0, 1]}
IMAGES = NamedImages({"ant": {"train": 3}}, {"train": "sampled"}, {"a copy": 1}, ["few images"])
FOUND = Found(CONFIG | {"classes": ["ant", "bee"]}, IMAGES, "a digest")


def never() -> Found:
    raise AssertionError("the archive is listed again")


@pytest.fixture(autouse=True)
def inside(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("found", [FOUND, Found(CONFIG, None, None)])
def test_a_job_of_a_cluster_reads_what_planning_found(found):
    assert once(lambda: found, CONFIG, is_job=False) == found
    assert once(never, CONFIG, is_job=True) == found


def test_planning_looks_each_time_and_a_job_sees_the_last_one():
    once(lambda: FOUND, CONFIG, is_job=False)
    later = Found(CONFIG, None, "another digest")
    assert once(lambda: later, CONFIG, is_job=False) == later
    assert once(never, CONFIG, is_job=True) == later


def test_a_job_that_finds_nothing_kept_looks_for_itself_and_keeps_nothing(tmp_path):
    once(lambda: FOUND, CONFIG | {"seeds": [7]}, is_job=False)
    before = list((tmp_path / FOLDER).iterdir())
    assert once(lambda: FOUND, CONFIG, is_job=True) == FOUND
    assert list((tmp_path / FOLDER).iterdir()) == before
