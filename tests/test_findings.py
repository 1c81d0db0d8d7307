"""What the findings say of made-up tables, of which the right answer is known."""

import itertools
import re

import numpy as np
import pandas as pd
import pytest

from snakedistill.measures.comparison import compare
from snakedistill.results.findings import findings
from snakedistill.results.findings.distilling import distilling, images_needed
from snakedistill.results.findings.finding import CONTRADICTED, OPEN, SUPPORTED, Finding

COMPARED = {
    "one": "soft-0", "other": "classic-0", "about": "independent", "seed": "0", "images": 1000, "assignments": 1,
    "accuracy_one": 0.95, "accuracy_other": 0.9, "difference": 0.05, "difference_low": 0.03, "difference_high": 0.07,
    "one_alone": 60, "other_alone": 10, "p": 1e-6, "p_holm": 1e-5, "smallest_difference": 0.0234,
    "images_needed": 430.0, "equal_within": 0.067, "these_networks": "higher", "wins": 5.0, "losses": 0.0,
    "p_recipe": 0.001, "p_recipe_holm": 0.01, "seeds_needed": 4.0, "this_recipe": float("nan"),
}  # fmt: skip
INHERITED = {
    "seed": 0, "network": "soft-0", "taught_by": "teacher", "independent": "classic-0", "split": "test", "class": "",
    "images": 1000,
}  # fmt: skip
CALIBRATED = {
    "seed": 0, "network": "soft-0", "scaled": "no", "confidence_error": 0.05, "confidence_error_expected": 0.02,
    "confidence_error_p": 0.0001,
}  # fmt: skip
STEP = {
    "seed": 0, "family": "soft", "generation": 1, "network": "soft-1", "class": "dog", "answered": 0.6,
    "spread_ratio": 0.9, "spread_ratio_from_first": 0.8, "spread_ratio_from_first_low": 0.75,
    "spread_ratio_from_first_high": 0.85, "spread_ratio_from_first_p": 0.001, "drift_from_first": 0.5,
    "drift_from_first_low": 0.4, "drift_from_first_high": 0.6, "drift_from_first_p": 0.001, "source": "soft-0",
    "slope_across_seeds": float("nan"), "slope_across_seeds_low": float("nan"),
    "slope_across_seeds_high": float("nan"),
}  # fmt: skip


def inherited(agreement=(0.1, 0.05, 0.15, 0.001), errors=(0.1, 0.05, 0.15, 0.001), by_chance=0.01, **more) -> dict:
    """A row with value, interval and p-value of agreement and errors."""
    row = INHERITED | {"errors_inherited_by_chance": by_chance} | more
    for name, ends in (("agreement_inherited", agreement), ("errors_inherited", errors)):
        row |= dict(zip((name, f"{name}_low", f"{name}_high", f"{name}_p"), ends, strict=True))
    return row


def found(comparisons=(), inheritance=(), recursion=(), calibration=()) -> dict[str, tuple[str, str]]:
    """Verdict and evidence by statement."""
    rows = {"comparisons": comparisons, "inheritance": inheritance, "recursion": recursion, "calibration": calibration}
    columns = {"comparisons": COMPARED, "inheritance": inherited(), "recursion": STEP, "calibration": CALIBRATED}
    tables = {name: pd.DataFrame(list(of_table), columns=list(columns[name])) for name, of_table in rows.items()}
    return {one.statement: (one.verdict, one.evidence) for one in findings(tables)}


def first(network: str) -> dict:
    """The comparison with the teacher, which makes a network one of the first students."""
    return COMPARED | {"one": network, "other": "teacher", "about": "teacher", "these_networks": "cannot be told"}


@pytest.mark.parametrize(
    ("about", "these_networks", "verdict"),
    [
        ("independent", "higher", SUPPORTED),
        ("independent", "lower", CONTRADICTED),
        ("independent", "cannot be told", OPEN),
        ("families", "higher", SUPPORTED),
    ],
)
def test_a_comparison_is_supported_where_the_first_is_higher(about, these_networks, verdict):
    row = COMPARED | {"about": about, "these_networks": these_networks}
    (statement, (got, evidence)) = list(found([first("soft-0"), row]).items())[1]
    assert statement.startswith("`soft-0` is more accurate than `classic-0`")
    assert got == verdict
    assert "0.9500 against 0.9000 on 1,000 test images, a difference of +0.0500 [+0.0300, +0.0700]" in evidence
    assert "60 against 10 images that one of the two alone gets right, p = 1e-06, 1e-05 with Holm's" in evidence
    assert ("takes about" in evidence) == (verdict == OPEN)


def test_of_two_that_nobody_orders_the_statement_is_what_was_found():
    row = COMPARED | {"about": "families", "these_networks": "lower"}
    (statement, (verdict, _)) = list(found([first("soft-0"), row]).items())[1]
    assert (statement, verdict) == ("`soft-0` is less accurate than `classic-0`, from the same teacher", SUPPORTED)


def test_a_teacher_is_compared_with_its_probe():
    row = COMPARED | {"one": "teacher", "other": "probe-teacher", "about": "probe", "these_networks": "lower"}
    ((statement, (verdict, _)),) = found([row]).items()
    assert statement == "`teacher` is more accurate than `probe-teacher`, the head alone on the same backbone"
    assert verdict == CONTRADICTED


@pytest.mark.parametrize(("these_networks", "verdict"), [("lower", SUPPORTED), ("higher", CONTRADICTED)])
def test_a_student_is_expected_below_its_teacher(these_networks, verdict):
    statements = found([first("soft-0") | {"these_networks": these_networks}])
    assert {statement: got for statement, (got, _) in statements.items()} == {
        "`soft-0` is less accurate than `teacher`": verdict
    }


def test_of_a_chain_the_last_generation_alone_is_compared_with_the_first():
    steps = [
        COMPARED | {"one": f"soft-{number}", "other": "soft-0", "about": "recursion", "these_networks": "lower"}
        for number in (1, 2, 3)
    ]
    statements = found([first("soft-0"), *steps])
    assert "recursion loses accuracy: `soft-3` is less accurate than `soft-0`" in statements
    assert len(statements) == 2


def test_an_open_comparison_says_how_many_images_would_tell_and_within_what_the_two_are_equal():
    row = COMPARED | {"these_networks": "cannot be told", "images_needed": 3920.0, "equal_within": 0.0216}
    _, (_, evidence) = list(found([first("soft-0"), row]).items())[1]
    assert "1,000 images show a difference of 0.0234" in evidence
    assert "to show the measured one takes about 4,000 with the correction for 2 pairs" in evidence
    assert evidence.endswith("Equal within 0.0216")


def test_many_pairs_that_cannot_be_told_apart_are_one_finding():
    networks = [f"{name}-0" for name in ("soft", "hard", "mixed", "mild")]
    open_pair = COMPARED | {"about": "families", "these_networks": "cannot be told"}
    pairs = [
        open_pair
        | {"one": one, "other": other, "difference": 0.001 * number, "smallest_difference": 0.02 + number / 1000}
        for number, (one, other) in enumerate(itertools.permutations(networks, 2))
    ]
    told = open_pair | {"one": "soft-0", "other": "blind-0", "these_networks": "higher"}
    found_so = found([*map(first, networks[:1]), *(first(one) for one in networks[1:]), *pairs, told])
    (many,) = [statement for statement in found_so if statement.startswith("which is more accurate, two families of")]
    assert "`soft-0` and `hard-0` (+0.0000), `soft-0` and `mixed-0` (+0.0010)" in many
    verdict, evidence = found_so[many]
    assert verdict == OPEN and "1,000 images show a difference of 0.020 to 0.031" in evidence
    assert found_so["`soft-0` is more accurate than `blind-0`, from the same teacher"][0] == SUPPORTED
    assert len(found_so) == len(networks) + 2
    few = found([*map(first, networks), *pairs[:6]])
    assert len(few) == len(networks) + 6


RECIPE = COMPARED | {"seed": "all", "wins": 6.0, "this_recipe": "higher"}
OPEN_RECIPE = RECIPE | {"this_recipe": "cannot be told", "p_recipe": 0.03, "p_recipe_holm": 0.06}


def test_one_seed_says_nothing_of_the_recipe_and_holm_decides_for_six():
    alone = found([first("soft-0"), COMPARED])
    assert not any("paired seeds" in evidence for _, evidence in alone.values())
    seeds = [COMPARED | {"seed": str(seed)} for seed in range(6)]
    teacher = first("soft-0") | {"seed": "all", "this_recipe": "cannot be told"}
    verdict, evidence = found([*seeds, teacher, RECIPE])[OF_SOFT]
    assert verdict == SUPPORTED
    assert "over 6 paired seeds, p = 0.001, 0.01 with Holm's correction for 2 pairs; higher in 6 of the" in evidence
    assert found([*seeds, teacher, OPEN_RECIPE])[OF_SOFT][0] == OPEN


OF_SOFT = "`soft-0` is more accurate than `classic-0`, which learned without a teacher"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"seeds_needed": 11.0}, "5 seeds cannot show a difference of this size with the correction for 2 pairs; about "
                                 "11 would. Equal within 0.0670"),
        ({"seeds_needed": float("nan"), "images_needed": 6123.0}, "No number of seeds on these images shows a "
              "difference of this size with the correction for 2 pairs; more than 6,200 images would"),
        ({"difference": 0.0}, "The two are equally accurate on average of the seeds. Equal within 0.0670"),
    ],
)  # fmt: skip
def test_an_open_comparison_of_recipes_says_what_would_show_it(more, words):
    seeds = [COMPARED | {"seed": str(seed)} for seed in range(5)]
    whole = [first("soft-0") | {"seed": "all", "this_recipe": "cannot be told"}, OPEN_RECIPE | more]
    verdict, evidence = found([*seeds, *whole])[OF_SOFT]
    assert verdict == OPEN
    assert words in evidence


def test_the_loss_of_a_chain_is_weighed_beside_that_of_training_anew():
    steps = [
        COMPARED | {"one": f"soft-{step}", "other": "soft-0", "about": "recursion", "these_networks": "lower"}
        for step in (1, 2)
    ]
    beside = [
        COMPARED
        | {"one": f"soft-{step} - soft-0", "other": f"classic-{step} - classic-0", "about": "retraining"}
        | {"these_networks": "lower"}
        for step in (1, 2)
    ]
    statements = found([first("soft-0"), *steps, *beside])
    retraining = {statement: verdict for statement, (verdict, _) in statements.items() if "training runs" in statement}
    assert retraining == {
        "the chain loses more than as many training runs on manual labels: `soft-2 - soft-0` is below "
        "`classic-2 - classic-0`": SUPPORTED
    }


AGREES = "`soft-0` agrees with `teacher` more than `classic-0` does"
INHERITS = (
    "`soft-0` inherits errors: where `teacher` is wrong it is wrong more often than `classic-0`, beyond what its own "
    "accuracy explains"
)


@pytest.mark.parametrize(
    ("ends", "verdict"),
    [
        ((0.1, 0.05, 0.15, 0.001), SUPPORTED),
        ((-0.1, -0.2, -0.05, 0.001), CONTRADICTED),
        ((0.1, -0.1, 0.3, 0.2), OPEN),
        ((0.2, 0.007, 0.416, 0.125), OPEN),  # four of 20 errors: the exact test decides, and not an end above 0
    ],
)
def test_inheritance_is_told_by_its_p_value(ends, verdict):
    statements = found(inheritance=[inherited(ends, ends, by_chance=0.0)])
    assert {statement: got for statement, (got, _) in statements.items()} == {AGREES: verdict, INHERITS: verdict}
    assert statements[AGREES][1].startswith("{:+.4f} [{:+.4f}, {:+.4f}]; p = ".format(*ends))


@pytest.mark.parametrize(("by_chance", "verdict"), [(0.0, SUPPORTED), (0.049, SUPPORTED), (0.051, OPEN), (0.3, OPEN)])
def test_errors_that_accuracy_explains_are_not_inherited(by_chance, verdict):
    got, evidence = found(inheritance=[inherited(by_chance=by_chance)])[INHERITS]
    assert got == verdict
    assert f"a student of this accuracy with errors at random shows {by_chance:+.4f}" in evidence


def test_statements_on_inheritance_are_corrected_for_their_number():
    barely = (0.1, 0.05, 0.15, 0.02)
    alone = found(inheritance=[inherited(barely, barely)])
    assert {verdict for verdict, _ in alone.values()} == {SUPPORTED}
    many = found(inheritance=[inherited(barely, barely, network=f"soft{number}-0") for number in range(10)])
    assert {verdict for verdict, _ in many.values()} == {OPEN}
    assert all("p = 0.4 with Holm's correction for 20 statements" in evidence for _, evidence in many.values())


def test_of_several_seeds_the_row_over_all_of_them_decides():
    weak = (0.1, -0.1, 0.3, 0.4)
    seeds = [inherited(weak, weak, seed=str(seed)) for seed in range(6)]
    statements = found(inheritance=[*seeds, inherited(seed="all")])
    assert {verdict for verdict, _ in statements.values()} == {SUPPORTED}
    assert "+0.1000 [+0.0500, +0.1500] over 6 seeds; p = 0.002" in statements[AGREES][1]


def test_a_teacher_without_errors_leaves_the_inheritance_of_errors_open():
    statements = found(inheritance=[inherited(errors=(float("nan"),) * 4)])
    assert statements[INHERITS] == (OPEN, "The teacher makes too few errors on the test part to say")
    assert statements[AGREES][0] == SUPPORTED


def test_later_generations_have_no_finding_of_inheritance():
    rows = [inherited(), inherited(network="soft-1", taught_by="soft-0"), inherited(network="soft-1")]
    assert all(statement.startswith("`soft-0`") for statement in found(inheritance=rows))


def chain(ratio=(0.8, 0.75, 0.85, 0.001), drift=(0.5, 0.4, 0.6, 0.001), classes=("cat", "dog"), **more) -> list[dict]:
    """Generations 0 to 2; the last class gains `drift`, and the first loses it."""
    rows, ends = [], ("", "_low", "_high", "_p")
    for number, name in itertools.product(range(3), classes):
        sign = {classes[0]: -1, classes[-1]: 1}.get(name, 0)
        row = STEP | {"generation": number, "network": f"soft-{number}", "class": name} | more
        row |= {"answered": 0.5 + sign * 0.02 * number}
        row |= dict(zip((f"spread_ratio_from_first{end}" for end in ends), ratio, strict=True))
        signed = (*(sign * one for one in drift[:3]), drift[3])
        row |= dict(zip((f"drift_from_first{end}" for end in ends), signed, strict=True))
        if not number:
            row |= {key: float("nan") for key in row if key.startswith(("spread", "drift"))}
        rows.append(row)
    return rows


SHRINKS = "along the recursion of `soft` the logits shrink"
DRIFTS = "along the recursion of `soft` the predictions drift towards `dog`"


@pytest.mark.parametrize(
    ("ratio", "verdict"),
    [((0.8, 0.75, 0.85, 0.001), SUPPORTED), ((1.2, 1.1, 1.3, 0.001), CONTRADICTED), ((0.9, 0.8, 1.01, 0.07), OPEN)],
)
def test_shrinkage_is_told_by_the_spread_of_the_last_generation_against_the_first(ratio, verdict):
    got, evidence = found(recursion=chain(ratio))[SHRINKS]
    assert got == verdict
    assert "the spread of the logits of `soft-2` is {:.3f} [{:.3f}, {:.3f}] times that of `soft-0`".format(*ratio) in (
        evidence
    )


def test_drift_is_towards_the_class_that_gains_most():
    verdict, evidence = found(recursion=chain())[DRIFTS]
    assert verdict == SUPPORTED
    assert "changes by +0.500 [+0.400, +0.600]" in evidence
    assert "goes from 0.500 to 0.540" in evidence


@pytest.mark.parametrize(("ends", "said"), [((0.8, 0.9), True), ((1.01, 1.2), True), ((0.9, 1.1), False)])
def test_the_slope_across_seeds_is_said_where_its_interval_decides(ends, said):
    slope = {"slope_across_seeds": 0.9, "slope_across_seeds_low": ends[0], "slope_across_seeds_high": ends[1]}
    (evidence,) = (
        evidence
        for name, (_, evidence) in found(recursion=[row | slope for row in chain()]).items()
        if "shrink" in name
    )
    words = (
        f"of what the seeds of `soft-0` have in common, `soft-2` carries on 0.900 [{ends[0]:.3f}, {ends[1]:.3f}] times"
    )
    assert (words in evidence) == said


def test_a_class_chosen_after_looking_counts_for_all_classes():
    drift = (0.5, 0.1, 0.9, 0.01)
    assert found(recursion=chain(drift=drift))[DRIFTS][0] == SUPPORTED
    names = ("cat", *"abcdefgh", "dog")
    assert found(recursion=chain(drift=drift, classes=names))[DRIFTS][0] == OPEN


def test_chains_are_corrected_for_their_number():
    ratio, none = (0.9, 0.8, 0.99, 0.02), (0.0, -0.1, 0.1, 1.0)
    assert found(recursion=chain(ratio, none))[SHRINKS][0] == SUPPORTED
    others = [row for number in range(5) for row in chain(ratio, none, family=f"other{number}")]
    assert found(recursion=[*chain(ratio, none), *others])[SHRINKS][0] == OPEN


def test_probabilities_are_contradicted_or_open_but_never_supported():
    rows = [CALIBRATED, CALIBRATED | {"network": "hard-0", "confidence_error": 0.01, "confidence_error_p": 0.3}]
    statements = found(calibration=[*rows, CALIBRATED | {"network": "scaled", "scaled": "yes"}])
    assert {statement: verdict for statement, (verdict, _) in statements.items()} == {
        "the probabilities of `soft-0` say how often the answer is right": CONTRADICTED,
        "the probabilities of `hard-0` say how often the answer is right": OPEN,
    }


def test_calibration_is_corrected_for_all_networks_and_seeds():
    off = CALIBRATED | {"confidence_error_p": 0.02}
    assert [verdict for verdict, _ in found(calibration=[off]).values()] == [CONTRADICTED]
    fine = [CALIBRATED | {"network": f"soft-{number}", "confidence_error_p": 0.5} for number in range(1, 20)]
    assert [verdict for verdict, _ in found(calibration=[off, *fine]).values()] == [OPEN]
    seeds = [CALIBRATED | {"seed": seed, "confidence_error_p": 0.0001 if seed else 0.5} for seed in range(3)]
    ((verdict, evidence),) = found(calibration=seeds).values()
    assert verdict == CONTRADICTED and "in 2 of 3 seeds" in evidence


def test_seeds_with_their_own_split_are_said_to_be_assignments_too():
    over = COMPARED | {"seed": "all", "this_recipe": "higher", "about": "independent", "assignments": 6}
    rows = [first("soft-0") | {"seed": "all"}, over, *(COMPARED | {"seed": str(seed)} for seed in range(6))]
    inheritance = [inherited(seed=seed) for seed in [*range(6), "all"]]
    for several, words in ((6, " and assignments of images to parts"), (1, "")):
        rows = [row | {"assignments": several} if row["seed"] == "all" else row for row in rows]
        statements = found(rows, inheritance)
        (accuracy,) = (evidence for name, (_, evidence) in statements.items() if "learned without a teacher" in name)
        assert f"over 6 paired seeds{words}, p" in accuracy
        assert ("test images of each seed," in accuracy) == bool(words)
        assert all(
            f" over 6 seeds{words};" in evidence for name, (_, evidence) in statements.items() if "herit" in name
        )


def test_nothing_to_compare_has_no_findings():
    assert found() == {}


def test_a_name_with_a_backtick_stays_in_its_quotes():
    (statement,) = found(calibration=[CALIBRATED | {"network": "a`b"}])
    assert re.fullmatch(r"[^`]*`a'b`[^`]*", statement)


def frontier_of(chosen: str | None) -> pd.DataFrame:
    """A table of candidates of which one may be chosen."""
    networks = ["soft-0", "classic-0", "hard-0"]
    return pd.DataFrame({"network": networks, "chosen": ["yes" if name == chosen else "no" for name in networks]})


def distils(chosen: str | None = "soft-0", margin: float = 0.01, **row) -> Finding | None:
    """The finding on a chosen student, from a comparison with its independent student."""
    rows = [first("soft-0"), COMPARED | row]
    return distilling(pd.DataFrame(rows), frontier_of(chosen), margin)


OPEN_PAIR = {
    "these_networks": "cannot be told", "difference": 0.006, "difference_low": -0.004, "difference_high": 0.016,
    "equal_within": 0.0144, "images_needed": 2200.0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("row", "verdict", "statement", "evidence"),
    [
        ({}, SUPPORTED, "distilling pays: `soft-0` is above `classic-0`, the same network with manual labels",
         "+5.0 points [+3.0, +7.0] on 1,000 test images"),
        ({"these_networks": "lower", "difference": -0.05, "difference_low": -0.07, "difference_high": -0.03},
         CONTRADICTED,
         "distilling costs accuracy: `soft-0` is below `classic-0`, the same network with manual labels",
         "-5.0 points [-7.0, -3.0] on 1,000 test images"),
        (OPEN_PAIR | {"equal_within": 0.0095}, SUPPORTED,
         "distilling changes nothing that matters: `soft-0` and `classic-0`, the same network with manual labels, are "
         "equal within 1 point", "+0.6 points [-0.4, +1.6] on 1,000 test images"),
        (OPEN_PAIR, OPEN,
         "whether distilling pays cannot be told from `soft-0` and `classic-0`, the same network with manual labels",
         "+0.6 points [-0.4, +1.6] on 1,000 test images; about 2,200 test images would tell, if the measured "
         "difference is the true one"),
        (OPEN_PAIR | {"this_recipe": "cannot be told", "seeds_needed": 11.0}, OPEN, "whether distilling pays cannot be "
         "told from `soft-0` and `classic-0`, the same network with manual labels",
         "+0.6 points [-0.4, +1.6] on 1,000 test images; about 11 seeds would tell"),
        (OPEN_PAIR | {"difference_low": 0.001, "p_holm": 0.0712}, OPEN, "whether distilling pays cannot be "
         "told from `soft-0` and `classic-0`, the same network with manual labels",
         "+0.6 points [+0.1, +1.6] on 1,000 test images, but p is 0.071 with the correction for all comparisons of the "
         "run; about 2,200 test images would tell, if the measured difference is the true one"),
        (OPEN_PAIR | {"difference": 0.01, "images_needed": float("nan")}, OPEN, "whether distilling pays cannot be "
         "told from `soft-0` and `classic-0`, the same network with manual labels",
         "+1.0 points [-0.4, +1.6] on 1,000 test images; no number of such images would tell"),
    ],
)  # fmt: skip
def test_whether_distilling_pays(row, verdict, statement, evidence):
    assert distils(**row) == Finding(verdict, statement, evidence)


def test_where_the_chosen_one_learned_from_manual_labels_a_student_is_compared_with_it():
    assert distils("classic-0") == distils("soft-0")


def test_where_the_chosen_one_has_no_pair_the_first_pair_is_judged_and_that_is_said():
    found, of_pair = distils("hard-0"), distils("soft-0")
    assert (found.verdict, found.statement) == (of_pair.verdict, of_pair.statement)
    assert found.evidence == (
        f"{of_pair.evidence}; of `hard-0`, the chosen student, it is not known: no family has its recipe and `labels: "
        "manual`"
    )
    assert distils(None) == of_pair


def test_without_a_pair_nothing_is_said_of_distilling():
    assert distilling(pd.DataFrame([first("soft-0")]), frontier_of("soft-0"), 0.01) is None


@pytest.mark.parametrize("share", [0.02, 0.05])
def test_so_many_images_show_that_two_equal_networks_are_equal(share):
    """Simulated: at least 80 % of test parts of that size show it, of two networks whose accuracies are equal."""
    images, margin = 1000, 0.01
    discordant = np.repeat([1, -1, 0], [round(share * images / 2)] * 2 + [images - 2 * round(share * images / 2)])
    row = COMPARED | {"difference": 0.0, "images_needed": float("nan"), "images": images}
    row["equal_within"] = compare(discordant[None], np.zeros(images)).equal_within
    needed = round(images_needed(row, margin))
    counts = np.random.default_rng(0).multinomial(needed, [share / 2, share / 2, 1 - share], 500)
    shown = [compare(np.repeat([1, -1, 0], one)[None], np.zeros(needed)).equal_within <= margin for one in counts]
    assert 0.75 <= np.mean(shown) <= 0.87
