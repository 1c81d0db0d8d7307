"""How many seeds and images a difference needs: against known components, by hand, and by simulation."""

import numpy as np
import pandas as pd
import pytest
from made_up import MadeUp
from scipy import stats

from snakedistill.measures.power import MANY_SEEDS, Components, components
from snakedistill.results.power import MARGINS, rows, write_power

SEED_SD, IMAGE_SD, REST_SD = 0.02, 0.15, 0.25


def test_components_are_those_that_were_drawn():
    rng = np.random.default_rng(0)
    found = []
    for _ in range(200):
        values = rng.normal(0, SEED_SD, (6, 1)) + rng.normal(0, IMAGE_SD, 400) + rng.normal(0, REST_SD, (6, 400))
        of_one = components(values, np.arange(400) % 4)
        found.append([of_one.seed, of_one.image, of_one.rest])
    for mean, deviation, within in zip(
        np.mean(found, axis=0), (SEED_SD, IMAGE_SD, REST_SD), (0.12, 0.02, 0.02), strict=True
    ):
        assert mean == pytest.approx(deviation**2, rel=within)


def test_differences_of_classes_are_not_those_of_images():
    of_class = np.repeat([0.0, 1.0], 50)
    assert components(np.tile(of_class, (3, 1)), of_class).image == 0
    assert components(np.tile(of_class, (3, 1)), np.zeros(100)).image > 0.2


def test_smallest_difference_by_hand():
    """Without images and rest it is a t test of the seeds, without seeds and rest one of the images."""
    of_seeds = Components(seed=0.01**2, image=0.0, rest=0.0).smallest_difference(6, 1000)
    power = stats.nct.sf(stats.t.ppf(0.975, 5), 5, of_seeds / (0.01 / np.sqrt(6)))
    assert power == pytest.approx(0.8, abs=1e-3)
    of_images = Components(seed=None, image=0.09, rest=0.0).smallest_difference(1, 2500, pairs=10)
    assert of_images == pytest.approx((stats.norm.ppf(0.9975) + stats.norm.ppf(0.8)) * 0.3 / 50, rel=2e-3)


@pytest.mark.parametrize("pairs", [1, 28])
def test_many_seeds_are_planned_as_few_ones_are(pairs):
    """Where Satterthwaite's degrees of freedom take over from the rule of comparisons."""
    known = Components(SEED_SD**2, IMAGE_SD**2, REST_SD**2)
    few, many = (known.smallest_difference(seeds, 1000, pairs) for seeds in (MANY_SEEDS, MANY_SEEDS + 1))
    assert 0.99 < many / few < 1.0


def test_what_is_needed_is_the_least_that_is_enough_or_nothing():
    known = Components(SEED_SD**2, IMAGE_SD**2, REST_SD**2)
    seeds = known.seeds_needed(0.03, 1000, pairs=3)
    assert known.smallest_difference(seeds, 1000, 3) <= 0.03 < known.smallest_difference(seeds - 1, 1000, 3)
    images = known.images_needed(0.05, 6, pairs=3)
    assert known.smallest_difference(6, images, 3) <= 0.05 < known.smallest_difference(6, images - 1, 3)
    # Images alone leave 0.15 / sqrt(100) = 0.015, of which 2.8 are seen; seeds alone 0.02 / sqrt(6).
    assert known.seeds_needed(0.02, 100) is None and known.seeds_needed(0.06, 100) is not None
    assert known.images_needed(0.02, 6) is None


def test_page_of_a_run_says_what_it_shows_and_what_it_never_can(tmp_path):
    accuracy = {"teacher": 0.9, "soft-0": 0.7, "classic-0": 0.8} | {(2, "soft-0"): 0.75, (3, "soft-0"): 0.72}
    made_up = MadeUp(tmp_path, {"test": 200}, accuracy, networks=["teacher", "classic-0", "soft-0"], seeds=(0, 2, 3))
    frame = rows(made_up.run())
    assert set(zip(frame["one"], frame["other"], strict=True)) >= {("soft-0", "teacher"), ("soft-0", "classic-0")}
    assert (frame["pairs"] == len(frame)).all() and (frame["seeds"] == 3).all() and (frame["images"] == 200).all()
    assert (frame["of_all_seeds"] < frame["smallest_difference"]).all()
    # Teacher and classic-0 are the same in every seed: seeds say nothing, images all.
    same = frame[(frame["one"] == "classic-0") & (frame["other"] == "teacher")].iloc[0]
    assert same["seed_sd"] < 1e-12 > same["rest_sd"] and same["of_all_images"] < 1e-3
    paths = [str(tmp_path / f"power.{suffix}") for suffix in ("csv", "md", "html")]
    write_power(made_up.run(), "A run.", *paths)
    written, page = pd.read_csv(paths[0]), (tmp_path / "power.md").read_text()
    assert set(written) == set(frame) and {f"seeds_for_{margin:g}" for margin in MARGINS} <= set(written)
    assert "**3 seeds and 200 test images show a difference" in page and "No number of seeds" in page
    assert "Fewer than 5 seeds say nothing of a recipe" in page and "never" in page
    assert "<table>" in (tmp_path / "power.html").read_text()


def test_one_seed_says_nothing_of_the_recipe(tmp_path):
    made_up = MadeUp(tmp_path, {"test": 100}, {"soft-0": 0.7}, networks=["teacher", "soft-0"])
    frame = rows(made_up.run())
    assert (
        frame["seed_sd"].isna().all() and (frame["seeds_for_0.01"] == "").all() and frame["of_all_seeds"].isna().all()
    )
    paths = [str(tmp_path / f"power.{suffix}") for suffix in ("csv", "md", "html")]
    write_power(made_up.run(), "A run.", *paths)
    assert "nothing can be said of the recipe: train at least 5 seeds" in (tmp_path / "power.md").read_text()


def test_a_run_without_pairs_says_so(tmp_path):
    made_up = MadeUp(tmp_path, {"test": 20}, networks=["teacher"])
    paths = [str(tmp_path / f"power.{suffix}") for suffix in ("csv", "md", "html")]
    write_power(made_up.run(), "A run.", *paths)
    assert "There are no two networks to compare." in (tmp_path / "power.md").read_text()
