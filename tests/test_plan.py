"""The plan of a run: from a configuration to networks, files, words and pictures, without a process."""

import copy
import itertools
import json
import os
import re
import subprocess
import sys

import pytest
import yaml
from conftest import ROOT

from snakedistill.configuration.check import checked
from snakedistill.core.parts import PARTS
from snakedistill.plan import resources, words
from snakedistill.plan.code import code_of, code_of_training
from snakedistill.plan.files import Files
from snakedistill.plan.networks import Plan, plan_networks
from snakedistill.plan.pages import Pages
from snakedistill.results.figures import FIGURES
from snakedistill.results.summary.sections import SECTIONS
from snakedistill.results.tables import TABLES

CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text())


def planned(**overlay) -> Plan:
    """The plan of the built-in configuration with some keys changed, mappings key by key."""
    config = copy.deepcopy(CONFIG)
    for key, value in overlay.items():
        config[key] = config[key] | value if isinstance(value, dict) and key != "students" else value
    return plan_networks(checked(config))


def test_the_built_in_run_is_planned():
    plan = planned()
    assert len(plan.trained) == 16 and plan.trained == plan.models
    assert (plan.shown, plan.timed) == (["teacher", "soft-0"], ["teacher", "soft-0"])
    assert (plan.shipped, plan.exported, plan.in_all_forms) == (plan.timed, plan.timed, plan.timed)
    assert plan.forms == plan.bundled_forms == ("onnx", "litert")
    assert plan.timed_forms == dict.fromkeys(plan.timed, plan.forms)
    assert (plan.bundled, plan.candidates, plan.timed_in_full) == (["soft-0"], ["soft-0"], plan.timed)
    assert planned(export={"forms": []}).forms == ("onnx",)
    assert plan.results[:3] == [(0, "teacher"), (0, "classic-0"), (0, "hard-0")]
    assert plan.taught == {"WAYS": ("hard", "manual", "soft"), "OPTIONS": ()}
    assert plan.independent_students("soft-3") == ["classic-0"]
    assert plan.independent_students("classic-0") == []


def test_with_a_split_of_each_seed_what_follows_from_the_split_is_in_the_folder_of_the_seed():
    seeds = {"seeds": [3, 4]}
    one, each = (Files(planned(split={"seed": seed}, **seeds)) for seed in (0, "each"))
    of_split = ("splits", "copies", "rejected", "counts")
    assert [getattr(one, name) for name in of_split] == [f"results/sample/data/{name}.csv" for name in of_split]
    own = [getattr(each, name).format(seed=4) for name in of_split]
    assert own == [f"results/sample/seed-4/data/{name}.csv" for name in of_split]
    assert one.known["splits"] == "results/sample/data/splits.csv"
    assert each.known["splits"] == [f"results/sample/seed-{seed}/data/splits.csv" for seed in (3, 4)]
    assert each.known["test_images"] == each.array("test", "soft-0", 3)
    pixels = "data/images/32-squash-nearest"
    assert each.for_training("soft-0", 4)["train"] == f"results/sample/seed-4/{pixels}/train.npy"
    assert one.for_training("soft-0", 4)["train"] == f"results/sample/{pixels}/train.npy"
    assert each.array("unlabelled", "soft-0", 4) == one.array("unlabelled", "soft-0", 4)
    assert "each with its own assignment of images to parts." in Pages(each.plan, each).described["run"]
    assert "assignment" not in Pages(one.plan, one).described["run"]


FAMILIES = {"mild": {"labels": "soft", "generations": 2}, "alone": {"labels": "manual", "generations": 0}}


@pytest.mark.parametrize(
    ("bundled", "student"),
    [("mild-0", "mild-0"), ("mild-2", "mild-0"), ("alone-0", "alone-0"), ("teacher", "alone-0")],
)
def test_the_shown_student_begins_the_family_of_the_bundled_network(bundled, student):
    plan = planned(students=FAMILIES, export={"network": bundled})
    assert plan.shown == plan.timed == ["teacher", student]
    assert plan.shipped == [name for name in plan.models if name in ("teacher", bundled)]
    assert set(plan.exported) == {*plan.timed, bundled}


@pytest.mark.parametrize(
    ("students", "student", "chain", "teacher"),
    [
        (FAMILIES, "mild-0", ["mild-0", "mild-1", "mild-2"], {}),
        (FAMILIES, "mild-0", ["mild-0", "mild-1", "mild-2"], {"predictions": "mine.csv"}),
        (FAMILIES, "alone-0", ["alone-0"], {}),
        ({"late": {"labels": "soft", "source": "early", "generations": 0}}, "late-0", ["early", "late-0"], {}),
    ],
)
def test_the_gallery_shows_the_family_of_the_shown_student(students, student, chain, teacher):
    plan = planned(students=students, export={"network": student}, teacher=teacher)
    assert plan.chains == {student: ["teacher", *chain]}
    found = Files(plan).for_gallery()
    assert [path.split("/")[-2] for path in found["test"]] == ["teacher", *chain] and not found["choice"]
    assert all("/seed-0/predictions/" in path for path in found["test"])


def test_the_gallery_has_the_chain_of_every_student_that_may_be_chosen():
    plan = planned(students=FAMILIES, export={"network": None})
    assert plan.chains == {"mild-0": ["teacher", "mild-0", "mild-1", "mild-2"], "alone-0": ["teacher", "alone-0"]}
    found = Files(plan).for_gallery()
    assert [path.split("/")[-2] for path in found["test"]] == ["teacher", "mild-0", "mild-1", "mild-2", "alone-0"]
    assert found["choice"] == [Files(plan).tables["frontier"]]


def test_without_images_the_summary_has_neither_gallery_nor_examples():
    plan = planned(summary={"images": False})
    assert Files(plan).for_gallery() == {} and not Pages(plan, Files(plan)).pictures["examples"]
    assert Pages(planned(), Files(planned())).pictures["examples"]


def test_a_teacher_without_a_model_is_shown_but_neither_timed_nor_shipped():
    plan = planned(teacher={"predictions": "mine.csv", "missing": "drop"})
    assert plan.shown == ["teacher", "soft-0"] and plan.timed == plan.shipped == ["soft-0"]
    assert "teacher" not in plan.models and plan.drops_images
    files, pages = Files(plan), Pages(plan, Files(plan))
    assert files.known["teacher_model"] is None and pages.pictures["scheme"] == {}
    assert files.lacking["augmented"] == ["teacher"] and files.lacking["test"] == []
    assert "teacher" in pages.described


LADDER = FAMILIES | {"small": {"labels": "soft", "generations": 1, "image_size": 48}}


def test_where_the_student_is_chosen_the_first_of_each_family_is_a_candidate_in_every_form():
    plan = planned(students=LADDER, export={"network": None})
    candidates = ["mild-0", "alone-0", "small-0"]
    assert plan.chooses and plan.shown == ["teacher", "mild-0"]
    assert [*plan.candidates] == [*plan.bundled] == sorted(candidates, key=list(plan.networks).index)
    assert set(plan.in_all_forms) == set(plan.exported) == set(plan.shipped) == {"teacher", *candidates}
    assert plan.timed_in_full == ["teacher", "mild-0"] and plan.timed == ["teacher", "mild-0", "alone-0", "small-0"]
    assert plan.timed_forms == dict.fromkeys(plan.timed, ("onnx", "litert"))
    files, pages = Files(plan), Pages(plan, Files(plan))
    assert files.choice == ["results/sample/tables/frontier.csv"]
    assert {"alone-0_card", "alone-0_litert_int8", "small-0_onnx_measurements"} < set(files.to_bundle())
    assert "small-0_keras" not in files.to_time() and "small-0_litert_int8" in files.to_time()
    assert len(files.known["form_answers"]) == len(files.known["form_measurements"]) == 4 * 2
    assert pages.settings["recipes"]["small-0"] == {"backbone": "resnet18", "image_size": 48}
    named = planned(students=LADDER, export={"network": "mild-1", "networks": ["small-0", "small-1"]})
    assert not named.chooses and Files(named).choice == []
    assert named.candidates == ["mild-0", "small-0"] and named.timed == ["teacher", "mild-0", "small-0"]
    assert named.timed_forms["small-0"] == ("onnx",) and named.in_all_forms == ["teacher", "mild-0", "mild-1"]


def test_a_student_is_chosen_where_the_teacher_has_no_model_or_is_not_exported():
    for teacher, export in (({"predictions": "mine.csv"}, {}), ({}, {"teacher": False})):
        plan = planned(students=LADDER, teacher=teacher, export={"network": None, **export})
        assert "teacher" not in plan.shipped and len(plan.candidates) == 3
        compared = [path for path in Files(plan).known["form_answers"] if "teacher" in path]
        assert compared == [] and "teacher_onnx_float32" not in Files(plan).to_time()


def test_a_given_classifier_is_a_model_that_is_not_trained():
    plan = planned(teacher={"classifier": "mine.keras", "preprocessing": "none"})
    assert plan.models == ["teacher", *plan.trained] and "teacher" not in plan.trained
    assert plan.settings("teacher") == {"image_size": 32, "preprocessing": "none"}
    assert words.recipe_in_words(plan, "teacher") == "given: mine.keras"


def test_a_network_is_trained_from_its_labels_weights_and_source():
    families = {
        "views": {"labels": "soft", "consistent": True, "generations": 1, "backbone": "mobilenetv2"},
        "more": {"labels": "soft", "unlabelled": True, "generations": 0, "backbone": "mine.keras"},
    }
    families["views"] |= {"weights": "imagenet", "image_size": 64, "preprocessing": "imagenet"}
    plan = planned(paper=None, students=families, export={"network": "views-0"})
    files = Files(plan)
    found = files.for_training("views-1", 3)
    seed = "results/sample/seed-3"
    arrays = "results/sample/data/images/64-squash-nearest"
    assert found == {
        "train": f"{arrays}/train.npy",
        "validation": f"{arrays}/validation.npy",
        "test": f"{arrays}/test.npy",
        "labels": f"{seed}/labels/views-1.csv",
        "lineage": [f"{seed}/labels/views-1.lineage.json"],
        "weights": "results/weights/mobilenetv2-imagenet-notop.h5",
        "source_model": f"{seed}/models/views-0.keras",
        "source_lineage": [f"{seed}/models/views-0.lineage.json"],
    }
    assert plan.see_unlabelled == ["more-0"] and plan.files_of_recipe("more-0") == {"backbone": "mine.keras"}
    assert files.for_training("more-0", 0)["unlabelled_labels"] == "results/sample/seed-0/labels/unlabelled/more-0.csv"
    assert files.for_unlabelled_labels("more-0", 0)["unlabelled"].endswith("predictions/teacher/unlabelled.csv")


def test_a_network_begins_with_the_weights_of_a_source_of_its_structure():
    families = {
        "soft": {"labels": "soft", "generations": 2, "source_weights": True},
        "other": {"labels": "soft", "generations": 0},
    }
    plan = planned(paper=None, students=families, export={"network": "soft-0"})
    assert [plan.gives_weights(name) for name in ("soft-0", "soft-1", "soft-2", "other-0")] == [
        None, "soft-0", "soft-1", None,
    ]  # fmt: skip
    found = Files(plan).for_training("soft-1", 0)
    assert found["initial"] == "results/sample/seed-0/models/soft-0.keras"
    assert found["initial_lineage"] == ["results/sample/seed-0/models/soft-0.lineage.json"]
    assert "initial" not in Files(plan).for_training("soft-0", 0)


def test_a_probe_stands_beside_the_networks_that_begin_with_imagenet_weights():
    lite = {"backbone": "efficientnet_lite0", "weights": "imagenet", "preprocessing": None, "learning_rate": 1e-4}
    lite["image_size"] = 64
    families = {
        "plain": {"labels": "soft", "generations": 1},
        "same": {"labels": "manual", "generations": 0, "dropout": 0.3},
        "large": {"labels": "soft", "generations": 0, "image_size": 96},
        "own": {"labels": "soft", "generations": 0, "backbone": "resnet18", "weights": None},
    }
    plan = planned(paper=None, teacher=lite, student=lite, students=families, export={"network": "plain-1"})
    of_first = {"teacher": "probe-teacher", "same-0": "probe-teacher", "plain-0": "probe-teacher"}
    assert plan.probes == of_first | {"large-0": "probe-large"}
    assert list(plan.networks)[-2:] == ["probe-teacher", "probe-large"]
    assert not {*plan.probes.values()} & {*plan.models, *plan.exported, *plan.timed, *plan.shipped}
    assert plan.pixels("probe-large").size == 96
    files, pages = Files(plan), Pages(plan, Files(plan))
    of_probe = files.of_frozen_backbone("probe-large", 0)
    assert of_probe["weights"] == "results/weights/efficientnet_lite0-imagenet-notop.h5"
    assert of_probe["test"].endswith("96-squash-nearest/test.npy")
    assert files.of_probe()["test"] == ["results/sample/seed-0/predictions/{probe}/test.csv"]
    assert "results/sample/seed-0/predictions/probe-large/test.csv" in files.known["test"]
    assert pages.run["probes"] == plan.probes and pages.run["teachers"] == ["teacher"]
    assert "probes" not in Pages(planned(), Files(planned())).run


def test_a_mean_is_made_of_its_members_and_means_are_in_the_lineage():
    families = {"all": {"labels": "soft", "source": "all", "generations": 1, "temperature": 4}}
    plan = planned(paper=None, students=families, export={"network": "all-1"})
    assert plan.means == ["mean-all-0"]
    files = Files(plan).of_members("mean-all-0", 0)
    assert files["test"] == [f"results/sample/seed-0/predictions/{name}/test.csv" for name in ("teacher", "all-0")]
    assert words.lineage_in_words(plan, "all-1") == [
        ("all-1", "soft, temperature 4.0", "resnet18, 3 epochs"),
        ("mean-all-0", "", "the mean of teacher, all-0"),
    ]


def test_every_table_and_figure_needs_files_that_are_known():
    plan = planned(seeds=[0, 7])
    files = Files(plan)
    pages = Pages(plan, files)
    for name, one in (TABLES | FIGURES).items():
        assert set(one.needs) <= set(files.known), name
        assert set(pages.settings_for(one.settings)) == set(one.settings), name
    assert len(files.known["test"]) == 2 * len(plan.networks)
    assert len(files.needed(["test", "splits"])["lineage"]) == 2 * len(plan.networks)
    made = list(itertools.chain(*(paths for name in PARTS for paths in [files.known[name]])))
    assert len(set(made)) == len(made) == 3 * 2 * len(plan.networks)


def test_the_chapters_of_the_report_are_sections_with_pictures_and_sort_as_texts():
    plan = planned()
    pages = Pages(plan, Files(plan))
    chapters = list(pages.chapters.values())
    assert chapters == sorted(chapters)
    assert next(iter(pages.chapters)) == "result" and list(pages.chapters)[-1] == "tables"
    assert set(pages.chapters) - {"result", "tables"} <= set(SECTIONS)
    assert pages.pictures["confusion"] == {}  # of two classes
    assert pages.files_of_picture("training-soft")[0] == "results/sample/figures/5-training-soft.svg"
    assert pages.captioned("training", "Curves.", "Grey: paper.")["caption"].endswith("Grey: paper.")
    without_paper = Pages(planned(paper=None), Files(planned(paper=None)))
    assert without_paper.reference is None and without_paper.reference_of("timing") is None
    assert without_paper.captioned("training", "Curves.", "Grey.")["caption"] == "Curves."


def test_the_code_of_a_training_run_follows_only_what_the_network_uses():
    plan = planned(students=FAMILIES, export={"network": "mild-0"})
    assert code_of_training(plan, "mild-0") == code_of_training(plan, "mild-1")
    assert code_of_training(plan, "mild-0") != code_of_training(plan, "alone-0")
    assert code_of("plot", modules=(FIGURES["timing"].module,)) != code_of("plot", modules=(FIGURES["scheme"].module,))


def test_larger_pixels_and_batches_ask_for_more_memory_and_more_threads_for_less_time():
    plan = planned(teacher={"image_size": 224})
    assert resources.mem_mb_of_network(plan, "teacher") > resources.mem_mb_of_network(plan, "soft-0") > 2500
    assert resources.minutes(60, 10, 1) == 20 and resources.minutes(60, 10, 2) == 15
    assert resources.seconds_a_mb_of_training(plan, "soft-0") == 3 + 1.5 * CONFIG["student"]["epochs"]


def test_timing_asks_for_more_than_it_took_at_224_pixels_and_for_every_network():
    two, three = (planned(image_size=224, timing={"networks": more}) for more in ([], ["hard-0"]))
    assert len(three.timed) == len(two.timed) + 1
    assert resources.mem_mb_of_timing(two) > 4149 + 500
    assert resources.mem_mb_of_timing(three) > resources.mem_mb_of_timing(two)


def test_each_network_takes_arrays_of_its_own_pixels_and_a_source_that_answers_its_own():
    families = {
        "small": {"labels": "soft", "generations": 1, "image_size": 32, "fit": "crop", "consistent": True},
        "large": {"labels": "soft", "generations": 0, "image_size": 48, "unlabelled": True, "resample": "antialias"},
        "alone": {"labels": "manual", "generations": 0, "image_size": 32},
    }
    plan = planned(paper=None, teacher={"image_size": 64}, students=families, export={"network": "small-0"})
    files, images = Files(plan), "results/sample/data/images"
    folders = ["64-squash-nearest", "32-squash-nearest", "48-squash-antialias", "32-crop-nearest"]
    assert set(plan.pixels_in_use) == set(folders)
    assert files.images("teacher", 0)["test"] == f"{images}/64-squash-nearest/test.npy"
    first, second = files.for_training("small-0", 0), files.for_training("small-1", 0)
    assert first["train"] == second["train"] == f"{images}/32-crop-nearest/train.npy"
    assert first["source_train"] == f"{images}/64-squash-nearest/train.npy"
    assert "source_train" not in second  # the generation before has the same pixels
    assert files.for_training("large-0", 0)["unlabelled_images"] == f"{images}/48-squash-antialias/unlabelled.npy"
    assert files.known["test_images"] == f"{images}/32-crop-nearest/test.npy"  # of the student that is shown
    assert plan.independent_students("small-0") == []  # of other pixels


def test_planning_needs_no_framework():
    """What the rules import can be imported where none of these is installed."""
    rules = "".join(path.read_text() for path in sorted((ROOT / "workflow/rules").glob("*.smk")))
    imported = re.findall(r"^from (snakedistill\S*) import", rules, re.MULTILINE)
    assert "snakedistill.plan.networks" in imported
    missing = ["tensorflow", "keras", "jax", "torch", "onnx", "onnxruntime", "openvino", "ai_edge_litert", "tf2onnx"]
    code = f"import sys; sys.modules |= dict.fromkeys({missing}); import {', '.join(sorted(set(imported)))}"
    subprocess.run(
        [sys.executable, "-c", code], check=True, env=os.environ | {"PYTHONPATH": str(ROOT / "workflow/scripts")}
    )


def test_the_metadata_of_a_network_name_its_files_not_where_they_are():
    own = {"backbone": "/elsewhere/mine.keras", "weights": None}
    recipe = json.loads(words.card_of(planned(student=own), "soft-0", 0)["recipe"])
    assert recipe["backbone"] == "mine.keras"
    weights = {"backbone": "mobilenetv2", "weights": "below/some.h5"}
    assert json.loads(words.card_of(planned(student=weights), "soft-0", 0)["recipe"])["weights"] == "some.h5"
    given = planned(teacher={"classifier": "/elsewhere/large.keras"})
    assert json.loads(words.card_of(given, "teacher", 0)["recipe"])["backbone"] == "large.keras"


def test_networks_share_the_activations_of_the_frozen_layers_that_they_have_in_common():
    kept = {"backbone": "efficientnet_lite0", "weights": "imagenet", "preprocessing": None, "frozen": "block10_add"}
    kept |= {"augmentation": {"flip": True, "shift": 0}, "validation_augmentation": False}
    students = {
        "classic": {"labels": "manual", "generations": 0},
        "soft": {"labels": "soft", "generations": 2, "epochs": 9, "dropout": 0.5},
        "larger": {"labels": "soft", "generations": 0, "image_size": 160},
        "plain": {"labels": "soft", "generations": 0, "augmentation": {"flip": False}},
        "head": {"labels": "soft", "generations": 0, "frozen": "backbone"},
        "free": {"labels": "soft", "generations": 0, "frozen": None},
    }
    run = {"student": kept, "students": students, "image_size": 128, "paper": None, "export": {"network": None}}
    plan = planned(**run)
    assert sorted(plan.activations) == ["classic-0", "head-0", "larger-0", "plain-0"]
    assert plan.activations_of("soft-2") == "classic-0" and plan.activations_of("larger-0") == "larger-0"
    assert plan.activations_of("free-0") is None and plan.activations_of("teacher") is None
    of_soft = Files(plan).for_training("soft-1", 3)
    assert of_soft["activations_train"] == "results/sample/data/activations/classic-0/train.npy"
    assert of_soft["train"].endswith("train.npy") and "activations_train" not in Files(plan).for_training("free-0", 3)
    each = Files(planned(**run, split={"seed": "each"}, seeds=[3])).for_training("soft-1", 3)
    assert each["activations_validation"] == "results/sample/seed-3/data/activations/classic-0/validation.npy"
