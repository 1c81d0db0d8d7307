"""The sections of the summary, each with its words, its pictures and its tables."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pandas as pd

from snakedistill.core.errors import listed
from snakedistill.core.parts import TEST, TRAIN, VALIDATION
from snakedistill.measures.comparison import FEWEST_SEEDS
from snakedistill.results.shown_prediction import shown_prediction
from snakedistill.results.summary.cells import (
    SPACE,
    by,
    digits_for,
    escaped,
    markdown,
    measured,
    number,
    reference_cells,
    reference_heads,
    significant,
    spread,
)
from snakedistill.results.summary.contents import Contents, threads_in_words, without_recursion
from snakedistill.results.summary.frontier import frontier_section
from snakedistill.results.summary.instrument import (
    calibration_section,
    comparisons_section,
    findings_section,
    inheritance_section,
)
from snakedistill.results.tables import TABLES
from snakedistill.results.tables.table import Table, by_seed, over_seeds
from snakedistill.results.tables.timing import HOW, float32_on_all_threads
from snakedistill.results.tables.uncertainty import ALWAYS_SHOWN, in_words, shown_metrics

MOST_CLASSES_LISTED = 10
MOST_CONFUSIONS = 5
MOST_ROWS = 50


@dataclass(frozen=True)
class Section:
    """A section of the summary.

    Attributes:
        heading: text of the heading.
        body: from the contents and the pictures of the section, in Markdown, to its paragraphs.
        tables: keys of `TABLES`, of the tables that these paragraphs show in a form of their own.
    """

    heading: str
    body: Callable[[Contents, list[str]], list[str]]
    tables: tuple[str, ...] = ()


def _pictures_alone(contents: Contents, pictures: list[str]) -> list[str]:
    return pictures


def _training(contents: Contents, pictures: list[str]) -> list[str]:
    frame, reference = contents.tables["evaluation"], contents.reference
    rows = []
    keys = ["network", "split", "labels", "augmented", "repeats"]
    for (network, part, labels, augmented, repeats), of_seeds in by(without_recursion(frame), keys):
        kind = {"no": "plain", "yes": f"augmented, best of {repeats}" if repeats > 1 else "augmented"}
        cells = [cell for name in ("loss", "accuracy") for cell in reference_cells(of_seeds, name, reference)]
        rows.append([network, part, labels, kind.get(augmented, augmented), *cells, _mean_of_repeats(of_seeds)])
        rows[-1].append(measured(of_seeds, "label_fit"))
    heads = [head for name in ("loss", "accuracy") for head in reference_heads(frame, name, reference)]
    table = markdown(
        ["network", "part", "labels", "how", *heads, "mean", "label fit"], rows, "llll" + "r" * (len(heads) + 2)
    )
    deviation = ", ± their standard deviation." if contents.seeds == 1 else "."
    words = (
        "Of several evaluations with augmentation, *loss* is the lowest and *accuracy* the highest; *mean* is the mean "
        f"of their accuracies{deviation} *Label fit* is the share of the images of train that a network answers as the "
        "labels say that it was trained on."
    )
    return [*pictures, words, table]


def _mean_of_repeats(of_seeds: pd.DataFrame) -> str:
    if len(of_seeds) > 1:
        return measured(of_seeds, "accuracy_mean")
    return spread(of_seeds["accuracy_mean"].iloc[0], of_seeds["accuracy_sd"].iloc[0])


def _time(contents: Contents, pictures: list[str]) -> list[str]:
    frame, reference = contents.tables["timing"], contents.reference
    first, *others = timed = contents.timed_in_full
    frame = frame[frame["network"].isin(timed)]
    compared = others if f"{reference}_ratio" in frame else []
    digits = {network: digits_for(1000 * of_network["seconds"]) for network, of_network in by(frame, ["network"])}
    of_ratios = {network: digits_for(frame["ratio"][frame["network"] == network].dropna()) for network in others}
    rows = []
    for (runtime, precision, threads, size, decoding), of_networks in by(frame, list(HOW)):
        of_network = of_networks.set_index("network")
        rows.append([runtime, precision, threads, size, "file to answer" if decoding == "yes" else "network alone"])
        of_network = of_network.reindex(timed)
        rows[-1] += [number(1000 * one, digits[network]) for network, one in of_network["seconds"].items()]
        rows[-1] += [_ratio(of_network.loc[network], of_ratios[network]) for network in others]
        rows[-1] += [_reference_ratio(of_network.loc[network], reference) for network in compared]
    head = ["runtime", "precision", "threads", "batch", "from", *(f"{network}, ms" for network in timed)]
    head += [f"{first} / {network}" for network in others]
    head += [f"{reference}: {first} / {network}" for network in compared]
    return [
        _time_in_words(contents),
        *pictures,
        "<details><summary>Milliseconds an image in every runtime</summary>",
        markdown(head, rows, "llrrl" + "r" * (len(head) - 5)),
        "</details>",
    ]


def _time_in_words(contents: Contents) -> str:
    """What the ratio of teacher and student is, and why; of the student alone where the teacher has no model."""
    frame = contents.tables["timing"]
    frame = frame[frame["threads"] == contents.threads]
    keras, from_file = (float32_on_all_threads(frame, "Keras", 32, decoding) for decoding in ("no", "yes"))
    teacher, student = contents.shown
    threads = f"with batches of 32 on {threads_in_words(contents.threads)}"
    cost = (keras["multiply_adds"] / 1e6).dropna().map(significant)
    if teacher not in contents.timed:
        said = [f"{teacher} has no model, so it is not timed."]
        said += [f"An image costs {student} {cost[student]} million multiply-adds."] if student in cost else []
        said.append(f"In Keras, {threads}, an image takes {significant(1000 * keras['seconds'][student])} ms.")
        return " ".join([*said, *_fastest(frame, teacher, student)])
    said = []
    if {teacher, student} <= {*cost.index}:
        ratio = significant(keras["multiply_adds"][teacher] / keras["multiply_adds"][student])
        said.append(
            f"An image costs {teacher} {cost[teacher]} million multiply-adds and {student} {cost[student]} million, a "
            f"ratio of {ratio}."
        )
    reference = _reference_ratio(keras.loc[student], contents.reference)
    known = [f"The reference number ({contents.reference}) is {reference}."] if reference else []
    said += [f"In Keras, {threads}, {teacher} takes {_ratio(keras.loc[student])} times as long as {student}.", *known]
    said += [
        "Time follows the multiply-adds only roughly: a network of many thin layers moves more memory for each of "
        "them, and every call and every layer has a fixed cost, which weighs most with small images and small batches. "
        f"From the image file to the answer the ratio is {_ratio(from_file.loc[student])}, because both networks wait "
        "for decoding.",
        *_fastest(frame, teacher, student),
        "The brackets hold bootstrap 95 % intervals over rounds of calls.",
    ]
    return " ".join(said)


def _fastest(frame: pd.DataFrame, teacher: str, student: str) -> list[str]:
    """A sentence on the student's fastest exported file, in int8 where there is one; none without such a file."""
    one = frame[(frame["batch_size"] == 1) & (frame["decoding"] == "no") & (frame["runtime"] != "Keras")]
    exported = one[one["network"] == student]
    in_int8 = exported[exported["precision"] == "int8"]
    if exported.empty:
        return []
    fastest = (exported if in_int8.empty else in_int8).sort_values("seconds").iloc[0]
    of_teacher = one[(one["precision"] == "float32") & (one["network"] == teacher)].set_index("runtime")["seconds"]
    beside = ""
    if fastest["runtime"] in of_teacher:
        beside = f" and {teacher} in float32 {significant(1000 * of_teacher[fastest['runtime']])} ms"
    return [
        f"One image at a time in {fastest['runtime']}, {student} in {fastest['precision']} needs "
        f"{significant(1000 * fastest['seconds'])} ms{beside}."
    ]


def _ratio(row: pd.Series, digits: int | None = None) -> str:
    if pd.isna(row["ratio"]):
        return ""
    ends = (row[f"ratio{end}"] for end in ("", "_low", "_high"))
    ratio, low, high = (significant(one) if digits is None else number(one, digits) for one in ends)
    return f"{ratio}{SPACE}[{low},{SPACE}{high}]"


def _reference_ratio(row: pd.Series, reference: str | None) -> str:
    value = row.get(f"{reference}_ratio")
    return "" if value is None or pd.isna(value) else significant(value)


def _predictions(contents: Contents, pictures: list[str]) -> list[str]:
    frame, reference = contents.tables["histograms"], contents.reference
    name = "relative_frequency"
    shown = shown_prediction(contents.classes)
    ends = frame[shown.sure((frame["bin_low"], frame["bin_high"]))]
    values = [column for column in (name, f"{reference}_{name}", f"{name}_difference") if column in ends]
    shares = ends.groupby(["seed", "network", "split"], sort=False)[values].sum(min_count=1).reset_index()
    rows = [
        [network, part, *reference_cells(of_seeds, name, reference)]
        for (network, part), of_seeds in by(without_recursion(shares), ["network", "split"])
    ]
    heads = ["share", *reference_heads(frame, name, reference)[1:]]
    return [
        shown.about_sure,
        markdown(["network", "part", *heads], rows, "ll" + "r" * len(heads)),
        *pictures,
        "<details><summary>Relative frequencies in all bins</summary>",
        *_histograms(without_recursion(frame), name, reference),
        "</details>",
    ]


def _histograms(frame: pd.DataFrame, name: str, reference: str | None) -> Iterator[str]:
    for part, of_part in by(frame, ["split"]):
        heads = reference_heads(frame, name, reference)[1:]
        shown = [head for network in of_part["network"].unique() for head in (network, *heads)]
        rows = [
            [f"{low:g}{SPACE}to{SPACE}{high:g}"]
            + [cell for _, of_seeds in by(of_bin, ["network"]) for cell in reference_cells(of_seeds, name, reference)]
            for (low, high), of_bin in by(of_part, ["bin_low", "bin_high"])
        ]
        yield markdown([f"bin, {part}", *shown], rows, "l" + "r" * len(shown))


def _recursion(contents: Contents, pictures: list[str]) -> list[str]:
    frame, reference = contents.tables["uncertainty"], contents.reference
    metrics = shown_metrics(frame)

    def table(part: str) -> str:
        rows = [
            [network] + [cell for name in metrics for cell in reference_cells(of_seeds, name, reference)]
            for network, of_seeds in by(frame[frame["split"] == part], ["network"])
        ]
        heads = [in_words(head) for name in metrics for head in reference_heads(frame, name, reference)]
        return markdown([f"network, {part}", *heads], rows, "l" + "r" * len(heads))

    uncertainty = shown_prediction(contents.classes).uncertainty(contents.classes)
    counted = [name for name, metric in metrics.items() if metric.counted]
    others = [name for name in metrics if name not in counted]
    intervals = (
        f"exact binomial for {listed(map(in_words, counted))}, bootstrap over images for "
        f"{listed(map(in_words, others))}"
    )
    meanings = [f" {metric.in_words}" for metric in metrics.values() if metric.in_words]
    words = (
        f"All of them are measured with manual labels. *Uncertainty* is {uncertainty}.{''.join(meanings)}"
        f"{contents.brackets(intervals)}"
    )
    parts = [part for part in (TEST, VALIDATION, TRAIN) if (frame["split"] == part).any()]
    return [words, *pictures, *map(table, parts), *_steps(contents)]


def _steps(contents: Contents) -> list[str]:
    """How each generation differs from the one before; nothing without recursion."""
    frame = contents.tables["recursion"]
    if frame.empty:
        return []
    rows, whole = [], over_seeds(frame)
    several = contents.seeds > 1
    names = ["spread_ratio", "spread_ratio_from_first", "drift_from_first"]
    across = several and not contents.assigned  # seeds with the same test images
    names += ["slope_across_seeds"] if across else ["slope", "correlation"]
    for network, of_network in by(whole, ["network"]):
        most = of_network[of_network["class"] == _class_with_most_drift(of_network)]
        cells = [measured(most, name, digits=3) for name in names]
        rows.append([escaped(network), *cells[:3], escaped(most["class"].iloc[0]) if cells[2] else "", *cells[3:]])
        of_seeds = by_seed(frame[frame["network"] == network])
        rows[-1] += [_mean_of_classes(of_seeds, name) for name in ("error_rate", "confidence")]
        errors = of_seeds.groupby("seed", sort=False)["first_errors"].sum()
        rows[-1].append(spread(errors.mean(), errors.std(ddof=1), 1) if several else f"{errors.iloc[0]:,}")
    words = (
        "The next table has the steps of recursion on the test part. *Spread* is how widely the logits of a generation "
        "are spread, as a ratio to its source and *from the first* generation: below 1 they shrink. The *drift* is the "
        "change of the mean logit of a class since generation 0, of the class with the largest one. The brackets hold "
        f"95 % intervals over {'seeds and ' if contents.seeds >= FEWEST_SEEDS else ''}images. "
    )
    if across:
        words += (
            "The slope on the source, with the source of another seed as instrument, is not made smaller by the noise "
            "of a training run. "
        )
    else:
        words += "Slope and correlation with the source describe the step: noise of training makes both smaller too. "
    words += (
        "*First errors* counts the images that this generation is the first to get wrong, after the teacher and the "
        "generations before. `tables/recursion.csv` has all classes, `tables/first_errors.csv` the images."
    )
    heads = ["network", "spread", "from the first", "drift", "towards"]
    heads += ["slope"] if across else ["slope", "correlation"]
    heads += ["error rate", "confidence", "first errors"]
    return [words, markdown(heads, rows, "lrrrl" + "r" * (len(heads) - 5))]


def _class_with_most_drift(of_network: pd.DataFrame) -> str:
    drift = of_network.groupby("class", sort=False)["drift_from_first"].mean()
    return drift.idxmax() if drift.notna().any() else drift.index[0]


def _mean_of_classes(of_network: pd.DataFrame, name: str) -> str:
    """The mean over the images of all classes; of several seeds with the standard deviation."""
    total = (of_network[name] * of_network["images"]).groupby(of_network["seed"]).sum()
    means = total / of_network.groupby("seed")["images"].sum()
    return spread(means.mean(), means.std(ddof=1)) if len(means) > 1 else number(means.iloc[0])


def _classes(contents: Contents, pictures: list[str]) -> list[str]:
    table, reference = contents.tables["classes"], contents.reference
    frame = table[table["split"] == TEST]
    words = "On the test part." + contents.brackets("exact binomial")
    if contents.classes > MOST_CLASSES_LISTED:
        frame = _with_most_errors(frame)
        words += (
            f" Shown are the {MOST_CLASSES_LISTED} classes on which a network errs most; `tables/classes.csv` has all "
            f"{contents.classes}."
        )
    rows = [
        [network, escaped(name), measured(of_seeds, "errors", digits=1), of_seeds["images"].iloc[0]]
        + [cell for one in ("error_rate", "uncertainty") for cell in reference_cells(of_seeds, one, reference)]
        for (network, name), of_seeds in by(frame, ["network", "class"])
    ]
    heads = [head for name in ("error_rate", "uncertainty") for head in reference_heads(frame, name, reference)]
    heads = ["errors", "of", *(head.replace("_", " ") for head in heads)]
    listed_classes = markdown(["network", "class", *heads], rows, "ll" + "r" * len(heads))
    return [words, *pictures, *_confusions(contents), listed_classes]


def _with_most_errors(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of each network's classes with the highest error rates, means over seeds, highest first."""
    rates = frame.groupby(["network", "class"], sort=False)["error_rate"].mean().reset_index()
    worst = rates.sort_values("error_rate", ascending=False, kind="stable").groupby("network", sort=False)
    worst = worst.head(MOST_CLASSES_LISTED)
    order = {network: number for number, network in enumerate(frame["network"].unique())}
    worst = worst.sort_values("network", key=lambda column: column.map(order), kind="stable")
    return worst[["network", "class"]].merge(frame, on=["network", "class"])


def _confusions(contents: Contents) -> list[str]:
    """The most frequent wrong answers of the shown networks; of two classes the errors say all."""
    if contents.classes == 2:
        return []
    frame = contents.tables["confusion"]
    frame = frame[(frame["split"] == TEST) & (frame["class"] != frame["answer"])]
    rows = []
    for network in contents.shown:
        of_network = frame[frame["network"] == network]
        images = of_network.groupby(["class", "answer"], sort=False)["images"].sum()
        most = images.sort_values(ascending=False, kind="stable").head(MOST_CONFUSIONS)
        rows += [[network, escaped(name), escaped(answer), f"{count:,}"] for (name, answer), count in most.items()]
    if not rows:
        return [f"{listed(contents.shown)} make no error on the test part."]
    seeds = ", of all seeds together" if contents.seeds > 1 else ""
    words = (
        f"The most frequent wrong answers of {listed(contents.shown)}{seeds}; `tables/confusion.csv` has all answers."
    )
    return [words, markdown(["network", "class", "answer", "images"], rows, "lllr")]


def _best_epoch(contents: Contents, pictures: list[str]) -> list[str]:
    frame, known = contents.tables["best_epoch"], f"{contents.reference}_epoch"
    rows = [
        [network, measured(of_seeds, "epoch", digits=1), of_seeds["epochs"].max()]
        + ([number(of_seeds[known].iloc[0], 0)] if known in frame else [])
        + [measured(of_seeds, name) for name in ("val_manual_accuracy", "val_accuracy")]
        for network, of_seeds in by(frame, ["network"])
    ]
    heads = ["best epoch", "of", *([str(contents.reference)] if known in frame else []), "validation accuracy"]
    heads += ["agreement with its labels"]
    return [*pictures, markdown(["network", *heads], rows, "l" + "r" * len(heads))]


SECTIONS: dict[str, Section] = {
    "frontier": Section("Which student", frontier_section, ("frontier",)),
    "training": Section("Training", _training, ("evaluation",)),
    "time": Section("Time", _time, ("timing",)),
    "predictions": Section("Predictions", _predictions, ("histograms",)),
    "recursion": Section(
        f"{listed(ALWAYS_SHOWN).capitalize()}, and recursion", _recursion, ("uncertainty", "recursion", "first_errors")
    ),
    "inheritance": Section("What is inherited", inheritance_section, ("inheritance",)),
    "calibration": Section("Calibration", calibration_section, ("calibration",)),
    "risk_coverage": Section("Risk and coverage", _pictures_alone),
    "comparisons": Section("Comparisons", comparisons_section, ("comparisons",)),
    "classes": Section("Errors by class", _classes, ("classes", "confusion")),
    "best_epoch": Section("Best epoch", _best_epoch, ("best_epoch",)),
    "examples": Section("Examples", _pictures_alone),
    "findings": Section("Findings", findings_section),
}
"""The sections in their order."""


def paragraphs(key: str, contents: Contents, pictures: list[str]) -> list[str]:
    """The paragraphs of a section, and the tables of `TABLES` that name it and have no form of their own there.

    Args:
        key: of `SECTIONS`.
        contents: the numbers.
        pictures: those of the section, in Markdown.
    """
    section = SECTIONS[key]
    others = {name: table for name, table in TABLES.items() if table.section == key and name in contents.tables}
    found = section.body(contents, pictures)
    for name in [name for name in others if name not in section.tables]:
        found += _as_it_is(name, others[name], contents.tables[name])
    return found


def _as_it_is(name: str, table: Table, frame: pd.DataFrame) -> list[str]:
    """A table with its caption: its keys and values on the test part, seeds in one row; the first of many rows."""
    if frame.empty:
        return []
    if "split" in frame:
        frame = frame[frame["split"] == TEST]
    keys, values = ([column for column in columns if column in frame] for columns in (table.keys, table.values))
    rows = [
        [*(escaped(str(one)) for one in of_seeds[keys].iloc[0]), *(measured(of_seeds, value) for value in values)]
        for _, of_seeds in itertools.islice(by(frame, keys), MOST_ROWS)
    ]
    heads = [in_words(column) for column in (*keys, *values)]
    words = f"{table.caption} `tables/{name}.csv` has all rows and columns."
    return [f"**{table.title.capitalize()}.** {words}", markdown(heads, rows, "l" * len(keys) + "r" * len(values))]
