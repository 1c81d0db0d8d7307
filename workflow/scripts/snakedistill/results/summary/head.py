"""The head of the summary: what a reader with one minute needs."""

from collections.abc import Collection, Iterable, Mapping, Sequence

import pandas as pd

from snakedistill.core.errors import listed, some
from snakedistill.core.parts import TEST, TRAIN, VALIDATION
from snakedistill.data.copies import copies_in_other_parts
from snakedistill.data.part_sizes import DROPPED
from snakedistill.export.forms import PRECISIONS
from snakedistill.export.usable import read_measurements
from snakedistill.results.findings.distilling import distilling
from snakedistill.results.findings.finding import AND_ASSIGNMENTS, capital
from snakedistill.results.summary.cells import SPACE, by, digits_for, escaped, markdown, measured, number
from snakedistill.results.summary.contents import Contents, threads_in_words
from snakedistill.results.tables.comparisons import ALL_SEEDS, HIGHER, LOWER, OPEN
from snakedistill.results.tables.timing import float32_on_all_threads
from snakedistill.teaching import labels_in_words

_NOT_MEASURED = "\N{EN DASH}"
_FEW_REASONS = 3
MOST_CLASSES_COUNTED = 10
MOST_WARNINGS = 4
"""So many stand in view."""
_PURPOSES = {TRAIN: "train", VALIDATION: "validate", TEST: "test"}


def learned_nothing(best_epoch: pd.DataFrame, confusion: pd.DataFrame) -> list[str]:
    """A sentence on every network that learned nothing, with any seed, so that it is not a silent row in a table.

    Args:
        best_epoch: table with seed, network, epochs, epoch, val_accuracy, chance.
        confusion: table with seed, network, split, class, answer, images.
    """
    sentences = []
    for network, of_seeds in by(best_epoch, ["network"]):
        by_chance = of_seeds[of_seeds["val_accuracy"] <= of_seeds["chance"]]
        answered = confusion[(confusion["network"] == network) & (confusion["split"] == TEST)]
        answers = answered[answered["seed"].isin(of_seeds["seed"])].groupby("seed")["answer"].unique()
        alike = answers[answers.map(len) == 1].map(lambda of_seed: of_seed[0])
        seeds = sorted({*by_chance["seed"], *alike.index})
        if not seeds:
            continue
        wrong = []
        if len(by_chance):
            best = by_chance.iloc[0]
            of_one = f", {best['epoch']} of {best['epochs']},", f", {best['chance']:.3f}"
            epoch, chance = of_one if len(seeds) == 1 else ("", "")
            words = f"its best epoch{epoch} is no better on validation than always the same answer{chance}"
            wrong.append(words + _of_seeds(by_chance["seed"], seeds))
        if len(alike):
            words = f"it answers {' or '.join(map(escaped, alike.unique()))} to every test image"
            wrong.append(words + _of_seeds(alike.index, seeds))
        sentences.append(
            f"**{network}, {_seeds_in_words(seeds)}, learned nothing**: {', and '.join(wrong)}. Disregard results "
            "derived from it. Try another learning_rate or more epochs, and look at its training curve and log."
        )
    return sentences


def _of_seeds(some_seeds: Iterable[int], seeds: Collection[int]) -> str:
    """Of which of the seeds something is true, where it is not all of them."""
    found = sorted(some_seeds)
    return "" if len(found) == len(seeds) else f" ({_seeds_in_words(found)})"


def _seeds_in_words(seeds: Iterable[int]) -> str:
    """For example "seeds 0, 1 and 4"."""
    names = [str(seed) for seed in seeds]
    return f"seed{'s' if len(names) > 1 else ''} {listed(names)}"


def warnings_block(sentences: Sequence[str]) -> list[str]:
    """All warnings in one block, the first few in view and the others folded; nothing without one.

    Args:
        sentences: with a full stop, in Markdown.
    """
    if not sentences:
        return []
    few, others = sentences[:MOST_WARNINGS], sentences[MOST_WARNINGS:]
    lines = [f"**{len(sentences)} warning{'s' if len(sentences) > 1 else ''}**", "", *(f"- {one}" for one in few)]
    if others:
        lines += ["", f"<details><summary>{len(others)} more</summary>", "", *(f"- {one}" for one in others), ""]
        lines += ["</details>"]
    return ["\n".join(f"> {line}".rstrip() for line in lines)]


def does_distilling_pay(tables: Mapping[str, pd.DataFrame], margin: float) -> str:
    """Whether the chosen student is better than the same network with manual labels, or why that is not known.

    Args:
        tables: comparisons and frontier.
        margin: difference of accuracies that does not matter, `choose.margin`.
    """
    found = distilling(tables["comparisons"], tables["frontier"], margin)
    said = (
        "No family with `labels: manual` has the recipe of a student, so that is not known"
        if found is None
        else f"{capital(found.statement)}: {found.evidence}"
    )
    return f"**Does distilling pay here?** {said}."


def images_in_words(
    counts: pd.DataFrame,
    rejected: pd.DataFrame,
    copies: pd.DataFrame,
    splits: pd.DataFrame,
    assigned_by: int | None = None,
) -> str:
    """How many images are used, why others are not, and which copies a given split puts into different parts.

    Args:
        counts: class, split, images.
        rejected: member, reason.
        copies: group, image_id.
        splits: image_id, split.
        assigned_by: the seed whose assignment of images to parts it is, where each of several seeds has its own.
    """
    folder = "data" if assigned_by is None else f"seed-{assigned_by}/data"
    of_part = counts.groupby("split")["images"].sum()
    words = [f"{of_part[part]:,} to {verb}" for part, verb in _PURPOSES.items()]
    if (counts.groupby("split")["images"].nunique() == 1).all():
        of_classes = f", the same number of each class ({some(map(escaped, counts['class'].unique()))})"
    else:
        images = counts.groupby("class", sort=False)["images"].sum()
        if len(images) > MOST_CLASSES_COUNTED:
            images = images.sort_values(kind="stable").iloc[[0, -1]]
            between, of_classes = " to ", f"; by {counts['class'].nunique():,} classes: "
        else:
            between, of_classes = ", ", "; by class: "
        of_classes += between.join(f"{escaped(name)} ({number:,})" for name, number in images.items())
    sentences = [
        f"{of_part.sum():,} images are used: {', '.join(words)}{of_classes}.",
        _rejected_in_words(rejected["reason"], folder),
    ]
    if assigned_by is not None:
        sentences.insert(
            0, "Every seed assigns the images to parts anew, so that a result is over training samples too."
        )
        sentences.append(f"These numbers are those of seed {assigned_by}.")
    if apart := copies_in_other_parts(copies, splits):
        sentences.append(
            f"Some images have copies in another part, as the archive's own split has it (`{folder}/copies.csv`): "
            f"{apart}."
        )
    return " ".join(sentences)


def _rejected_in_words(reasons: pd.Series, folder: str) -> str:
    """How many files are not used, by reason where there are few; `folder` has them all."""
    if reasons.empty:
        return "No file is rejected."
    others = reasons[reasons != DROPPED]
    dropped = len(reasons) - len(others)
    why = [f"{dropped:,} dropped so that the classes have the same number of images"] if dropped else []
    if len(others):
        why.append(f"{len(others):,} for {'other' if dropped else 'the'} reasons{'' if dropped else ' given there'}")
        numbers = others.value_counts()
        if len(numbers) == 1:
            why[-1] += f" ({numbers.index[0]})"
        elif len(numbers) <= _FEW_REASONS:
            why[-1] += f" ({'; '.join(f'{number:,}: {reason}' for reason, number in numbers.items())})"
    files = "1 file is" if len(reasons) == 1 else f"{len(reasons):,} files are"
    return f"{files} not used (`{folder}/rejected.csv`): {', '.join(why)}."


def networks_table(contents: Contents) -> str:
    """The table for a reader with one minute."""
    test = contents.test
    last = test.groupby("family")["generation"].transform("max")
    shown = test[test["generation"].isna() | (test["generation"] == 0) | (test["generation"] == last)]
    times_of = [
        float32_on_all_threads(contents.tables["timing"], runtime, 1)["seconds"]
        for runtime in ("ONNX Runtime", "Keras")
    ]
    digits = [digits_for(1000 * seconds.reindex(shown["network"]).dropna()) for seconds in times_of]
    of_sizes = digits_for(contents.megabytes.stack().dropna())
    rows = []
    for network, of_seeds in by(shown, ["network"]):
        times = [
            number(1000 * seconds[network], places) if network in seconds else _NOT_MEASURED
            for seconds, places in zip(times_of, digits, strict=True)
        ]
        learns_from = labels_in_words(contents.networks[network])
        sizes = _megabytes(contents, network, of_sizes)
        rows.append([network, learns_from, measured(of_seeds, "accuracy"), sizes, *times])
    heads = ["network", "learns from", "test accuracy", "MB, float32 / int8", "ms an image, ONNX Runtime"]
    return markdown([*heads, "ms an image, Keras"], rows, "llrrrr")


def _megabytes(contents: Contents, network: str, digits: int) -> str:
    if network not in contents.megabytes.index:
        return _NOT_MEASURED
    size = contents.megabytes.loc[network]
    return f"{SPACE}/{SPACE}".join(number(one, digits) if pd.notna(one) else _NOT_MEASURED for one in size)


def beside_probes(comparisons: pd.DataFrame) -> list[str]:
    """What probes are, and which networks beat theirs; nothing without a probe.

    Args:
        comparisons: the table.
    """
    rows = comparisons[comparisons["about"] == "probe"]
    several = rows["seed"].astype(str) == ALL_SEEDS
    rows = rows[several] if several.any() else rows
    if rows.empty:
        return []
    answer = rows["this_recipe"].where(rows["this_recipe"].notna(), rows["these_networks"])
    said = []
    for verdict, words in ((HIGHER, "better than"), (LOWER, "worse than"), (OPEN, "not to be told apart from")):
        of_verdict = [
            f"{row['one']} ({number(row['difference'], sign='+')} "
            f"[{number(row['difference_low'], sign='+')}, {number(row['difference_high'], sign='+')}])"
            for row in rows[answer == verdict].to_dict("records")
        ]
        if of_verdict:
            one = len(of_verdict) == 1
            said.append(
                f"{listed(of_verdict)} {'is' if one else 'are'} {words} {'its probe' if one else 'their probes'}"
            )
    probes = rows["other"].unique()
    are = "is a reference" if len(probes) == 1 else "are references"
    return [
        f"{listed(probes)} {are}: the backbone with its ImageNet weights, and a head fitted to manual labels, which "
        "takes seconds. What is not better than its probe is not worth its training: "
        f"{'; '.join(said)} (differences of test accuracy with 95 % intervals)."
    ]


def how_to_read(contents: Contents, about_reference: str) -> str:
    """What the numbers of the first table are, and where all numbers are.

    Args:
        contents: the numbers.
        about_reference: what the reference numbers are, in words.
    """
    images = contents.test["images"].iloc[0]
    if contents.seeds > 1:
        over = f"{contents.seeds} seeds{AND_ASSIGNMENTS if contents.assigned else ''}"
        intervals = f"± is the standard deviation over {over}, here and in all other tables."
    else:
        intervals = (
            f"The brackets hold the exact binomial 95 % interval, which says how much the choice of {images:,} test "
            "images could change the accuracy."
        )
    timed = f"{listed(contents.timed)} {'are' if len(contents.timed) > 1 else 'is'}"
    words = (
        f"{intervals} *MB* is the size of the ONNX file. *ms an image* is the median for one image at a time in "
        f"float32, on {threads_in_words(contents.threads)}; {timed} timed. The sections "
        "below have all networks. Every number is in `tables/` with 9 digits; the settings are in `config.yaml`."
    )
    if contents.reference is None:
        return words
    about = f": {about_reference}" if about_reference else ""
    return (
        f"{words}\n\n*{contents.reference}* stands above the reference numbers{about}. An empty cell means that there "
        "is none. *Difference* is measured minus reference."
    )


def megabytes(measurements: list[str]) -> pd.DataFrame:
    """Size of the ONNX files, `float32` and `int8`, in MB by network id; the mean over seeds, NaN of none."""
    found = [read_measurements(path) for path in measurements]
    sizes = pd.DataFrame([{"network": one["network"]} | one["bytes"] for one in found])
    return sizes.reindex(columns=["network", *PRECISIONS]).groupby("network").mean() / 1e6
