import pandas as pd

from snakedistill.summary import warnings


def test_networks_that_learned_nothing_are_named():
    best_epoch = pd.DataFrame(
        {
            "seed": [0, 0, 0],
            "network": ["teacher", "soft-0", "soft-1"],
            "epochs": 3,
            "epoch": [3, 1, 2],
            "val_accuracy": [0.9, 0.55, 0.7],
            "chance": [0.5, 0.55, 0.65],
        }
    )
    classes = pd.DataFrame(
        [
            (0, network, "test", name, 50, errors)
            for network, by_class in {"teacher": (5, 4), "soft-0": (0, 50), "soft-1": (50, 0)}.items()
            for name, errors in zip(("cat", "dog"), by_class, strict=True)
        ],
        columns=["seed", "network", "split", "class", "images", "errors"],
    )
    one, other = warnings(best_epoch, classes)
    assert "soft-0, seed 0" in one
    assert (
        "its best epoch, 1 of 3, is no better on validation than always the same answer, 0.550, and it answers cat to"
        in one
    )
    assert "soft-1, seed 0**: it answers dog to every test image." in other
