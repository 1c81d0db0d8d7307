"""The sections on what is inherited, on calibration and comparisons, and the findings; of a run and of an audit."""

import itertools

import pandas as pd

from snakedistill.measures.comparison import FEWEST_SEEDS
from snakedistill.results.findings import findings, findings_by_topic
from snakedistill.results.findings.finding import CONTRADICTED, OPEN, SUPPORTED, Finding, capital
from snakedistill.results.summary.cells import SPACE, by, escaped, markdown, measured, number, significant
from snakedistill.results.summary.contents import Contents
from snakedistill.results.tables.calibration import AS_TRAINED, SCALED
from snakedistill.results.tables.comparisons import ALL_SEEDS
from snakedistill.results.tables.table import over_seeds
from snakedistill.results.tables.uncertainty import in_words

MOST_FINDINGS = 5
"""So many stand at the head of the summary."""


def inheritance_section(contents: Contents, pictures: list[str]) -> list[str]:
    """What each student shares with its teacher, beside the independent student."""
    frame = contents.tables["inheritance"]
    frame = frame[frame["class"] == ""]
    if frame.empty:
        return ["No network of this run learned from another one."]
    frame = over_seeds(frame)
    names = ["agreement", "agreement_of_independent", "agreement_by_chance", "kl_divergence"]
    inherited = ["agreement_inherited", "errors_inherited", "errors_inherited_by_chance", "right_inherited"]
    inherited += ["negative_transfer", "negative_transfer_by_chance"]
    if (frame["independent"] == "").all():
        names, inherited = [name for name in names if "independent" not in name], []
    shown = [*names, *inherited]
    rows = [
        [escaped(network), escaped(teacher)] + [measured(of_pair, name, digits=3) for name in shown]
        for (network, teacher), of_pair in by(frame.drop_duplicates(["network", "taught_by"]), ["network", "taught_by"])
    ]
    heads = ["student, test", "taught by", *(_INHERITANCE_HEADS.get(name, in_words(name)) for name in shown)]
    words = (
        "*Agreement* is the share of images with the same answer as the teacher, right or wrong. *By chance* is the "
        "agreement of networks that answer the images of a class independently. *KL* is the Kullback-Leibler "
        "divergence of the student's probabilities from the teacher's, in nats."
    )
    if inherited:
        over = "seeds and images" if contents.seeds >= FEWEST_SEEDS else "images"
        words += (
            " Good networks agree because they are right. So each student stands beside an independent one of the same "
            "recipe and seed that learned from manual labels, and *inherited* is what the student has beyond it: "
            "agreement, errors (P(wrong | teacher wrong)) and right answers (P(right | teacher right)). *Negative "
            "transfer* is inherited errors minus inherited right answers. *At random* is what the independent student "
            "would show if random errors made it as accurate as the student. `tables/inheritance.csv` has the "
            f"agreement by class. The brackets hold 95 % intervals over {over}."
        )
    return [words, *pictures, markdown(heads, rows, "ll" + "r" * len(shown))]


_INHERITANCE_HEADS = {
    "agreement_of_independent": "of the independent",
    "agreement_by_chance": "by chance",
    "kl_divergence": "KL",
    "agreement_inherited": "inherited agreement",
    "errors_inherited": "inherited errors",
    "errors_inherited_by_chance": "at random",
    "negative_transfer_by_chance": "at random",
    "right_inherited": "inherited right answers",
}


def calibration_section(contents: Contents, pictures: list[str]) -> list[str]:
    """How far probabilities may be taken at their word, and what uncertainty does not say."""
    frame = contents.tables["calibration"]
    names = ["negative_log_likelihood", "brier", "uncertainty", "confidence_error", "confidence_error_expected"]
    names += ["confidence_error_likely", "class_error"]
    rows = [
        [escaped(network), "scaled" if scaled == SCALED else "as trained", measured(of_seeds, "temperature", digits=2)]
        + [measured(of_seeds, name, digits=3) for name in names]
        for (network, scaled), of_seeds in by(frame, ["network", "scaled"])
    ]
    words = (
        "Whether the probabilities say how often a network is right, on the test part. *NLL* is the negative "
        "log-likelihood in nats, *Brier* half the mean squared distance of the probabilities from the manual labels, "
        "*ECE* the expected calibration error of the answer's probability in 15 bins with equally many images. A "
        "perfectly calibrated network with the same probabilities would show the *expected* ECE, because images are "
        "few, and with a probability of 95 % at most the *likely* one. *Class ECE* looks at the probability of "
        + ("class 1" if contents.classes == 2 else "each class")
        + " in place of that of the answer."
    )
    if (frame["scaled"] == SCALED).any():
        words += (
            " *Scaled* rows divide the logits by the temperature T, which was fitted on validation and changes no "
            "answer: above 1 the network was too sure."
        )
    heads = ["network", "", "T", "NLL", "Brier", "uncertainty", "ECE", "expected", "likely", "class ECE"]
    table = markdown(heads, rows, "ll" + "r" * 8)
    return [words, *pictures, table, _without_labels(frame[frame["scaled"] == AS_TRAINED])]


def _without_labels(frame: pd.DataFrame) -> str:
    """What uncertainty, which looks at no label, does and does not say, by the numbers of the networks."""
    means = frame.groupby("network", sort=False)[["accuracy", "uncertainty", "brier"]].mean()
    first, name = means.iloc[0], means.index[0]
    words = (
        "*Uncertainty* looks at no label: it is how far the probabilities are from the network's own answers. The "
        "Brier score is uncertainty plus what the errors add, the mean of p(answer) - p(label). Of "
        f"{escaped(name)}, {number(first['brier'])} is {number(first['uncertainty'])} plus "
        f"{number(first['brier'] - first['uncertainty'])}. If every answer of {escaped(name)} were counted as wrong, "
        f"its accuracy would be 0 and its uncertainty still {number(first['uncertainty'])}."
    )
    pairs = [(one, other) for number, one in enumerate(means.index) for other in means.index[number + 1 :]]
    apart = [
        (one, other) if means.loc[one, "uncertainty"] < means.loc[other, "uncertainty"] else (other, one)
        for one, other in pairs
        if (means.loc[one] - means.loc[other])[["uncertainty", "brier"]].prod() < 0
    ]
    if not pairs:
        return words
    words += f" The two order {len(apart)} of {len(pairs)} pairs of networks differently"
    if not apart:
        return f"{words}."
    one, other = max(apart, key=lambda pair: means.loc[pair[0], "brier"] - means.loc[pair[1], "brier"])
    return (
        f"{words}: {escaped(one)} has less uncertainty than {escaped(other)} ({number(means.loc[one, 'uncertainty'])} "
        f"against {number(means.loc[other, 'uncertainty'])}), and its probabilities are further from the labels (Brier "
        f"{number(means.loc[one, 'brier'])} against {number(means.loc[other, 'brier'])})."
    )


def comparisons_section(contents: Contents, pictures: list[str]) -> list[str]:
    """Which of two networks is more accurate."""
    table = contents.tables["comparisons"]
    several = contents.seeds > 1
    frame = table[table["seed"].astype(str) == ALL_SEEDS] if several else table
    if frame.empty:
        return ["This run has no two networks to compare."]
    of_recipe = frame["this_recipe"].notna().any()
    p, verdict = ("p_recipe", "this_recipe") if of_recipe else ("p", "these_networks")
    rows = [
        [escaped(row["one"]), escaped(row["other"]), difference_in_words(row)]
        + [f"{row['one_alone']:,} / {row['other_alone']:,}"]
        + ([f"{row['wins']:.0f} / {row['losses']:.0f}"] if several else [])
        + [significant(row[p], 2), significant(row[f"{p}_holm"], 2), row[verdict]]
        + [number(row["equal_within"]), number(row["smallest_difference"])]
        for row in frame.to_dict("records")
    ]
    heads = ["first", "second", "first - second", "one alone", *(["wins / losses"] if several else []), "p", "p, Holm"]
    heads += ["this recipe" if of_recipe else "these networks", "equal within", "smallest"]
    words = _how_to_compare(len(frame), several, of_recipe, contents.assigned)
    return [words, *pictures, markdown(heads, rows, "llrr" + ("r" if several else "") + "rrlrr")]


def _how_to_compare(pairs: int, several: bool, of_recipe: bool, assigned: bool) -> str:
    """What the columns of comparisons say."""
    words = (
        "Accuracy of the first network minus that of the second, on the same test images, with its 95 % interval. *One "
        "alone* counts the images that the first alone and the second alone gets right. *Equal within* is the margin "
        "within which two one-sided tests at 5 % show the two to be equally accurate: what cannot be told apart is not "
        "for that reason equal. *Smallest* is the difference that this many images show with a power of 80 %"
    )
    if several:
        words += f" with one seed; more seeds {'see more images' if assigned else 'do not make it smaller'}"
    words += "."
    corrected = f"then with Holm's correction for all {pairs} pairs, which decides"
    if of_recipe:
        words += (
            f" *p* asks whether other seeds{', other assignments of images to parts' if assigned else ''} and other "
            f"images would show a difference of the recipes, {corrected}. "
            "*Wins / losses* are the seeds in which the first network is more and less accurate; they decide nothing."
        )
    else:
        words += (
            " *p* is an exact test of whether the images that one network alone gets right are shared out evenly, "
            f"{corrected}. *These networks* says whether the first of the two networks is more accurate; another "
            "training run may differ."
        )
    if several and not of_recipe:
        words += " Counts are of all seeds together; for p each image counts once, with its sum over the seeds."
    return words + (" `tables/comparisons.csv` has each seed." if several else "")


def difference_in_words(row: dict) -> str:
    """A difference of accuracies with its interval."""
    low, high = (number(row[f"difference_{end}"], sign="+") for end in ("low", "high"))
    return f"{number(row['difference'], sign='+')}{SPACE}[{low},{SPACE}{high}]"


_VERDICTS = {
    SUPPORTED: "**The run supports:**",
    CONTRADICTED: "**The run contradicts:**",
    OPEN: "**The run cannot tell:**",
}


def findings_in_short(contents: Contents) -> list[str]:
    """The first statements that the run decides, topic by topic in turn, and how many it cannot tell."""
    topics = findings_by_topic(contents.tables)
    undecided = sum(one.verdict == OPEN for topic in topics for one in topic)
    decided = [[one for one in topic if one.verdict != OPEN] for topic in topics]
    in_turn = [one for of_turn in itertools.zip_longest(*decided) for one in of_turn if one is not None]
    lines = [f"- {_in_short(one)}" for one in in_turn[:MOST_FINDINGS]]
    if undecided:
        statements = f"{undecided} statement{'s' if undecided > 1 else ''}"
        lines.append(f"- {statements} cannot be told: [Findings](#findings) says what would tell.")
    return ["**What the run says**", "\n".join(lines)] if lines else []


def _in_short(finding: Finding) -> str:
    """A finding with the first of its numbers."""
    statement = capital(finding.statement) if finding.verdict == SUPPORTED else f"Contradicted: {finding.statement}"
    return f"{statement} ({finding.evidence.partition('; ')[0]})."


def findings_section(contents: Contents, pictures: list[str]) -> list[str]:
    """What the run supports, contradicts and cannot tell."""
    found = findings(contents.tables)
    if not found:
        return ["The run has no two networks to compare."]
    of_recipe = contents.tables["comparisons"]["this_recipe"].notna().any()
    images = contents.test["images"].iloc[0]
    words = f"What {images:,} test images and {contents.seeds} seed{'s' if contents.seeds > 1 else ''} say"
    words += ", each with its own assignment of images to parts. " if contents.assigned else ". "
    if of_recipe:
        words += (
            "Differences of accuracy, inheritance and recursion are about this recipe; calibration is about these "
            "networks."
        )
    else:
        words += "All statements are about these networks: another training run may differ."
    paragraphs = [words]
    for verdict, heading in _VERDICTS.items():
        of_verdict = [one for one in found if one.verdict == verdict]
        if of_verdict:
            paragraphs += [
                heading,
                "\n".join(f"- {capital(one.statement)}. {capital(one.evidence)}." for one in of_verdict),
            ]
    return paragraphs
