import copy

import pytest
import yaml
from conftest import ROOT

from snakedistill.configuration import check, networks, recipe, scale_of_run
from snakedistill.errors import InputError

SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
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


def test_the_schema_needs_exactly_the_keys_of_config_yaml():
    assert list(SCHEMA["properties"]) == list(CONFIG) == SCHEMA["required"]
    assert list(SCHEMA["properties"]["teacher"]["properties"]) == list(CONFIG["teacher"])
    assert list(CONFIG["student"]) == list(CONFIG["teacher"])


@pytest.mark.parametrize("preset", ["paper", "photos"])
def test_presets_are_valid(preset):
    overlay = yaml.safe_load((ROOT / f"presets/{preset}.yaml").read_text())
    check(overlaid(CONFIG, overlay), SCHEMA)


def test_the_paper_preset_is_the_papers():
    config = overlaid(CONFIG, PAPER)
    assert config["image_size"] == 224
    assert config["precision"] == "float32"
    assert recipe(config, "teacher") == {
        "backbone": "resnet50", "weights": "imagenet", "preprocessing": "paper", "epochs": 25, "batch_size": 32,
        "learning_rate": 1e-6, "schedule": "constant", "decay": 0.01, "dropout": 0.5, "batch_norm_momentum": None,
        "augmentation": {"flip": True, "shift": 0}, "validation_augmentation": True,
    }  # fmt: skip
    for family in ("classic", "hard", "soft"):
        assert recipe(config, family) == {
            "backbone": "resnet18", "weights": None, "preprocessing": "paper", "epochs": 100, "batch_size": 32,
            "learning_rate": 1e-4, "schedule": "constant", "decay": 0, "dropout": 0, "batch_norm_momentum": None,
            "augmentation": {"flip": True, "shift": 0.4}, "validation_augmentation": True,
        }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("epochs", 3, "epochs: unknown key; allowed are run, archive"),
        ("teacher.learning_rat", 3, "teacher.learning_rat: unknown key; allowed are backbone"),
        ("students.soft.temperature", 2, "students.soft.temperature: unknown key; allowed are .*labels, generations"),
        ("image_size", "big", "image_size: 'big' given; allowed is integer, at least 32, at most 1024"),
        ("split.train", 0.8, "split: train, validation and test sum to 1.1; they must sum to 1"),
        ("students.soft.generations", -1, "students.soft.generations: -1 given; allowed is integer, at least 0"),
        ("students.classic.generations", 2, "students.classic.generations: 2 given; manual labels allow 0"),
        ("student.augmentation.shift", 1.5, "student.augmentation.shift: 1.5 given; allowed is number, at least 0"),
        ("student.schedule", "linear", "student.schedule: 'linear' given; allowed are constant, cosine"),
        ("student.decay", 0.1, "student.decay: 0.1 given; schedule: cosine allows 0"),
        ("student.weights", "imagenet", "student.weights: imagenet given; Keras has none for resnet18"),
        ("teacher.batch_norm_momentum", 1, "teacher.batch_norm_momentum: 1 given; allowed is number or null, at least"),
        ("seeds", [], r"seeds: \[\] given; allowed is array, of at least 1"),
        ("seeds", [1, 1], r"seeds: \[1, 1\] given; .*without repetition"),
        ("classes", {"cat": 0, "dog": 0}, "classes: .* two names are needed, one with 0 and one with 1"),
        ("run", "../elsewhere", "run: '../elsewhere' given; allowed is string, that matches"),
        ("evaluation.bin_width", 0.3, "evaluation.bin_width: 0.3 given; 1 / bin_width must be a whole number"),
        ("precision", "float16", "precision: 'float16' given; allowed are float32, bfloat16"),
    ],
)
def test_what_is_wrong_is_named_with_what_was_given_and_what_is_allowed(path, value, message):
    with pytest.raises(InputError, match=message):
        check(changed(path, value), SCHEMA)


def test_a_missing_key_is_named():
    config = copy.deepcopy(CONFIG)
    del config["teacher"]["epochs"]
    with pytest.raises(InputError, match=r"teacher\.epochs: missing"):
        check(config, SCHEMA)


def test_all_that_is_wrong_is_said_at_once():
    config = changed("image_size", 0) | {"seed": 1}
    with pytest.raises(InputError) as raised:
        check(config, SCHEMA)
    assert len(str(raised.value).splitlines()) == 3


def test_networks_of_the_paper():
    found = networks(CONFIG["students"])
    assert len(found) == 1 + 3 + 12
    assert found["teacher"].giver is None
    assert found["classic-0"].giver is None
    assert found["soft-0"].giver == "teacher"
    assert found["hard-6"].giver == "hard-5"
    assert list(found)[:6] == ["teacher", "classic-0", "hard-0", "soft-0", "hard-1", "soft-1"]
    assert list(networks(dict(reversed(CONFIG["students"].items())))) == list(found)


def test_a_new_family_is_a_new_entry():
    found = networks({"mild": {"labels": "soft", "generations": 2}})
    assert [(n.id, n.labels, n.giver) for n in found.values()][1:] == [
        ("mild-0", "soft", "teacher"), ("mild-1", "soft", "mild-0"), ("mild-2", "soft", "mild-1"),
    ]  # fmt: skip


def test_a_family_overrides_the_recipe():
    config = changed("students.soft.augmentation", {"shift": 0.0})
    config["students"]["soft"]["epochs"] = 99
    mine = recipe(config, "soft")
    assert mine["epochs"] == 99
    assert mine["augmentation"] == {"flip": True, "shift": 0.0}
    assert recipe(config, "hard")["epochs"] == CONFIG["student"]["epochs"]


def splits_of(folder, **sizes):
    path = folder / "splits.csv"
    rows = [f"{part}.{i},0,{part}" for part, images in sizes.items() for i in range(images)]
    path.write_text("\n".join(["image_id,label,split", *rows]) + "\n")
    return path


def test_the_scale_of_a_run_names_what_is_not_the_papers(tmp_path):
    splits = splits_of(tmp_path, train=1190, validation=255, test=255)
    scale = scale_of_run(CONFIG, PAPER, splits)
    assert scale["run"].startswith(
        "Run sample: 1,700 drawings of the built-in sample (1,190 to train, 255 to validate, 255 to test) at 32 pixels;"
    )
    assert scale["run"].endswith("Its numbers are about drawings, not about photographs.")
    assert "image_size 32 (224)" in scale["deviations"]
    assert "student.augmentation.shift 0 (0.4)" in scale["deviations"]
    assert "teacher.batch_size" not in scale["deviations"]


def test_the_papers_own_settings_deviate_in_nothing(tmp_path):
    config = overlaid(CONFIG, PAPER)
    scale = scale_of_run(config, PAPER, splits_of(tmp_path, train=70, validation=15, test=15))
    assert scale["deviations"] == "Every setting is the paper's."
    assert "100 photographs of dogs-vs-cats.zip" in scale["run"]


def test_families_that_are_not_the_papers_are_named(tmp_path):
    config = overlaid(CONFIG, PAPER)
    config["students"] = {"classic": config["students"]["classic"], "mild": {"labels": "soft", "generations": 1}}
    config["students"]["soft"] = {"labels": "soft", "generations": 8, "epochs": 50}
    deviations = scale_of_run(config, PAPER, splits_of(tmp_path, train=1))["deviations"]
    assert deviations == (
        "Settings that are not the paper's (in brackets): students.mild (none); students.soft.generations 8 (6); "
        "students.soft.epochs 50 (as student); no students.hard."
    )
