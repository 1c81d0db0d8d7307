"""Who learned from whom, in the networks of the workflow and in networks with names of their own."""

import pytest

from snakedistill.results.lines import ABOUT, Pair, ancestors, chains, generation, pairs

# The workflow's own networks.
RUN = {"teacher": None, "classic-0": None, "hard-0": "teacher", "hard-1": "hard-0", "hard-2": "hard-1"}
RUN |= {"soft-0": "teacher", "soft-1": "soft-0", "soft-2": "soft-1"}
# Predictions of networks that were trained elsewhere.
AUDIT = {"resnet50": None, "vit": None, "small net": "resnet50", "quiet net": "vit", "alone": None}


def in_words(found: list[Pair]) -> list[str]:
    return [f"{pair.one} / {pair.other}: {pair.about}" for pair in found]


@pytest.mark.parametrize(
    ("network", "above", "number"),
    [
        ("teacher", [], 0),
        ("classic-0", [], 0),
        ("hard-0", ["teacher"], 0),
        ("hard-2", ["hard-1", "hard-0", "teacher"], 2),
        ("soft-1", ["soft-0", "teacher"], 1),
    ],
)
def test_ancestors_and_generation_in_the_workflow(network, above, number):
    assert ancestors(network, RUN) == above
    assert generation(network, RUN) == number


def test_ancestors_of_free_names():
    assert [ancestors(network, AUDIT) for network in AUDIT] == [[], [], ["resnet50"], ["vit"], []]
    assert ancestors("small net", {"small net": "a teacher that gave no predictions"}) == [
        "a teacher that gave no predictions"
    ]
    assert {generation(network, AUDIT) for network in AUDIT} == {0}


def test_chains_of_the_workflow():
    assert chains(RUN) == {"hard": ["hard-0", "hard-1", "hard-2"], "soft": ["soft-0", "soft-1", "soft-2"]}


def test_a_chain_has_at_least_two_students():
    assert chains({"teacher": None, "soft-0": "teacher", "classic-0": None}) == {}
    assert chains(AUDIT) == {}


def test_chains_of_free_names_have_the_last_ones_name():
    sources = {"vit": None, "base": "vit", "small": "base", "tiny": "base", "tinier": "tiny"}
    assert chains(sources) == {"small": ["base", "small"], "tinier": ["base", "tiny", "tinier"]}


def test_a_number_at_the_end_of_a_free_name_is_kept_where_it_is_no_generation():
    assert chains({"vit": None, "a": "vit", "net-18": "a"}) == {"net-18": ["a", "net-18"]}


def test_no_chain_takes_the_name_of_another():
    sources = {"vit": None, "a": "vit", "net": "a", "net-1": "a"}
    assert chains(sources) == {"net": ["a", "net"], "net-1": ["a", "net-1"]}
    sources = {"vit": None, "a": "vit", "net-1": "a", "b": "a", "net-2": "b"}
    assert chains(sources) == {"net-1": ["a", "net-1"], "net-2": ["a", "b", "net-2"]}


def test_pairs_of_the_workflow():
    independent = {"hard-0": ["classic-0"], "soft-0": ["classic-0"], "hard-1": ["classic-0"]}
    assert in_words(pairs(RUN, independent, ["teacher"])) == [
        "classic-0 / teacher: teacher",
        "hard-0 / teacher: teacher",
        "soft-0 / teacher: teacher",
        "hard-0 / classic-0: independent",
        "soft-0 / classic-0: independent",
        "hard-1 / hard-0: recursion",
        "hard-2 / hard-0: recursion",
        "soft-1 / soft-0: recursion",
        "soft-2 / soft-0: recursion",
        "soft-0 / hard-0: families",
        "soft-1 / hard-1: families",
        "soft-2 / hard-2: families",
    ]


def test_a_probe_is_compared_with_the_networks_beside_it_alone():
    sources = {"teacher": None, "classic-0": None, "soft-0": "teacher", "probe-teacher": None, "probe-classic": None}
    probes = {"teacher": "probe-teacher", "classic-0": "probe-classic", "soft-0": "probe-classic"}
    assert in_words(pairs(sources, {"soft-0": ["classic-0"]}, ["teacher"], probes)) == [
        "classic-0 / teacher: teacher",
        "soft-0 / teacher: teacher",
        "soft-0 / classic-0: independent",
        "teacher / probe-teacher: probe",
        "classic-0 / probe-classic: probe",
        "soft-0 / probe-classic: probe",
    ]


def test_pairs_of_free_names_and_two_teachers():
    """A student of a teacher meets that one, a network without a source all of them; families share a teacher."""
    sources = AUDIT | {"other small net": "resnet50"}
    independent = {"small net": ["alone"]}
    assert in_words(pairs(sources, independent, ["resnet50", "vit"])) == [
        "small net / resnet50: teacher",
        "quiet net / vit: teacher",
        "alone / resnet50: teacher",
        "alone / vit: teacher",
        "other small net / resnet50: teacher",
        "small net / alone: independent",
        "other small net / small net: families",
    ]


def test_no_pair_comes_twice_and_each_is_about_something():
    found = pairs(RUN, {network: ["classic-0"] for network in RUN}, ["teacher"])
    assert len({frozenset((pair.one, pair.other)) for pair in found}) == len(found)
    assert {pair.about for pair in found} == set(ABOUT) - {"networks", "probe", "retraining"}
    assert all(pair.one != pair.other for pair in found)


def test_a_chain_stands_beside_as_many_training_runs_on_manual_labels():
    anew = {f"classic-{number}": None for number in range(3)}
    found = pairs(RUN | anew, {"soft-0": ["classic-0"], "hard-0": ["plain"]}, ["teacher"])
    beside = [pair.names for pair in found if pair.about == "retraining"]
    assert beside == [
        ("soft-1 - soft-0", "classic-1 - classic-0"),
        ("soft-2 - soft-0", "classic-2 - classic-0"),
    ]
    taught = {"classic-0": None, "classic-1": "classic-0"}
    found = pairs(RUN | taught, {"soft-0": ["classic-0"]}, ["teacher"])
    assert not [pair for pair in found if pair.about == "retraining"]


def test_a_teacher_alone_has_no_pair():
    assert pairs({"teacher": None}, {}, ["teacher"]) == []
