"""What chains of heads lose, over doses of training, generations and seeds: tables of a study."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from snakedistill.core.files import read_csv, write_csv
from snakedistill.core.parts import PARTS
from snakedistill.measures.estimates import Estimate
from snakedistill.measures.intervals import LEVEL
from snakedistill.measures.lifetime import predicted_change
from snakedistill.training.chains import Descent, Dose, chain, fit_heads, standardised

DOSE_OF_TEACHER = Dose(labels="soft", epochs=30, l2=0.01)
"""How the head of the teacher is fitted, to manual labels."""
SHOWN = (0, 1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 40, 60, 80, 100, 150, 200)
"""Generations that tables have; of others the next lower one says enough."""


@dataclass(frozen=True, kw_only=True)
class Study:
    """What is studied.

    Attributes:
        images: how many are sampled; what a seed does not train on tests it.
        train: of these, how many a seed trains on, drawn anew for each.
        seeds: number of seeds.
        generations: of each chain, after the first.
    """

    images: int
    train: int
    seeds: int
    generations: int


def write_chains(study: Study, dose: Dose, of_teacher: str, of_student: str, splits: str, chains: str) -> None:
    """Train the chains of a dose, one for each seed, and write their accuracies.

    Args:
        study: what is studied.
        dose: how each generation is trained.
        of_teacher: features of the teacher's backbone, see `write_features`.
        of_student: features of the other heads' backbone.
        splits: CSV with the manual label and part of every image; the parts are not used.
        chains: CSV to write, see `accuracies`.
    """
    listed = read_csv(splits)
    manual = np.concatenate([listed["label"][listed["split"] == part] for part in PARTS])
    rows = np.random.default_rng(0).permutation(len(manual))[: study.images]
    features, others = (standardised(np.load(path, mmap_mode="r")[rows]) for path in (of_teacher, of_student))
    write_csv(accuracies(study, dose, features, others, manual[rows]), chains)


def accuracies(
    study: Study, dose: Dose, of_teacher: np.ndarray, of_student: np.ndarray, manual: np.ndarray
) -> pd.DataFrame:
    """Train the chains of a dose, one for each seed.

    Args:
        study: what is studied.
        dose: how each generation is trained.
        of_teacher: features of the teacher's backbone, see `standardised`.
        of_student: features of the other heads' backbone.
        manual: manual labels, int [n], 0 or 1.

    Returns:
        generation, seed, accuracy (on what the seed does not train on), label_fit and spread (standard deviation of the
        logits).
    """
    stream = np.random.default_rng(1)  # chains of all doses train on the same images, and see them in the same order
    trained = np.zeros((len(manual), study.seeds), bool)
    for seed in range(study.seeds):
        trained[stream.permutation(len(manual))[: study.train], seed] = True
    label = np.broadcast_to(manual[:, None], trained.shape).astype(np.float32)
    kernel = fit_heads(of_teacher, label, trained, DOSE_OF_TEACHER.epochs, DOSE_OF_TEACHER.l2, stream, Descent())
    teacher = expit(of_teacher @ kernel)
    frames = []
    for number, one in enumerate(chain(of_student, manual, trained, teacher, dose, study.generations, stream)):
        answer = one.logit > 0
        values = {
            "accuracy": _share(answer == (label > 0.5), ~trained),
            "label_fit": _share(answer == (one.label > 0.5), trained),
            "spread": one.logit.std(axis=0),
        }
        frames.append(pd.DataFrame({"generation": number, "seed": np.arange(study.seeds)} | values))
    return pd.concat(frames, ignore_index=True)


def write_study(doses: Mapping[str, Dose], of_doses: Mapping[str, str], chains: str, lifetimes: str) -> None:
    """Write what the chains of all doses lose.

    Args:
        doses: by name.
        of_doses: CSV of the accuracies of each, see `accuracies`.
        chains: CSV to write, see `chains_rows`.
        lifetimes: CSV to write, see `lifetimes_rows`.
    """
    found = {name: read_csv(of_doses[name]) for name in doses}
    write_csv(chains_rows(doses, found), chains)
    write_csv(lifetimes_rows(found), lifetimes)


def _share(event: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Of each seed, float [seeds], from bool [n, seeds] each."""
    return (event & among).sum(axis=0) / among.sum(axis=0)


def _over_seeds(of_seeds: np.ndarray | pd.Series) -> Estimate:
    """The mean over seeds, with a 95 % interval of t."""
    from scipy import stats  # slow to import

    values = np.asarray(of_seeds)
    value, error = values.mean(), values.std(ddof=1) / np.sqrt(len(values))
    reach = stats.t.isf((1 - LEVEL) / 2, len(values) - 1) * error
    return Estimate(float(value), float(value - reach), float(value + reach), np.nan)


def _changes(of_dose: pd.DataFrame) -> pd.DataFrame:
    """The change of accuracy from generation 0 of every seed: a row a generation, a column a seed."""
    accuracy = of_dose.pivot(index="generation", columns="seed", values="accuracy")
    return accuracy - accuracy.loc[0]


def chains_rows(doses: Mapping[str, Dose], found: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """What each dose loses, of the generations in `SHOWN` and the last one.

    Args:
        doses: by name.
        found: see `accuracies`, of each dose.

    Returns:
        dose, labels, epochs, l2, label_noise, manual_share, accumulate, generation, seeds; accuracy, label_fit and
        spread, means over seeds; change (of accuracy since generation 0) with its 95 % interval over seeds.
    """
    rows = []
    for name, dose in doses.items():
        changes, last = _changes(found[name]), found[name]["generation"].max()
        for generation, of_generation in found[name].groupby("generation"):
            if generation not in (*SHOWN, last):
                continue
            change = _over_seeds(changes.loc[generation])
            row = {"dose": name, **asdict(dose), "generation": generation, "seeds": len(of_generation)}
            row |= of_generation[["accuracy", "label_fit", "spread"]].mean().to_dict()
            rows.append(row | {"change": change.value, "change_low": change.low, "change_high": change.high})
    return pd.DataFrame(rows)


def lifetimes_rows(found: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """How well the first step of each chain predicts the later ones.

    Args:
        found: see `accuracies`, of each dose.

    Returns:
        dose, generation (from 2 on, of those in `SHOWN`), measured (change of accuracy since generation 0, mean over
        seeds), predicted with the ends of its interval, see `lifetime.predicted_change`, predicted_well (whether the
        interval holds what was measured), and what simpler rules predict: nothing changes (none), the first step is all
        (once), and every step is like the first (linear).
    """
    rows = []
    for dose, of_dose in found.items():
        changes = _changes(of_dose)
        step = _over_seeds(changes.loc[1])
        for generation in (one for one in SHOWN if 2 <= one <= changes.index.max()):
            measured, prediction = changes.loc[generation].mean(), predicted_change(step, generation)
            row = {"dose": dose, "generation": generation, "measured": measured, "predicted": prediction.value}
            row |= {"predicted_low": prediction.low, "predicted_high": prediction.high}
            row["predicted_well"] = "yes" if prediction.low <= measured <= prediction.high else "no"
            rows.append(row | {"none": 0.0, "once": step.value, "linear": generation * step.value})
    return pd.DataFrame(rows)
