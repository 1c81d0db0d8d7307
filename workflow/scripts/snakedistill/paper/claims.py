"""The paper's claims C1 to C11: the evidence for each, with an interval, and where the claim puts it."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from snakedistill.core.by_image import ByImage
from snakedistill.core.files import read_csv, write_csv
from snakedistill.core.lineage import read_predictions
from snakedistill.core.network_ids import TEACHER, Network
from snakedistill.core.parts import PARTS, TEST, TRAIN, VALIDATION
from snakedistill.measures import metrics
from snakedistill.measures.comparison import paired_interval
from snakedistill.measures.intervals import LEVEL, exact_interval, mean_interval
from snakedistill.paper.biryukova import TIMED_BACKBONES
from snakedistill.results.answers import Answers
from snakedistill.results.run import Run
from snakedistill.results.tables.best_epoch import best_epoch

STATEMENTS = {
    "C1": "Students come close to the teacher: an insignificant drop in accuracy.",
    "C2": "ResNet-18 handles an image almost 5 times faster than ResNet-50 on a CPU.",
    "C3": "The soft student beats the classic student, with and without augmentation.",
    "C4": "The hard student is only slightly worse than the classic one and needs about half the epochs.",
    "C5": "All networks are confident: over 91 % in the end bins on train, inner bins under 0.015 elsewhere.",
    "C6": "The teacher is the most confident network, the hard student the least.",
    "C7": "The teacher errs more on dogs; the soft student inherits that uncertainty, the hard one less so.",
    "C8": "Recursion lowers test accuracy by less than 3 percentage points in both experiments.",
    "C9": "Along recursion, uncertainty hardly moves for hard (at most 0.003) and grows for soft.",
    "C10": "At every step of recursion the soft network's accuracy is above the hard network's.",
    "C11": "Along the soft recursion, predictions move into the inner bins mostly on [0.5, 1].",
}
HOLDS, FAILS, OPEN = "holds", "does not hold", "cannot be told"
IDLE = "decides nothing"

INSIGNIFICANT = 0.02  # the paper calls drops of up to 0.0189 insignificant
SLIGHTLY = 0.01  # and 0.0072 slightly worse
ALMOST_5_TIMES = 4.5  # and 4.95 times almost 5 times
STUDENTS = ("classic-0", "hard-0", "soft-0")

BINS = 20  # of the paper's histograms, numbered from 0
END, BELOW, ABOVE = (0, BINS - 1), tuple(range(1, BINS // 2)), tuple(range(BINS // 2, BINS - 1))

RESOLUTION = float(np.finfo(np.float32).eps)  # of differences of probabilities, which are float32

Term = tuple[str | tuple[int, ...], str, str]
"""A mean over images: quantity, network id, part. A tuple is the share of predictions in these bins; else `accuracy`,
`augmented accuracy`, `uncertainty`, or `errors on 0` and `errors on 1`, the error rate of one class."""


@dataclass(frozen=True)
class Evidence:
    """A sum of means over the images of one part, and where the claim puts it.

    Attributes:
        text: description of the evidence.
        terms: factor by term.
        claimed: the open interval that the claim puts it in.
        alternatives: number of quantities of this kind, of which it is the extreme one.
        details: description of what is special to this run.
        lacks: description of what it needs and this run does not have, besides networks and augmentation.
    """

    text: str
    terms: dict[Term, float]
    claimed: tuple[float, float]
    alternatives: int = 1
    details: str = ""
    lacks: str = ""

    @property
    def is_paired(self) -> bool:
        """Whether it compares where two networks are right, so that exact tests and Tango's interval apply."""
        return len(self.terms) == 2 and all(quantity == "accuracy" for quantity, *_ in self.terms)

    @property
    def bounds(self) -> tuple[float, float]:
        """Least and greatest possible value: shares are in [0, 1], uncertainty in [0, 0.25]."""
        ends = [factor * (0.25 if quantity == "uncertainty" else 1) for (quantity, *_), factor in self.terms.items()]
        return sum(end for end in ends if end < 0), sum(end for end in ends if end > 0)

    @property
    def resolution(self) -> float:
        """Values that differ by less than this are treated as equal: shares are counted, uncertainty is not."""
        return RESOLUTION if any(quantity == "uncertainty" for quantity, *_ in self.terms) else 0.0


def write_claims(run: Run, speed: str, printed: dict[str, str], claims: str) -> None:
    """Compute the evidence of every claim and its verdict.

    A claim holds when all its evidence is for it, fails when some is against it, and is undecided otherwise. So it
    holds wrongly only where the evidence that is false is found true, and the 95 % interval of each piece decides that
    (the intersection-union test, Berger 1982). Of m pieces any may contradict the claim, so an interval of level
    1 - 0.05 / m decides that (Bonferroni). Evidence is for the claim when its whole interval lies where the claim puts
    it, against it when no part of the wider one does, and open otherwise. An interval that ends at a bound decides
    nothing.

    Probabilities are float32, so a difference of uncertainties smaller than float32's eps, 1.2e-7, is treated
    as 0: an interval that ends closer than that to a bound of the claim reaches the bound.

    Args:
        run: the run; C7 is about dogs and cats, and its evidence is open for other classes.
        speed: CSV of the seconds of the paper's two networks, see `speed.time_backbones`.
        printed: CSV files of the paper's numbers by table: evaluation, uncertainty, histograms, best_epoch, timing.
        claims: CSV to write: seed, claim, statement, evidence, value, low, high (its 95 % interval), low_corrected,
            high_corrected (the wider one), interval (how both were made, and the level of the wider one), claimed,
            paper (the same from the paper's printed numbers), images, finding (of the evidence), verdict
            (of the claim). C2, which no training run bears on, stands with the first seed only.
    """
    paper = _Printed(printed)
    of_speed = _speed(speed, paper)
    rows = []
    for seed in run.seeds:
        of_seed = run.of_seed(seed)
        plain = {(given.network, given.part): given for given in of_seed.answers()}
        repeats = {
            network: read_predictions(path, network, seed, splits=run.splits(seed))
            for (_, network), path in of_seed.of_networks("augmented").items()
        }
        epochs = {
            network: int(best_epoch(path)["epoch"]) for (_, network), path in of_seed.of_networks("histories").items()
        }
        claimed = _claims_of_seed(_Answers(plain, repeats), epochs, run.classes, of_speed, paper)
        rows += [{"seed": seed} | row for row in claimed]
        of_speed = []
    write_csv(pd.DataFrame(rows), claims)


@dataclass(frozen=True)
class _Answers:
    """What one seed's networks answered.

    Attributes:
        plain: answers by (network id, part).
        augmented: repeat and probability of the test part by network id.
    """

    plain: dict[tuple[str, str], Answers]
    augmented: dict[str, ByImage]

    def of_images(self, term: Term) -> np.ndarray:
        """A quantity of each image, float64 [n], whose mean is the term."""
        quantity, network, part = term
        given = self.plain[network, part]
        probability, label = given.probability, given.label
        if isinstance(quantity, tuple):
            return np.isin(metrics.bin_number(probability[:, 1], BINS), quantity).astype(np.float64)
        correct = metrics.correct(probability, label)
        match quantity:
            case "accuracy":
                return correct.astype(np.float64)
            case "augmented accuracy":
                return self._correct_repeats(network, given)
            case "uncertainty":
                return metrics.squared_distance(probability)
            case "errors on 0" | "errors on 1":
                of_class = label == int(quantity[-1])
                return (~correct & of_class) / of_class.mean()
        raise AssertionError(quantity)

    def _correct_repeats(self, network: str, given: Answers) -> np.ndarray:
        repeated = self.augmented[network]
        label = pd.Series(given.label, given.image_id).loc[repeated.image_id].to_numpy()
        correct = pd.Series(metrics.correct(repeated["probability"], label)).groupby(repeated.image_id).mean()
        return correct.loc[given.image_id].to_numpy(np.float64)

    def missing(self, evidence: Evidence) -> str:
        """What the run lacks for the evidence, in words, or an empty text."""
        for quantity, network, part in evidence.terms:
            if (network, part) not in self.plain:
                return f"this run has no {network}"
            if quantity == "augmented accuracy" and not len(self.augmented[network].image_id):
                return f"{network} was trained without augmentation"
        return evidence.lacks


class _Printed:
    """The paper's numbers, by the same terms as those of a run."""

    def __init__(self, printed: dict[str, str]) -> None:
        uncertainty = read_csv(printed["uncertainty"])
        self._values: dict[Term, float] = {}
        for row in uncertainty.itertuples():
            network = Network(row.family, None if pd.isna(row.generation) else int(row.generation)).id
            self._values["accuracy", network, row.split] = row.accuracy
            self._values["uncertainty", network, row.split] = row.uncertainty
        evaluation = read_csv(printed["evaluation"]).query("augmented == 'yes' and labels == 'manual'")
        for row in evaluation.itertuples():
            self._values["augmented accuracy", row.network, row.split] = row.accuracy
        for row in read_csv(printed["histograms"]).itertuples():
            self._values[(round(row.bin_low * BINS),), row.network, row.split] = row.relative_frequency
        self.epochs = read_csv(printed["best_epoch"]).set_index("network")["epoch"]
        self.ratio = read_csv(printed["timing"])["ratio"].dropna().iloc[0]

    def value(self, term: Term) -> float:
        """The printed value, or NaN."""
        quantity, network, part = term
        if isinstance(quantity, tuple):
            return sum(self._values.get(((number,), network, part), math.nan) for number in quantity)
        return self._values.get(term, math.nan)

    def of_evidence(self, evidence: Evidence) -> float:
        """The value of the evidence by the printed numbers, or NaN; the extreme one of the paper's own alternatives."""
        terms = evidence.terms.items()
        if evidence.alternatives == 1:
            return sum(factor * self.value(term) for term, factor in terms)
        (((_, network, part), _),) = terms
        known = [self.value(((number,), network, part)) for number in (*BELOW, *ABOVE)]
        return max((value for value in known if not math.isnan(value)), default=math.nan)


def _claims_of_seed(
    answers: _Answers, epochs: dict[str, int], classes: list[str], speed: list[dict], paper: _Printed
) -> list[dict]:
    networks = list(epochs)
    evidence = {
        "C1": _close_to_teacher(),
        "C3": _soft_beats_classic(),
        "C4": [_difference("accuracy", "hard-0", "classic-0", TEST, (-SLIGHTLY, math.inf))],
        "C5": _confident(answers),
        "C6": _most_and_least_confident(),
        "C7": _dogs_against_cats(classes),
        "C8": _recursion_keeps_accuracy(networks),
        "C9": _recursion_and_uncertainty(networks),
        "C10": _soft_above_hard(networks),
        "C11": _into_the_upper_bins(networks),
    }
    rows_of = _measured(evidence, answers, paper)
    rows_of["C2"] = speed
    rows_of["C4"].append(_ratio_of_epochs(epochs, paper))
    rows = []
    for claim, statement in STATEMENTS.items():
        findings = {row["finding"] for row in rows_of[claim]} - {IDLE}
        verdict = FAILS if FAILS in findings else HOLDS if findings == {HOLDS} else OPEN
        rows += [{"claim": claim, "statement": statement} | row | {"verdict": verdict} for row in rows_of[claim]]
    return rows


_POSITIVE = (0.0, math.inf)


def _speed(speed: str, paper: _Printed) -> list[dict]:
    """How many times faster ResNet-18 is, in every runtime; the paper's own number is of Keras."""
    frame, found = read_csv(speed), []
    slower, faster = TIMED_BACKBONES
    how = f"bootstrap over rounds of calls; {_corrected_in_words(corrected_level(len(frame)))}"
    for row in frame.itertuples():
        text = f"{slower} / {faster}: seconds an image, {row.runtime}, batch {row.batch_size}"
        text += ", from the file" if row.decoding == "yes" else ""
        evidence = Evidence(text, {}, (ALMOST_5_TIMES, math.inf))
        printed = paper.ratio if row.runtime == "Keras" else math.nan
        found.append(
            {"evidence": text, "value": row.ratio, "claimed": _interval_in_words(evidence.claimed), "paper": printed}
            | {"images": None}
            | _with_intervals(
                (row.ratio_low, row.ratio_high), (row.ratio_low_corrected, row.ratio_high_corrected), how, evidence
            )
        )
    return found


def _close_to_teacher() -> list[Evidence]:
    return [_difference("accuracy", student, TEACHER, TEST, (-INSIGNIFICANT, math.inf)) for student in STUDENTS]


def _soft_beats_classic() -> list[Evidence]:
    quantities = ("accuracy", "augmented accuracy")
    return [_difference(quantity, "soft-0", "classic-0", TEST, _POSITIVE) for quantity in quantities]


def _confident(answers: _Answers) -> list[Evidence]:
    found = []
    for network in (TEACHER, *STUDENTS):
        found.append(Evidence(f"{network}: end bins, train", {(END, network, TRAIN): 1}, (0.91, math.inf)))
        for part in (TEST, VALIDATION):
            inner = [((number,), network, part) for number in (*BELOW, *ABOVE)]
            fullest = max(inner, key=lambda term: answers.of_images(term).mean() if (term[1:] in answers.plain) else 0)
            (number,) = fullest[0]
            found.append(
                Evidence(
                    f"{network}: fullest inner bin, {part}",
                    {fullest: 1},
                    (-math.inf, 0.015),
                    alternatives=len(inner),
                    details=f"bin [{number / BINS:.2f}, {(number + 1) / BINS:.2f})",
                )
            )
    return found


def _most_and_least_confident() -> list[Evidence]:
    pairs = [(student, TEACHER) for student in STUDENTS] + [("hard-0", "classic-0"), ("hard-0", "soft-0")]
    return [_difference("uncertainty", *pair, part, _POSITIVE) for part in (TEST, TRAIN) for pair in pairs]


def _dogs_against_cats(classes: list[str]) -> list[Evidence]:
    lacks = "" if classes == ["cat", "dog"] else "this run has no classes cat and dog"
    errors: dict[Term, float] = {("errors on 1", TEACHER, TEST): 1, ("errors on 0", TEACHER, TEST): -1}
    found = [Evidence("teacher: error rate on dogs - on cats, test", errors, _POSITIVE, lacks=lacks)]
    for part in (TEST, TRAIN):
        soft: dict[Term, float] = {(ABOVE, "soft-0", part): 1, (BELOW, "soft-0", part): -1}
        hard: dict[Term, float] = {(ABOVE, "hard-0", part): -1, (BELOW, "hard-0", part): 1}
        text = f"inner bins above - below 0.5, {part}"
        found.append(Evidence(f"soft-0: {text}", soft, _POSITIVE, lacks=lacks))
        found.append(Evidence(f"soft-0 - hard-0: {text}", soft | hard, _POSITIVE, lacks=lacks))
    return found


def _recursion_keeps_accuracy(networks: list[str]) -> list[Evidence]:
    return [
        _difference("accuracy", network, f"{family}-0", TEST, (-0.03, math.inf))
        for family in ("hard", "soft")
        for network in _steps(networks, family)
    ]


def _recursion_and_uncertainty(networks: list[str]) -> list[Evidence]:
    found = []
    for part in PARTS:
        steps = _steps(networks, "hard")
        found += [_difference("uncertainty", network, "hard-0", part, (-0.003, 0.003)) for network in steps]
        found.append(_difference("uncertainty", _steps(networks, "soft")[-1], "soft-0", part, _POSITIVE))
    return found


def _soft_above_hard(networks: list[str]) -> list[Evidence]:
    return [
        _difference("accuracy", network, network.replace("soft", "hard"), TEST, _POSITIVE)
        for network in _steps(networks, "soft")
    ]


def _into_the_upper_bins(networks: list[str]) -> list[Evidence]:
    last = _steps(networks, "soft")[-1]
    upper: dict[Term, float] = {(ABOVE, last, TEST): 1, (ABOVE, "soft-0", TEST): -1}
    lower: dict[Term, float] = {(BELOW, last, TEST): -1, (BELOW, "soft-0", TEST): 1}
    return [
        Evidence(f"{last} - soft-0: inner bins above 0.5, test", upper, _POSITIVE),
        Evidence(f"{last} - soft-0: inner bins above - below 0.5, test", upper | lower, _POSITIVE),
    ]


def _difference(quantity: str, one: str, other: str, part: str, claimed: tuple[float, float]) -> Evidence:
    terms: dict[Term, float] = {(quantity, one, part): 1, (quantity, other, part): -1}
    return Evidence(f"{one} - {other}: {quantity}, {part}", terms, claimed)


def _steps(networks: list[str], family: str) -> list[str]:
    """The steps of recursion of a family; step 1 where the run has none, to be named as missing."""
    steps = [network for network in networks if network.startswith(f"{family}-") and network != f"{family}-0"]
    return steps or [f"{family}-1"]


def _measured(evidence: dict[str, list[Evidence]], answers: _Answers, paper: _Printed) -> dict[str, list[dict]]:
    """Value, intervals and finding of all evidence, by claim."""
    rows: dict[str, list[dict]] = {claim: [] for claim in evidence}
    for claim, of_claim in evidence.items():
        level = corrected_level(sum(one.alternatives for one in of_claim))
        for one in of_claim:
            printed = paper.of_evidence(one)
            missing = answers.missing(one)
            if missing:
                rows[claim].append(_without_interval(one.text, _interval_in_words(one.claimed), missing, printed))
                continue
            values = np.asarray(sum(factor * answers.of_images(term) for term, factor in one.terms.items()))
            row = {"evidence": one.text, "value": values.mean(), "claimed": _interval_in_words(one.claimed)}
            row |= {"paper": printed, "images": len(values)}
            _, network, part = next(iter(one.terms))
            how, interval, corrected = _intervals(values, answers.plain[network, part].label, level, one)
            how = f"{how}; {_corrected_in_words(level)}"
            rows[claim].append(row | _with_intervals(interval, corrected, how, one))
    return rows


Interval = tuple[float, float]


def corrected_level(pieces: int) -> float:
    """Level of an interval that may contradict a claim, of which this many pieces of evidence may."""
    return 1 - (1 - LEVEL) / pieces


def _corrected_in_words(level: float) -> str:
    return f"{100 * level:.4g} % to contradict"


def _intervals(
    values: np.ndarray, label: np.ndarray, level: float, evidence: Evidence
) -> tuple[str, Interval, Interval]:
    """How the intervals of a mean over images are made, the 95 % interval, and the one of another level."""
    if len(evidence.terms) == 1:
        count = round(values.sum())
        found = [exact_interval(count, len(values), one) for one in (LEVEL, level)]
        how = "exact binomial"
    elif evidence.is_paired:
        found = [paired_interval(values.astype(int), one) for one in (LEVEL, level)]
        how = "score of the paired difference, and exact about 0"
    else:
        found = [mean_interval(values, label, one, evidence.bounds) for one in (LEVEL, level)]
        how = "t over images"
    return how, found[0], found[1]


def _with_intervals(interval: Interval, corrected: Interval, how: str, evidence: Evidence) -> dict:
    least, most = evidence.claimed
    near = evidence.resolution
    inside = least + near < interval[0] and interval[1] < most - near
    outside = corrected[1] < least - near or most + near < corrected[0]
    return {
        "low": interval[0],
        "high": interval[1],
        "low_corrected": corrected[0],
        "high_corrected": corrected[1],
        "interval": f"{how}; {evidence.details}" if evidence.details else how,
        "finding": HOLDS if inside else FAILS if outside else OPEN,
    }


def _without_interval(text: str, claimed: str | None, why: str, printed: float, value: float = math.nan) -> dict:
    row = {"evidence": text, "value": value, "interval": f"none: {why}", "claimed": claimed, "paper": printed}
    row |= dict.fromkeys(("low", "high", "low_corrected", "high_corrected"), math.nan)
    return row | {"images": None, "finding": OPEN}


def _ratio_of_epochs(epochs: dict[str, int], paper: _Printed) -> dict:
    text, printed = "hard-0 / classic-0: best epoch", paper.epochs["hard-0"] / paper.epochs["classic-0"]
    if "hard-0" not in epochs or "classic-0" not in epochs:
        return _without_interval(text, "about 0.5", "this run lacks one of them", printed)
    ratio = epochs["hard-0"] / epochs["classic-0"]
    row = _without_interval(text, "about 0.5", "one training run each", printed, ratio)
    return row | {"finding": IDLE}


def _interval_in_words(claimed: tuple[float, float]) -> str:
    low, high = claimed
    if high == math.inf:
        return f"> {low:g}"
    return f"< {high:g}" if low == -math.inf else f"{low:g} to {high:g}"
