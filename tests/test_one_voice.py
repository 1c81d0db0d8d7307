"""Claims, comparisons and findings say the same of the same pair of networks, whatever these answer."""

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, measured_speed
from made_up import NETWORKS, MadeUp

from snakedistill.paper import biryukova
from snakedistill.paper.claims import FAILS, HOLDS, write_claims
from snakedistill.results.findings.accuracies import accuracies
from snakedistill.results.findings.finding import CONTRADICTED, OPEN, SUPPORTED
from snakedistill.results.tables.comparisons import ALL_SEEDS, HIGHER, LOWER

PRINTED = {table: str(ROOT / f"workflow/reference/{table}.csv") for table in biryukova.TABLES}
IMAGES = {"train": 40, "validation": 40, "test": 256}
STEPS = (1, 2)
ABOVE = [("soft-0", "classic-0"), *((f"soft-{step}", f"hard-{step}") for step in STEPS)]
NOT_FAR_BELOW = [(f"{family}-{step}", f"{family}-0") for family in ("soft", "hard") for step in STEPS]
NOT_FAR_BELOW += [(student, "teacher") for student in ("classic-0", "hard-0", "soft-0")]


def random_run(folder, number: int, seeds: tuple[int, ...] = (0,)) -> MadeUp:
    """Networks that differ by few images or by many, all in one direction or scattered."""
    rng = np.random.default_rng(number)
    spread = rng.choice([1, 5, 30])
    accuracy = {
        (seed, network): 1 - rng.integers(0, spread + 1) / 256 - 0.02 * (number % 3)
        for network in NETWORKS
        for seed in seeds
    }
    return MadeUp(folder, IMAGES, accuracy, seeds=seeds, scattered=bool(number % 2), repeats=1)


@pytest.mark.parametrize("number", range(12))
def test_claims_and_comparisons_agree_on_every_pair(tmp_path, number):
    run = random_run(tmp_path, number)
    write_claims(run.run("paper"), measured_speed(tmp_path / "speed.csv"), PRINTED, str(tmp_path / "claims.csv"))
    claims = pd.read_csv(tmp_path / "claims.csv").set_index("evidence")
    compared = run.tabulate("comparisons").set_index(["one", "other"])
    for one, other in ABOVE + NOT_FAR_BELOW:
        piece, row = claims.loc[f"{one} - {other}: accuracy, test"], compared.loc[(one, other)]
        assert [piece["low"], piece["high"]] == pytest.approx([row["difference_low"], row["difference_high"]])
        assert piece["finding"] != FAILS or (row["these_networks"] != HIGHER and row["p"] < 0.05)
        if (one, other) in ABOVE:
            assert piece["finding"] != HOLDS or (row["these_networks"] != LOWER and row["p"] < 0.05)
            assert row["these_networks"] != HIGHER or piece["finding"] == HOLDS


@pytest.mark.parametrize("seeds", [(0,), (0, 1, 2), tuple(range(6))])
@pytest.mark.parametrize("number", range(6))
def test_findings_say_what_comparisons_say(tmp_path, number, seeds):
    table = random_run(tmp_path, number, seeds).tabulate("comparisons")
    rows = table[table["seed"].astype(str) == ALL_SEEDS] if len(seeds) > 1 else table
    of_recipes = rows[rows["this_recipe"].isin([HIGHER, LOWER])]
    assert (of_recipes["this_recipe"] == of_recipes["these_networks"]).all()
    said = {one.statement: one.verdict for one in accuracies(table)}
    for row in rows.to_dict("records"):
        found = row["this_recipe"] if len(seeds) == 6 else row["these_networks"]
        zero_is_outside = row["difference_low"] > 0 or row["difference_high"] < 0
        assert found not in (HIGHER, LOWER) or zero_is_outside
        for words, claimed in (("less", LOWER), ("more", HIGHER)):
            for statement, verdict in said.items():
                if f"`{row['one']}` is {words} accurate than `{row['other']}`" in statement:
                    against = HIGHER if claimed == LOWER else LOWER
                    assert verdict == {claimed: SUPPORTED, against: CONTRADICTED}.get(found, OPEN), statement
    assert said
