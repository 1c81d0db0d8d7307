"""The table `frontier` of made-up candidates, whose right answers and times are known."""

import numpy as np
import pandas as pd

from snakedistill.measures.choice import choose, nearest, non_inferiority, on_frontier, within_limits
from snakedistill.measures.intervals import exact_interval, ratio_interval, score_interval

ROUNDS = 60


def row(network, precision="float32", form="ONNX", role="candidate", **columns) -> dict:
    """A row of the table, of a network whose answers are counted beside the teacher's."""
    return {"seed": 0, "network": network, "form": form, "precision": precision, "role": role} | columns


def times(milliseconds: float, noise: float = 0.02, seed: int = 0) -> np.ndarray:
    """Milliseconds of an image in each round."""
    return milliseconds * np.random.default_rng(seed).lognormal(0, noise, ROUNDS)


def frontier(networks: list[dict], images: int = 1000, margin: float = 0.01, **limits: float | None) -> pd.DataFrame:
    """A table of a teacher, which is right on all but 4 % of the images, and candidates, from counts and times.

    Args:
        networks: the teacher, and candidates with `alone` (images that the candidate alone and the teacher alone get
            right), `times` and `megabytes`; `size` is the number of pixels.
        images: of the test part, and of validation, on which the counts are the same.
        margin: of the choice.
        **limits: ms, mb.
    """
    rows, right = [], []
    teacher_right = images - round(0.04 * images)
    first = networks[0].get("times")
    for one in networks:
        gained, lost = one.get("alone", (0, 0))
        answers = np.arange(images) < teacher_right
        answers[:lost] = False
        answers[images - gained :] = True
        right.append(answers)
        low, high = exact_interval(int(answers.sum()), images)
        found = non_inferiority(gained, lost, images, margin)
        two_sided = score_interval(gained, lost, images)
        columns = {name: one[name] for name in ("seed", "network", "form", "precision", "role")}
        columns |= {"backbone": "mobilenet", "image_size": one.get("size", np.nan), "images": images}
        columns |= {"accuracy": answers.mean(), "accuracy_low": low, "accuracy_high": high}
        columns |= {"validation_accuracy": answers.mean(), "difference": found.difference}
        columns |= dict(zip(("difference_low", "difference_high"), two_sided, strict=True))
        columns |= {"difference_bound": found.low, "not_worse": found.not_worse}
        columns |= {"images_needed": found.images_needed or np.nan, "megabytes": one.get("megabytes", np.nan)}
        columns |= {"multiply_adds": one.get("multiply_adds", np.nan)}
        rounds = one.get("times")
        quantiles = np.full(3, np.nan) if rounds is None else np.quantile(rounds, [0.5, 0.025, 0.975])
        columns |= dict(zip(("milliseconds", "milliseconds_low", "milliseconds_high"), quantiles, strict=True))
        ratio = np.nan, np.nan
        if rounds is not None and first is not None and rounds is not first:
            ratio = ratio_interval(first, rounds)
        columns |= dict(zip(("times_faster_low", "times_faster_high"), ratio, strict=True))
        rows.append(columns)
    table = pd.DataFrame(rows)
    candidates = np.flatnonzero(table["role"] == "candidate")
    of_candidates = table.iloc[candidates]
    within = within_limits(of_candidates["milliseconds"].to_numpy(), of_candidates["megabytes"].to_numpy(), **limits)
    seconds = [networks[at].get("times", np.empty(0)) for at in candidates]
    names = of_candidates["network"] + of_candidates["precision"]
    chosen = choose(
        np.array(right)[candidates], within, seconds, of_candidates["megabytes"].to_numpy(), list(names), margin
    )
    table["chosen"] = table["within_limits"] = table["on_frontier"] = table["nearest"] = "no"
    table.loc[candidates[within], "within_limits"] = "yes"
    cost = of_candidates["milliseconds" if of_candidates["milliseconds"].notna().any() else "megabytes"]
    on = on_frontier(of_candidates["accuracy"].to_numpy(), cost.to_numpy())
    table.loc[candidates[on], "on_frontier"] = "yes"
    if chosen is None:
        costs = (of_candidates[name].to_numpy() for name in ("milliseconds", "megabytes"))
        table.loc[candidates[nearest(*costs, **limits)], "nearest"] = "yes"
    else:
        table.loc[candidates[chosen], "chosen"] = "yes"
    return table
