"""What the findings say of made-up tables, of which the right answer is known."""

import itertools
import re

import pandas as pd
import pytest

from snakedistill.results.findings import findings
from snakedistill.results.findings.finding import CONTRADICTED, OPEN, SUPPORTED

COMPARED = {
    "one": "soft-0", "other": "classic-0", "about": "independent", "seed": "0", "images": 1000, "accuracy_one": 0.95,
    "accuracy_other": 0.9, "difference": 0.05, "difference_low": 0.03, "difference_high": 0.07, "one_alone": 60,
    "other_alone": 10, "p": 1e-6, "p_holm": 1e-5, "smallest_difference": 0.0234, "images_needed": 430.0,
    "equal_within": 0.067, "these_networks": "higher", "wins": 5.0, "losses": 0.0, "p_recipe": 0.001,
    "p_recipe_holm": 0.01, "seeds_needed": 4.0, "this_recipe": float("nan"),
}  # fmt: skip
INHERITED = {
    "seed": 0, "network": "soft-0", "taught_by": "teacher", "independent": "classic-0", "split": "test", "class": "",
    "images": 1000,
}  # fmt: skip
CALIBRATED = {
    "seed": 0, "network": "soft-0", "scaled": "no", "confidence_error": 0.05, "confidence_error_expected": 0.02,
    "confidence_error_likely": 0.03,
}  # fmt: skip
STEP = {
    "seed": 0, "family": "soft", "generation": 1, "network": "soft-1", "class": "dog", "slope": 0.8, "correlation": 0.9,
    "slope_low": 0.75, "slope_high": 0.85, "drift": 0.5, "drift_low": 0.4, "drift_high": 0.6, "answered": 0.6,
}  # fmt: skip


def inherited(agreement=(0.1, 0.05, 0.15), errors=(0.1, 0.05, 0.15), transfer=(0.1, 0.05, 0.15), **more) -> dict:
    row = INHERITED | more
    for name, ends in (
        ("agreement_inherited", agreement), ("errors_inherited", errors), ("negative_transfer", transfer),
    ):  # fmt: skip
        row |= dict(zip((name, f"{name}_low", f"{name}_high"), ends, strict=True))
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


@pytest.mark.parametrize(
    ("ends", "verdict"), [((0.1, 0.05, 0.15), SUPPORTED), ((-0.1, -0.2, -0.05), CONTRADICTED), ((0.1, -0.1, 0.3), OPEN)]
)
def test_inheritance_is_told_where_its_interval_is_on_one_side_of_nothing(ends, verdict):
    statements = found(inheritance=[inherited(ends, ends, ends)])
    assert [got for got, _ in statements.values()] == [verdict] * 3
    evidence = statements["`soft-0` agrees with `teacher` more than `classic-0` does"][1]
    assert evidence.startswith("{:+.4f} [{:+.4f}, {:+.4f}]".format(*ends))


def test_several_seeds_must_agree_on_inheritance():
    both = [inherited(seed=seed) for seed in (0, 1)]
    assert {verdict for verdict, _ in found(inheritance=both).values()} == {SUPPORTED}
    both[1] = inherited((0.1, -0.1, 0.3), seed=1)
    verdict, evidence = found(inheritance=both)["`soft-0` agrees with `teacher` more than `classic-0` does"]
    assert (verdict, evidence) == (OPEN, "+0.1000 on average of 2 seeds; the interval is above 0 in 1 of them and "
                                         "below 0 in 0")  # fmt: skip


def test_a_teacher_without_errors_leaves_the_inheritance_of_errors_open():
    nothing = (float("nan"),) * 3
    statements = found(inheritance=[inherited(errors=nothing, transfer=nothing)])
    of_errors = [one for statement, one in statements.items() if "errors" in statement]
    assert of_errors == [(OPEN, "The teacher makes too few errors on the test part to say")] * 2


def test_later_generations_have_no_finding_of_inheritance():
    rows = [inherited(), inherited(network="soft-1", taught_by="soft-0"), inherited(network="soft-1")]
    assert all(statement.startswith("`soft-0`") for statement in found(inheritance=rows))


def chain(slopes: list[tuple], drift=(0.5, 0.4, 0.6)) -> list[dict]:
    """Generations 0 and later of two classes; the later ones have (slope, low, high) and the drift towards dog."""
    rows = []
    for number, ends in enumerate([(float("nan"),) * 3, *slopes]):
        for name, sign in (("cat", -1), ("dog", 1)):
            row = STEP | {"generation": number, "network": f"soft-{number}", "class": name}
            row |= {"answered": 0.5 + sign * 0.02 * number}
            row |= dict(zip(("slope", "slope_low", "slope_high"), ends, strict=True))
            low, high = sorted(sign * end for end in drift[1:])
            row |= {"drift": sign * drift[0], "drift_low": low, "drift_high": high}
            rows.append(row)
    return rows


@pytest.mark.parametrize(
    ("slopes", "verdict"),
    [
        ([(0.8, 0.75, 0.85), (0.9, 0.85, 0.95)], SUPPORTED),
        ([(1.2, 1.15, 1.25)], CONTRADICTED),
        ([(0.8, 0.75, 0.85), (1.2, 1.15, 1.25)], OPEN),
        ([(1.0, 0.9, 1.1)], OPEN),
    ],
)
def test_shrinkage_takes_a_step_below_one_and_none_above(slopes, verdict):
    statements = found(recursion=chain(slopes))
    assert statements["along the recursion of `soft` the logits shrink in some steps and grow in none"][0] == verdict


def test_an_interval_that_ends_just_below_one_is_open_where_there_are_many_steps():
    barely = (0.95, 0.901, 0.999)
    shrinks = "along the recursion of `soft` the logits shrink in some steps and grow in none"
    assert found(recursion=chain([barely]))[shrinks][0] == SUPPORTED
    assert found(recursion=chain([barely] * 6))[shrinks][0] == OPEN


def test_drift_is_towards_the_class_that_is_answered_ever_more():
    verdict, evidence = found(recursion=chain([(0.8, 0.75, 0.85)] * 2))[
        "along the recursion of `soft` the answers drift towards `dog` in some steps and away from it in none"
    ]
    assert verdict == SUPPORTED
    assert "goes from 0.500 to 0.540" in evidence


def test_probabilities_are_contradicted_or_open_but_never_supported():
    rows = [CALIBRATED, CALIBRATED | {"network": "hard-0", "confidence_error": 0.01}]
    statements = found(calibration=[*rows, CALIBRATED | {"network": "scaled", "scaled": "yes"}])
    assert {statement: verdict for statement, (verdict, _) in statements.items()} == {
        "the probabilities of `soft-0` say how often the answer is right": CONTRADICTED,
        "the probabilities of `hard-0` say how often the answer is right": OPEN,
    }


def test_nothing_to_compare_has_no_findings():
    assert found() == {}


def test_a_name_with_a_backtick_stays_in_its_quotes():
    (statement,) = found(calibration=[CALIBRATED | {"network": "a`b"}])
    assert re.fullmatch(r"[^`]*`a'b`[^`]*", statement)
