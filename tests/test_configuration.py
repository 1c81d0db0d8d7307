import copy
import json
import re

import jsonschema
import pytest
import yaml
from conftest import ROOT

from snakedistill.configuration.check import checked
from snakedistill.configuration.migration import migrated
from snakedistill.configuration.recipes import pixels, recipe, recipes, without_neutral
from snakedistill.configuration.reference_page import json_schema, reference_page
from snakedistill.configuration.types import Config, Recipe, Teacher
from snakedistill.core.errors import InputError
from snakedistill.core.pixels import Pixels
from snakedistill.core.recipe import NEUTRAL
from snakedistill.paper.deviations import deviations_in_words
from snakedistill.results.run_description import describe_run
from snakedistill.teaching import OPTIONS, networks

CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text())
PAPER = yaml.safe_load((ROOT / "presets/paper.yaml").read_text())


def changed(path: str, value) -> dict:
    config = copy.deepcopy(CONFIG)
    *parents, key = path.split(".")
    at = config
    for parent in parents:
        at = at[parent]
    at[key] = value
    return config


def overlaid(config: dict, overlay: dict) -> dict:
    return config | {
        key: overlaid(config[key], value) if isinstance(value, dict) and isinstance(config.get(key), dict) else value
        for key, value in overlay.items()
    }


def test_the_described_keys_are_those_of_config_yaml():
    assert list(Config.model_fields) == list(CONFIG)
    assert list(Teacher.model_fields) == list(CONFIG["teacher"])
    assert list(Recipe.model_fields) == list(CONFIG["student"])
    assert checked(CONFIG) == CONFIG


CHAINS = {"images": 9, "train": 5, "seeds": 2, "generations": 2, "doses": {"few": {"labels": "soft", "epochs": 1}}}


@pytest.mark.parametrize("network", [None, "null"])
def test_the_network_that_ships_may_be_left_to_the_choice(network):
    config = checked(changed("export.network", network))
    assert config["export"]["network"] is None
    limits = checked(CONFIG | {"choose": {"margin": "0.02", "ms": "null", "mb": "3.5"}})  # of the command line
    assert limits["choose"] == {"margin": 0.02, "ms": None, "mb": 3.5}


@pytest.mark.parametrize(("given", "meant"), [("each", "each"), (3, 3), ("3", 3)])
def test_the_seed_of_the_split_is_a_number_or_each(given, meant):
    """The command line passes numbers on as text."""
    assert checked(changed("split.seed", given))["split"]["seed"] == meant


def test_every_key_is_described_in_a_sentence():
    for model in (Config, *(field.annotation for field in Config.model_fields.values())):
        for name, field in getattr(model, "model_fields", {}).items():
            assert field.description, name


def test_schema_and_reference_page_are_those_of_the_types():
    assert (ROOT / "workflow/schemas/config.schema.json").read_text() == json_schema(), "run `make reference`"
    assert (ROOT / "docs/configuration.md").read_text() == reference_page(CONFIG, PAPER), "run `make reference`"


def test_the_example_of_the_ways_to_teach_is_accepted():
    page = (ROOT / "docs/ways-to-teach.md").read_text()
    students = yaml.safe_load(re.search(r"(?m)^    students:\n(?:     .*\n)+", page)[0])["students"]
    assert checked(CONFIG | {"students": students})["students"] == students
    assert set().union(*students.values()) <= set(OPTIONS) | {"source", "labels", "generations"}


def test_editors_accept_the_files_that_the_workflow_accepts():
    schema = jsonschema.Draft202012Validator(json.loads(json_schema()))
    overlay = {"students": {"hard": None, "mild": {"labels": "soft", "generations": 1, "augmentation": {"shift": 0.1}}}}
    for accepted in (CONFIG, PAPER, overlay):
        assert schema.is_valid(accepted)
    for refused in (
        {"image_sise": 64},
        {"image_size": 8},
        {"student": {"schedule": "linear"}},
        {"students": {"hard": 1}},
    ):
        assert not schema.is_valid(refused)


@pytest.mark.parametrize("preset", sorted(path.stem for path in (ROOT / "presets").glob("*.yaml")))
def test_presets_are_valid(preset):
    overlay = yaml.safe_load((ROOT / f"presets/{preset}.yaml").read_text())
    checked(overlaid(CONFIG, overlay))


def test_the_paper_preset_is_the_papers():
    config = overlaid(CONFIG, PAPER)
    assert config["image_size"] == 224
    assert config["precision"] == "float32"
    assert recipe(config, "teacher") == NEUTRAL | {
        "backbone": "resnet50", "weights": "imagenet", "preprocessing": "paper", "epochs": 25, "batch_size": 32,
        "learning_rate": 1e-6, "schedule": "constant", "decay": 0.01, "dropout": 0.5, "batch_norm_momentum": None,
        "augmentation": {"flip": True, "shift": 0}, "validation_augmentation": True, "class_weights": None,
        "image_size": 224,
    }  # fmt: skip
    for family in ("classic", "hard", "soft"):
        assert recipe(config, family) == NEUTRAL | {
            "backbone": "resnet18", "weights": None, "preprocessing": "paper", "epochs": 100, "batch_size": 32,
            "learning_rate": 1e-4, "schedule": "constant", "decay": 0, "dropout": 0, "batch_norm_momentum": None,
            "augmentation": {"flip": True, "shift": 0.4}, "validation_augmentation": True, "class_weights": None,
            "image_size": 224,
        }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("epochs", 3, r"epochs: unknown key; did you mean teacher\.epochs\?"),
        ("choose.margin", 0, r"choose\.margin: expected a number above 0 and below 1, got 0"),
        ("choose.ms", 0, r"choose\.ms: expected a number above 0 or null, got 0"),
        ("choose.mb", "small", r"choose\.mb: expected a number above 0 or null, got 'small'"),
        ("teacher.learning_rat", 3, r"teacher\.learning_rat: unknown key; did you mean learning_rate\?"),
        (
            "students.soft.heat",
            2,
            r"students\.soft\.heat: unknown key; known keys are labels, generations, source, consistent, shuffled",
        ),
        ("image_size", "big", "image_size: expected an integer of at least 32 and at most 1024, got 'big'"),
        ("split.train", 0.8, r"split: expected train, validation and test to sum to 1, got 1\.1"),
        ("split.balanced", "often", "split.balanced: expected true or false, got 'often'"),
        ("teacher.class_weights", "balance", "teacher.class_weights: expected balanced or null, got 'balance'"),
        ("split.near_duplicates", 99, r"expected an integer of at least 0 and at most 16 or null, got 99"),
        ("students.soft.generations", -1, r"students\.soft\.generations: expected an integer of at least 0, got -1"),
        (
            "students.classic.source",
            "teacher",
            r"classic\.source: expected none with manual labels, which have no source",
        ),
        (
            "students.soft.source",
            "every",
            r"students\.soft\.source: expected previous, teacher, all, early, untrained or null, got 'every'",
        ),
        (
            "students.soft",
            {"labels": "soft", "generations": 1, "source": "all", "consistent": True},
            r"students\.soft\.consistent: expected none with source all, a mean without a model, got True",
        ),
        (
            "students.soft",
            {"labels": "soft", "generations": 0, "unlabelled": True, "manual_share": 0.5},
            r"students\.soft\.unlabelled: expected none with manual_share, got True: name one of the two",
        ),
        (
            "students.soft",
            {"labels": "soft", "generations": 0, "image_weights": "confidence"},
            r"students\.soft\.image_weights: expected none with soft labels, got confidence: it is for manual",
        ),
        ("students.early", {"labels": "soft", "generations": 0}, r"students: expected .* not 'teacher', 'early' or"),
        ("students.soft.temperature", 0, r"students\.soft\.temperature: expected a number .*, got 0"),
        (
            "students.hard.temperature",
            2,
            r"hard\.temperature: expected none with hard labels, got 2\.0: .* for soft",
        ),
        (
            "students.soft.smoothing",
            0.1,
            r"soft\.smoothing: expected none with soft labels, got 0\.1: .* for manual",
        ),
        ("students.classic.smoothing", "all", r"smoothing: expected a number from 0 to 1, teacher or null, got 'all'"),
        (
            "students.soft",
            {"labels": "soft", "generations": 0, "consistent": True, "shuffled": True},
            r"students\.soft\.shuffled: expected none with consistent, got True: name one of the two",
        ),
        (
            "students.soft",
            {"labels": "soft", "generations": 3, "source": "teacher", "source_weights": True},
            r"students\.soft\.source_weights: expected null where every network learns from the teacher, got true",
        ),
        (
            "students.soft",
            {"labels": "soft", "generations": 0, "temperature": 2, "manual_share": 0.1},
            r"students\.soft\.manual_share: expected none with temperature, got 0\.1: name one of the two",
        ),
        ("students.Soft", {"labels": "soft", "generations": 0}, "students: expected a mapping of at least one family"),
        ("students.soft", 5, r"students\.soft: expected a mapping, got 5"),
        ("student.augmentation.shift", 1.5, "shift: expected a number of at least 0 and at most 1, got 1.5"),
        ("student.augmentation.rotation", -5, "rotation: expected a number of at least 0 and at most 180, got -5"),
        ("student.augmentation", None, r"student\.augmentation: expected a mapping, got null"),
        ("split.seed", "every", r"split\.seed: expected an integer of at least 0, or each, got 'every'"),
        ("split.seed", -1, r"split\.seed: expected an integer of at least 0, or each, got -1"),
        ("split.seed", True, r"split\.seed: expected an integer of at least 0, or each, got true"),
        ("split.seed", 1.5, r"split\.seed: expected an integer of at least 0, or each, got 1\.5"),
        ("student.schedule", "cosin", "expected constant or cosine, got 'cosin'; did you mean cosine"),
        ("student.decay", 0.1, r"student\.decay: expected 0 with schedule cosine, got 0\.1"),
        ("student.weights", "imagenet", r"student\.weights: expected null or a path with resnet18"),
        ("student.preprocessing", "imagenet", r"student\.preprocessing: expected paper or none with resnet18"),
        ("teacher.backbone", "resnet19", "got 'resnet19'; did you mean resnet18"),
        ("teacher.backbone", "convnexttiny", "expected a network that can be exported to ONNX, got 'convnexttiny'"),
        ("teacher.backbone", "xception", "expected an image_size of at least 71 with xception, got 32"),
        ("teacher.fit", "pad", r"teacher\.fit: expected squash or crop, got 'pad'"),
        ("students.soft.resample", "bicubic", r"soft\.resample: expected nearest or antialias, got 'bicubic'"),
        (
            "student.image_size",
            8,
            r"student\.image_size: expected an integer of at least 32 and at most 1024 or null, got 8",
        ),
        (
            "students.soft",
            {"labels": "soft", "generations": 0, "backbone": "xception", "image_size": 64},
            r"students\.soft\.backbone: expected an image_size of at least 71 with xception, got 64",
        ),
        ("students.soft.backbone", "ResNet50", r"students\.soft\.backbone: .* did you mean resnet50\?"),
        ("teacher.batch_norm_momentum", 1, "expected a number of at least 0 and below 1 or null, got 1"),
        ("teacher.epochs", 0, r"teacher\.epochs: expected at least 1 without head_first, got 0"),
        ("chains", CHAINS | {"train": 9}, r"chains\.train: expected fewer than chains\.images, 9, got 9"),
        ("chains", CHAINS, r"student\.weights: expected weights with chains, got null: the backbone stays as it is"),
        ("chains", CHAINS | {"doses": {}}, r"chains\.doses: expected a mapping, got"),
        ("student.frozen", "backbone", r"student\.frozen: expected null with weights null, got 'backbone'"),
        (
            "student.frozen",
            "layer_a",
            r"student\.validation_augmentation: expected false with frozen layer_a, got true",
        ),
        (
            "students.soft",
            {"labels": "soft", "generations": 0, "frozen": "layer_a", "augmentation": {"shift": 0.1}},
            r"students\.soft\.augmentation\.shift: expected 0 with frozen layer_a, got 0\.1: the activations of",
        ),
        (
            "students.soft",
            {"labels": "soft", "generations": 0, "frozen": "layer_a", "consistent": True},
            r"students\.soft\.consistent: expected null with frozen layer_a, got True: it needs images",
        ),
        (
            "students.soft",
            {"labels": "soft", "generations": 0, "head_first": True, "temperature": 4},
            r"students\.soft\.head_first: expected false with soft labels and temperature, got true",
        ),
        ("teacher.epochs", True, r"teacher\.epochs: expected an integer of at least 0, got true"),
        (
            "seeds",
            [],
            r"seeds: expected a list of one or more different integers of at least 0, such as \[0, 1\], got \[\]",
        ),
        ("seeds", [1, 1], r"seeds: expected a list of one or more different integers .* got \[1, 1\]"),
        (
            "classes",
            {"cat": 0, "dog": 1},
            r"classes: expected null or a list of two or more names.* got \{'cat': 0, 'dog': 1\}",
        ),
        ("classes", ["cat"], "classes: expected null or a list of two or more names"),
        ("classes", ["cat", "", "dog"], "classes: expected null or a list of two or more names"),
        (
            "classes",
            ["cat", "dog", "Cat"],
            "classes: expected null or a list of two or more names that differ in more than",
        ),
        (
            "classes",
            ["cat", "dog", "fox"],
            r"paper: expected null with 3 classes \(cat, dog, fox\), got biryukova: the paper's claims and Kaggle's",
        ),
        ("classes", ["cat", "cat"], "classes: expected null or a list of two or more names"),
        ("classes", ["dog", "cat"], r"classes: expected \[cat, dog\], got \[dog, cat\]"),
        ("layout", "kagle", r"layout: expected csv, .* or kaggle or null, got 'kagle'; did you mean kaggle\?"),
        ("paper", "biriukova", r"paper: expected biryukova or null, got 'biriukova'; did you mean biryukova\?"),
        (
            "students.soft.labels",
            "softt",
            r"soft\.labels: expected manual, hard.* soft.*, got 'softt'; did you mean soft\?",
        ),
        (
            "reference",
            "results/sample/tables",
            r"reference: expected the tables of another run, got .*, this run's own",
        ),
        ("run", "../elsewhere", r"run: expected a name of letters, digits, .*, got '\.\./elsewhere'"),
        ("evaluation.bin_width", 0.3, r"evaluation\.bin_width: expected a width of which 1 is a multiple.* got 0\.3"),
        ("precision", "float16", "expected auto, float32 or bfloat16, got 'float16'; did you mean bfloat16"),
        (
            "export.networks",
            ["hard-0", "hard-7"],
            r"export\.networks: expected one of teacher, .* got 'hard-7'; did you",
        ),
        ("export.networks", "hard-0", r"export\.networks: expected all or a list of ids of networks, such .* 'hard-0'"),
        ("export.networks", [0], r"export\.networks: expected all or a list of ids of networks, such .* got \[0\]"),
        ("export.network", "soft0", r"export\.network: expected one of teacher, .* got 'soft0'; did you mean soft-0\?"),
    ],
)
def test_an_error_says_what_was_expected_and_what_was_given(path, value, message):
    with pytest.raises(InputError, match=message):
        checked(changed(path, value))


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        ("student", CONFIG["student"] | {"learning_rate": "1e-3"}, CONFIG["student"] | {"learning_rate": 1e-3}),
        ("teacher.augmentation", {"flip": "false", "shift": "0.1"}, {"flip": False, "shift": 0.1}),
        ("teacher.batch_norm_momentum", "null", None),
        ("teacher.class_weights", "null", None),
        ("split.balanced", "false", False),
        ("seeds", ["0", "1"], [0, 1]),
        ("archive", "null", None),
        ("run", 2026, "2026"),
    ],
)
def test_text_of_the_command_line_becomes_what_it_says(path, text, value):
    assert checked(changed(path, text)) == changed(path, value)


def test_a_family_is_dropped_with_null():
    for nothing in (None, "null"):
        config = changed("students.hard", nothing)
        assert list(checked(config)["students"]) == ["classic", "soft"]


def test_a_missing_key_is_named():
    config = copy.deepcopy(CONFIG)
    del config["teacher"]["epochs"]
    with pytest.raises(InputError, match=r"teacher\.epochs: missing, expected an integer of at least 0"):
        checked(config)


def test_all_that_is_wrong_is_said_at_once():
    config = changed("image_size", 0) | {"seed": 1}
    with pytest.raises(InputError) as raised:
        checked(config)
    assert len(str(raised.value).splitlines()) == 3


def test_networks_of_the_paper():
    found = networks(CONFIG["students"])
    assert len(found) == 1 + 3 + 12
    assert found["teacher"].source is None
    assert found["classic-0"].source is None
    assert found["soft-0"].source == "teacher"
    assert found["hard-6"].source == "hard-5"
    assert list(found)[:6] == ["teacher", "classic-0", "hard-0", "soft-0", "hard-1", "soft-1"]
    assert list(networks(dict(reversed(CONFIG["students"].items())))) == list(found)


def test_a_new_family_is_a_new_entry():
    found = networks({"mild": {"labels": "soft", "generations": 2}})
    assert [(n.id, n.way, n.source) for n in found.values()][1:] == [
        ("mild-0", "soft", "teacher"), ("mild-1", "soft", "mild-0"), ("mild-2", "soft", "mild-1"),
    ]  # fmt: skip


def test_a_family_overrides_the_recipe():
    config = changed("students.soft.augmentation", {"shift": 0.0})
    config["students"]["soft"]["epochs"] = 99
    mine = recipe(config, "soft")
    assert mine["epochs"] == 99
    assert mine["augmentation"] == {"flip": True, "shift": 0.0}
    assert recipe(config, "hard")["epochs"] == CONFIG["student"]["epochs"]


def test_a_recipe_has_its_own_pixels():
    config = changed("student.image_size", 48)
    config["students"]["hard"] |= {"image_size": "64", "fit": "crop"}
    config["students"]["soft"] |= {"image_size": None, "resample": "antialias"}
    config = checked(config)
    found = {family: pixels(recipe(config, family)) for family in ("teacher", "early", *config["students"])}
    assert found == {
        "teacher": Pixels(32),
        "early": Pixels(32),
        "classic": Pixels(48),
        "hard": Pixels(64, "crop"),
        "soft": Pixels(32, resample="antialias"),
    }
    assert found["hard"].folder == "64-crop-nearest"
    for family, keys in {"teacher": set(), "hard": {"fit"}, "soft": {"resample"}}.items():
        neutral = without_neutral(recipe(config, family))
        assert neutral.keys() & (NEUTRAL.keys() | {"image_size"}) == keys
        assert recipe(config, family) == NEUTRAL | neutral | {"image_size": found[family].size}


def test_a_transformation_that_is_off_is_unknown_to_rules_and_lineages():
    """But for flip and shift, which have always been there."""
    off = {"flip": False, "shift": 0}
    known = without_neutral(recipe(CONFIG, "soft")) | {"augmentation": off}
    found = without_neutral(recipe(changed("student.augmentation", off | {"zoom": 0, "mixup": 0.0}), "soft"))
    assert found == known
    found = without_neutral(recipe(changed("student.augmentation", off | {"zoom": 0.2, "colour": 0}), "soft"))
    assert found == known | {"augmentation": off | {"zoom": 0.2}}


def test_a_recipe_without_the_keys_that_may_be_absent_is_the_same():
    short = copy.deepcopy(CONFIG)
    for section in ("teacher", "student"):
        for key in NEUTRAL:
            del short[section][key]
    assert recipes(checked(short)) == recipes(CONFIG)


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({"backbone": "resnet18", "weights": None}, "paper"),
        ({"backbone": "resnet50", "weights": None}, "paper"),
        ({"backbone": "resnet50", "weights": "imagenet"}, "imagenet"),
        ({"backbone": "mobilenetv3small", "weights": "some.h5"}, "imagenet"),
        ({"backbone": "mobilenetv3small", "weights": None}, "imagenet"),  # it rescales images itself
        ({"backbone": "efficientnet_lite0", "weights": "imagenet"}, "imagenet"),
        ({"backbone": "mine.keras", "weights": None}, "none"),
    ],
)
def test_a_preprocessing_of_null_is_what_the_backbone_needs(own, expected):
    config = overlaid(CONFIG, {"student": own | {"preprocessing": "null", "image_size": 64}})
    assert recipe(checked(config), "soft")["preprocessing"] == expected


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"weight_decay": 0.1}, r"student\.weight_decay: expected 0 with optimiser adam, got 0\.1; .* adamw or sgd"),
        ({"optimiser": "adamw"}, r"student\.weight_decay: expected a number above 0 with optimiser adamw"),
        ({"optimiser": "adam "}, r"student\.optimiser: expected .*adamw.*, got 'adam '; did you mean adam\?"),
        ({"schedule": "cosine", "decay": 0.1}, r"student\.decay: expected 0 with schedule cosine, got 0\.1"),
        ({"warmup": 1}, r"student\.warmup: expected a number of at least 0 and below 1, got 1"),
        ({"patience": 0}, r"student\.patience: expected an integer of at least 1 or null, got 0"),
    ],
)
def test_keys_of_an_optimiser_must_fit(keys, message):
    with pytest.raises(InputError, match=message):
        checked(CONFIG | {"student": CONFIG["student"] | keys})


def test_optimisers_are_keys_of_a_recipe():
    config = changed("students.soft", CONFIG["students"]["soft"] | {"optimiser": "sgd", "weight_decay": "1e-4"})
    assert recipe(checked(config), "soft")["weight_decay"] == 1e-4
    assert recipe(config, "hard")["optimiser"] == "adam"


def test_a_renamed_key_is_understood_and_its_new_name_is_said():
    """A user's overlay has the old name, config.yaml the new one."""
    renamed = {
        "student.rate": "student.learning_rate", "students.*.rate": "students.*.learning_rate",
        "size": "teacher.image_size", "moves": "student.augmentation", "gone": "timing.rounds",
    }  # fmt: skip
    config = changed("students.soft", CONFIG["students"]["soft"] | {"rate": 0.5})
    config |= {"student": CONFIG["student"] | {"rate": 0.25}, "size": 64, "moves": {"shift": 0.3}}
    before = copy.deepcopy(config)
    found, sentences = migrated(config, renamed)
    assert config == before
    assert sentences == [
        "student.rate is now called student.learning_rate: rename it in your configuration",
        "students.soft.rate is now called students.soft.learning_rate: rename it in your configuration",
        "size is now called teacher.image_size: rename it in your configuration",
        "moves is now called student.augmentation: rename it in your configuration",
    ]
    found = checked(found)
    assert found["student"]["learning_rate"] == 0.25
    assert found["students"]["soft"]["learning_rate"] == 0.5
    assert found["teacher"]["image_size"] == 64
    assert found["student"]["augmentation"] == {"flip": True, "shift": 0.3}
    assert migrated(CONFIG, renamed) == (CONFIG, [])
    for broken in ({"students": None}, {"student": "text", "students": {"soft": None}}):
        assert migrated(broken, renamed) == (broken, [])


def test_the_description_of_a_run_says_what_was_learned_from():
    described = describe_run(CONFIG, {"teacher": Pixels(32), "soft": Pixels(32)})
    assert described.startswith("Run sample: drawings of the built-in sample at 32 pixels; teacher resnet50v2")
    assert described.endswith("The numbers are about drawings, not about photographs.")
    assert "images of dogs-vs-cats.zip" in describe_run(overlaid(CONFIG, PAPER), {"teacher": Pixels(224)})
    pixels = {"teacher": Pixels(64, "crop", "antialias"), "classic": Pixels(32), "soft": Pixels(32)}
    said = "at 64 pixels, cropped and antialiased (teacher) and 32 pixels (classic, soft); teacher"
    assert said in describe_run(CONFIG, pixels)


def test_the_deviations_are_what_is_not_the_papers():
    said = deviations_in_words(CONFIG, PAPER)
    assert "image_size 32 (224)" in said
    assert "student.augmentation.shift 0 (0.4)" in said
    assert "teacher.batch_size" not in said
    assert deviations_in_words(overlaid(CONFIG, PAPER), PAPER) == "Every setting is the paper's."
    assert not PAPER["student"].keys() >= NEUTRAL.keys()  # what the paper's settings lack is neutral
    mine = overlaid(overlaid(CONFIG, PAPER), {"student": {"optimiser": "sgd", "patience": 3}})
    assert deviations_in_words(mine, PAPER) == (
        "Settings that differ from the paper's (in brackets): student.optimiser sgd (adam); student.patience 3 (none)."
    )


def test_a_given_teacher_is_what_differs_from_the_paper_and_its_recipe_is_not_used():
    config = overlaid(CONFIG, PAPER)
    config["teacher"] = CONFIG["teacher"] | {"predictions": "mine.csv"}
    assert deviations_in_words(config, PAPER) == (
        "Settings that differ from the paper's (in brackets): teacher.predictions mine.csv (none)."
    )
    assert "teacher: predictions in mine.csv; students" in describe_run(config, {"soft": Pixels(32)})
    assert list(recipes(config)) == ["student"]
    config["teacher"] = CONFIG["teacher"] | {"classifier": "some/mine.keras"}
    assert "teacher: classifier in mine.keras; students" in describe_run(config, {"soft": Pixels(32)})
    assert recipe(config, "teacher") == {
        "augmentation": {"flip": True, "shift": 0}, "backbone": "some/mine.keras", "preprocessing": "paper",
        "image_size": 224, "fit": "squash", "resample": "nearest",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("teacher", "message"),
    [
        (
            {"predictions": "a.csv", "classifier": "b.keras"},
            r"teacher\.classifier: expected null with teacher\.predictions, got 'b\.keras': there is one teacher",
        ),
        (
            {"classifier": "b.keras", "preprocessing": "imagenet"},
            r"teacher\.preprocessing: expected paper or none with teacher\.classifier, got imagenet",
        ),
        ({"missing": "keep"}, r"teacher\.missing: expected error or drop, got 'keep'"),
    ],
)
def test_keys_of_a_given_teacher_must_fit(teacher, message):
    with pytest.raises(InputError, match=message):
        checked(CONFIG | {"teacher": CONFIG["teacher"] | teacher})


def test_predictions_cannot_be_exported():
    teacher, export = CONFIG["teacher"] | {"predictions": "a.csv"}, CONFIG["export"] | {"network": "teacher"}
    with pytest.raises(InputError, match=r"export\.network: expected one of classic-0, .* got 'teacher'"):
        checked(CONFIG | {"teacher": teacher, "export": export})


def test_only_the_teacher_can_be_given():
    students = CONFIG["students"] | {"soft": CONFIG["students"]["soft"] | {"classifier": "b.keras"}}
    with pytest.raises(InputError, match=r"students\.soft\.classifier: unknown key"):
        checked(CONFIG | {"students": students})


def test_a_transformation_that_the_paper_has_not_is_named_where_it_is_on():
    of_paper = overlaid(CONFIG, PAPER)
    shift = of_paper["student"]["augmentation"]
    zoomed = of_paper | {"student": of_paper["student"] | {"augmentation": shift | {"zoom": 0.2, "colour": 0}}}
    assert deviations_in_words(of_paper, PAPER) == "Every setting is the paper's."
    assert deviations_in_words(zoomed, PAPER).endswith("(in brackets): student.augmentation.zoom 0.2 (0).")


def test_families_that_are_not_the_papers_are_named():
    config = overlaid(CONFIG, PAPER)
    config["students"] = {"classic": config["students"]["classic"], "mild": {"labels": "soft", "generations": 1}}
    config["students"]["soft"] = {"labels": "soft", "generations": 8, "epochs": 50}
    assert deviations_in_words(config, PAPER) == (
        "Settings that differ from the paper's (in brackets): students.mild (none); students.soft.generations 8 (6); "
        "students.soft.epochs 50 (as student); no students.hard."
    )


def test_the_paper_asks_for_its_classes_only_where_there_is_a_paper():
    config = changed("classes", ["dog", "cat"]) | {"paper": None}
    assert checked(config)["classes"] == ["dog", "cat"]


def test_a_transformation_that_is_not_named_is_off():
    config = changed("student.augmentation", {"shift": 0.1})
    assert checked(config)["student"]["augmentation"] == {"shift": 0.1}
