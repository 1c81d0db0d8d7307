"""The summary of made-up runs, every number of which is looked up in the tables that it was written from."""

import functools
import itertools
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, measured_speed
from made_up import TRAINED_WITH, MadeUp

from snakedistill.core.errors import InputError
from snakedistill.core.pixels import Pixels
from snakedistill.data.part_sizes import DROPPED
from snakedistill.paper import biryukova
from snakedistill.paper.claims import FAILS, HOLDS, OPEN, write_claims
from snakedistill.paper.claims_section import write_claims_section
from snakedistill.results.summary import cells
from snakedistill.results.summary.head import (
    beside_probes,
    does_distilling_pay,
    images_in_words,
    learned_nothing,
    warnings_block,
)
from snakedistill.results.summary.html import write_html
from snakedistill.results.summary.page import write_summary
from snakedistill.results.summary.sections import SECTIONS
from snakedistill.results.tables import TABLES
from snakedistill.results.tables.risk_coverage import SHARES
from snakedistill.results.verdict import verdict
from snakedistill.teaching import networks

REFERENCE = ROOT / "workflow/reference"
STUDENTS = {
    "classic": {"labels": "manual", "generations": 0},
    "hard": {"labels": "hard", "generations": 1},
    "soft": {"labels": "soft", "generations": 2},
}
IMAGES = {"train": 120, "validation": 40, "test": 60}
NUMBER = re.compile(r"(?:&[lg]t;)?(?<![\w.-])[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:e-?\d+)?")


@dataclass
class Result:
    """A made-up run: its files, and the arguments of `write_summary`."""

    folder: Path
    given: dict

    @property
    def reference(self) -> str | None:
        return self.given["reference"]

    def frame(self, table: str) -> pd.DataFrame:
        return pd.read_csv(self.given["tables"].get(table, self.folder / f"{table}.csv"))

    def page(self, **other) -> str:
        write_summary(**self.given | other, summary=self.folder / "summary.md")
        return (self.folder / "summary.md").read_text()

    def page_with_claims(self, claims: pd.DataFrame, folder: Path) -> str:
        """The page with a changed table of claims."""
        claims.to_csv(folder / "claims.csv", index=False)
        write_claims_section(folder / "claims.csv", folder / "claims.md")
        return self.page(inserts=[folder / "claims.md"])


def made_up(
    folder,
    students=STUDENTS,
    seeds=(0,),
    repeats=2,
    bin_width=0.05,
    threads=(1, 2),
    classes=("cat", "dog"),
    student="soft-0",
    reference="paper",
) -> Result:
    """A made-up run beside the paper's numbers, with its claims, or beside the tables of an earlier made-up run."""
    rng = np.random.default_rng(0)
    known = networks(students)

    def run_in(folder: Path) -> MadeUp:
        results = list(itertools.product(seeds, known))
        accuracy = {result: rng.uniform(0.7, 1) for result in results}
        confidence = {result: rng.uniform(1e-4, 0.3) for result in results}
        epochs = {result: rng.integers(1, 10) for result in results}
        run = MadeUp(folder, IMAGES, accuracy, confidence, list(known), epochs, seeds, repeats, classes, student)
        runtimes = ("Keras", "ONNX Runtime", "LiteRT", "OpenVINO")
        keys = itertools.product(("teacher", student), runtimes, ("float32", "int8"), (1, 32), ("no", "yes"))
        run.time({key: rng.uniform(0.001, 0.1, 5).tolist() for key in keys}, threads)
        return run

    printed = REFERENCE if reference == biryukova.NAME else None
    if reference and not printed:
        (folder / "earlier").mkdir()
        earlier = run_in(folder / "earlier")
        for name in TABLES:
            earlier.tabulate(name, bin_width=bin_width)
        printed = folder / "earlier/tables"
    run = run_in(folder)
    for name in TABLES:
        run.tabulate(name, reference, printed, bin_width=bin_width)
    inserts = []
    if reference == biryukova.NAME:
        paths = {table: str(REFERENCE / f"{table}.csv") for table in biryukova.TABLES}
        speed = measured_speed(folder / "speed.csv")
        write_claims(run.run(reference), speed, paths, str(folder / "claims.csv"))
        write_claims_section(folder / "claims.csv", folder / "claims.md")
        inserts = [folder / "claims.md"]
    rows = [(name, part, images // 2) for name in classes for part, images in IMAGES.items()]
    pd.DataFrame(rows, columns=["class", "split", "images"]).to_csv(folder / "counts.csv", index=False)
    rejected(folder, dropped=21, others=1)
    pd.DataFrame(columns=["group", "image_id"]).to_csv(folder / "copies.csv", index=False)
    given = {
        "run_description": {"run": "Run made-up: drawings.", "deviations": "Every setting is the paper's."},
        "warnings": [],
        "index": run.files["index"],
        "pixels": [Pixels(32)],
        "counts": folder / "counts.csv",
        "rejected": folder / "rejected.csv",
        "copies": folder / "copies.csv",
        "splits": run.files["splits"],
        "tables": {name: run.files[name] for name in TABLES},
        "figures": [],
        "sections_of_pictures": {},
        "inserts": inserts,
        "headings": {key: section.heading for key, section in SECTIONS.items()},
        "measurements": run.files["measurements"],
        "exports": [],
        "int8_max_drop": 0.02,
        "lineages": run.files["lineages"],
        "settings": dict.fromkeys(known, TRAINED_WITH),
        "students": students,
        "teacher_is_given": False,
        "shown": ["teacher", student],
        "choice": {"margin": 0.01, "ms": None, "mb": None},
        "reference": reference,
        "about_reference": "what someone measured" if reference else "",
    }
    return Result(folder, given)


def test_the_page_opens_with_why_no_student_was_chosen(tmp_path):
    run = made_up(tmp_path)
    choice = {"margin": 0.01, "ms": None, "mb": 1e-6}
    nothing = run.frame("frontier").assign(chosen="no")
    nothing.loc[nothing["network"] == "soft-0", "nearest"] = "yes"
    nothing.to_csv(tmp_path / "nothing.csv", index=False)
    page = run.page(choice=choice, tables=run.given["tables"] | {"frontier": tmp_path / "nothing.csv"})
    assert (
        "**No student is within 1e-06 MB, so none is chosen; the nearest, soft-0 at 32 pixels in float32, has " in page
    )
    assert "**Does distilling pay here?** " in page and "so that is not known" not in page  # another pair is judged


def test_what_was_doubtful_stands_at_the_head(tmp_path):
    run = made_up(tmp_path)
    assert "warning" not in run.page()
    index = pd.read_csv(run.given["index"])
    index.loc[index["class"] == "dog", ["grey", "width"]] = ["yes", 400]
    index.to_csv(tmp_path / "odd.csv", index=False)
    page = run.page(warnings=["student.learning_rate is 0.01"], index=tmp_path / "odd.csv", pixels=[Pixels(64)])
    head = page.split("| network |")[0]
    (block,) = (block for block in head.split("\n\n") if block.startswith("> **4 warnings**\n>\n> - "))
    assert [line.removeprefix("> - ") for line in block.splitlines()[2:]] == [
        r"student.learning\_rate is 0.01.",
        "110 images are grey (dog 110 of 110): where one class has more of them, networks may tell the classes by the "
        "lack of colour.",
        "220 images have a side below the 64 pixels that networks take (cat 110 of 110, dog 110 of 110): they are "
        "enlarged, which adds no detail.",
        "110 images are twice as long as wide or more (dog 110 of 110), which fit: squash distorts.",
    ]


def rejected(folder, dropped: int, others: int) -> None:
    reasons = ["cannot be decoded"] * others + [DROPPED] * dropped
    frame = pd.DataFrame({"member": [f"train/{number}.jpg" for number in range(len(reasons))], "reason": reasons})
    frame.to_csv(folder / "rejected.csv", index=False)


def test_networks_trained_with_other_settings_are_an_error(tmp_path):
    result = made_up(tmp_path)
    other = TRAINED_WITH | {"recipe": {"learning_rate": 0.1, "augmentation": {"shift": 0.2}}}
    settings = result.given["settings"] | {"soft-0": other}
    with pytest.raises(InputError) as raised:
        result.page(settings=settings)
    model = tmp_path / "soft-0.keras"
    assert f"{model}: expected recipe.learning_rate 0.1, got 0.002\n" in str(raised.value)
    assert f"{model}: expected recipe.augmentation.shift 0.2, got 0\n" in str(raised.value)
    assert "image_size" not in str(raised.value)
    assert not (tmp_path / "summary.md").exists()


def test_each_picture_stands_in_its_section_and_no_other_file_is_touched(tmp_path):
    (tmp_path / "figures").mkdir()
    shown = ["2-training-teacher", "training-mild", "9-recursion-soft", "timing"]
    for name in [*shown, "of-my-own", "1-teacher", "training-wild"]:
        (tmp_path / f"figures/{name}.png").touch()
    files = set((tmp_path / "figures").iterdir())
    sections = dict(zip(shown, ["training", "training", "recursion", "time"], strict=True))
    figures = [tmp_path / f"figures/{name}.png" for name in shown]
    page = made_up(tmp_path).page(figures=figures, sections_of_pictures=sections)
    headings = {key: page.index(f"\n## {section.heading}\n") for key, section in SECTIONS.items()}
    assert list(headings) == sorted(headings, key=headings.get)
    for name, section in sections.items():
        after = [place for place in headings.values() if place > headings[section]]
        at = page.index(f"![{name.replace('-', ' ')}](figures/{name}.png)")
        assert headings[section] < at < min(after, default=len(page))
    assert "of-my-own" not in page
    assert set((tmp_path / "figures").iterdir()) == files


def tables_of(page: str) -> list[list[list[str]]]:
    """The tables of a page of Markdown, each as rows of cells, the head first."""
    found = []
    for block in page.split("\n\n"):
        if block.startswith("|"):
            rows = [[cell.strip(" ") for cell in line[1:-1].split(" |")] for line in block.splitlines()]
            assert {len(row) for row in rows} == {len(rows[0])}
            found.append([rows[0], *rows[2:]])
    return found


def numbers_in(text: str) -> list[str]:
    return NUMBER.findall(text)


def is_printed_as(value: float, text: str) -> bool:
    """Whether the text is the value, to half of its last digit, and shows at least one digit of it or its sign."""
    if text.startswith("&"):  # a value that would be printed as zero
        return 0 < value / float(text[4:]) < 0.5
    mantissa, _, exponent = text.replace(",", "").partition("e")
    last = 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
    return abs(float(f"{mantissa}e{exponent or 0}") - value) <= 0.5001 * last and (value == 0 or float(mantissa) != 0)


def check(text: str, expected: list[float]) -> None:
    expected = [value for value in expected if not pd.isna(value)]
    shown = numbers_in(text)
    assert len(shown) == len(expected), (text, expected)
    assert all(is_printed_as(*pair) for pair in zip(expected, shown, strict=True)), (text, expected)


def check_table(table: list[list[str]], expected: list[list]) -> None:
    """Compare a table with rows of texts, which must be equal, and of lists of numbers."""
    assert len(table) - 1 == len(expected), (table[0], len(expected))
    for shown, row in zip(table[1:], expected, strict=True):
        assert len(shown) == len(row), (shown, row)
        for text, cell in zip(shown, row, strict=True):
            if isinstance(cell, list):
                check(text, cell)
            else:
                assert text.replace("\N{NO-BREAK SPACE}", " ") == str(cell)


def groups(frame: pd.DataFrame, *keys: str) -> list[tuple]:
    """Texts of the keys and their rows, one of each seed."""
    found = []
    for values in dict.fromkeys(frame[list(keys)].itertuples(index=False, name=None)):
        rows = frame[(frame[list(keys)] == list(values)).all(axis=1)]
        assert rows["seed"].is_unique
        found.append((list(values), rows))
    return found


def measured(rows: pd.DataFrame, name: str) -> list[float]:
    """Mean and standard deviation over seeds; of one seed the value and its interval."""
    if len(rows) > 1:
        return [rows[name].mean(), np.std(rows[name], ddof=1)] if rows[name].notna().any() else []
    return [rows[column].iloc[0] for column in (name, f"{name}_low", f"{name}_high") if column in rows]


def beside(rows: pd.DataFrame, name: str, reference: str | None) -> list[list[float]]:
    """The cells of a quantity: measured, and the reference number and the difference where the table has them."""
    if f"{reference}_{name}" not in rows:
        return [measured(rows, name)]
    known, difference = rows[f"{reference}_{name}"], rows[f"{name}_difference"]
    assert known.nunique(dropna=False) == 1
    np.testing.assert_allclose(difference, rows[name] - known, atol=2e-8)
    return [measured(rows, name), [known.iloc[0]], [difference.mean()]]


def first_students(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[(frame["network"] == "teacher") | frame["network"].str.endswith("-0")]


SOURCES = {
    "teacher": "manual labels", "classic-0": "manual labels", "hard-0": "answers of teacher",
    "soft-0": "probabilities of teacher", "hard-1": "answers of hard-0", "soft-2": "probabilities of soft-1",
    "small-0": "answers of teacher", "small-1": "answers of small-0", "tram-0": "manual labels",
}  # fmt: skip


def expected_tables(result: Result, shown: list[str]) -> list[list[list]]:
    """What each table of the page must hold, in their order."""
    return [
        teacher_and_chosen(result),
        networks_in_short(result, shown),
        *(claims_in_tables(result.frame("claims")) if result.given["inserts"] else []),
        candidates(result),
        evaluations(result),
        times(result),
        *shares_in_bins(result),
        *generations(result),
        *steps(result),
        *lifetimes(result),
        *inheritance(result),
        calibration(result),
        risk_and_coverage(result),
        comparisons(result),
        errors_by_class(result),
        best_epochs(result),
    ]


def teacher_and_chosen(result: Result) -> list[list]:
    frontier = result.frame("frontier")
    (chosen,) = frontier[frontier["chosen"] == "yes"].to_dict("records")
    alike = (frontier["form"] == chosen["form"]) & (frontier["precision"] == "float32")
    (teacher,) = frontier[alike & (frontier["role"] == "teacher")].to_dict("records")
    return [
        [
            name,
            [row[f"accuracy{end}"] for end in ("", "_low", "_high")],
            [row["megabytes"]],
            [row[f"milliseconds{end}"] for end in ("", "_low", "_high")],
        ]
        for name, row in zip(("teacher", "chosen student"), (teacher, chosen), strict=True)
    ]


def networks_in_short(result: Result, shown: list[str]) -> list[list]:
    uncertainty, timing = result.frame("uncertainty"), result.frame("timing")
    sizes = [json.loads(Path(path).read_text()) for path in result.given["measurements"]]
    one_image = timing[
        (timing["threads"] == timing["threads"].max()) & (timing["batch_size"] == 1)
        & (timing["decoding"] == "no") & (timing["precision"] == "float32")
    ].set_index(["runtime", "network"])  # fmt: skip
    timed = result.given["shown"]
    head = []
    for network in shown:
        rows = uncertainty[(uncertainty["network"] == network) & (uncertainty["split"] == "test")]
        megabytes = [
            np.mean([one["bytes"][kind] for one in sizes if one["network"] == network]) / 1e6
            for kind in ("float32", "int8")
        ]
        seconds = [
            [1000 * one_image["seconds"][runtime, network]] if network in timed else "\N{EN DASH}"
            for runtime in ("ONNX Runtime", "Keras")
        ]
        head.append([network, SOURCES[network], measured(rows, "accuracy"), megabytes, *seconds])
    return head


def candidates(result: Result) -> list[list]:
    """The files of the teacher and of every candidate."""
    found = []
    for row in result.frame("frontier").to_dict("records"):
        cells = [row["network"], row["backbone"], [row["image_size"]], f"{row['form']} {row['precision']}"]
        for name in ("accuracy", "difference", "milliseconds", "times_faster"):
            value = [row[f"{name}{end}"] for end in ("", "_low", "_high")]
            cells.append([] if np.isnan(value[0]) else value)
        cells.insert(6, {"open": "cannot be told"}.get(row["not_worse"], row["not_worse"]))
        cells[6] = "" if cells[6] != cells[6] else cells[6]
        millions = row["multiply_adds"] / 1e6
        cells += [[row["megabytes"]], [] if np.isnan(millions) else [millions], row["on_frontier"], row["chosen"]]
        found.append(cells)
    return found


def claims_in_tables(claims: pd.DataFrame) -> list[list[list]]:
    """The verdicts, and all evidence."""
    claims = claims.rename(columns={"low": "value_low", "high": "value_high"})

    def claim_cells(rows: pd.DataFrame) -> list:
        claimed = rows["claimed"].iloc[0].replace("<", "&lt;").replace(">", "&gt;")
        value = measured(rows, "value")
        paper = rows["paper"].iloc[0] if rows["paper"].nunique(dropna=False) == 1 else np.nan
        return ["not measured" if rows["value"].isna().all() else value, claimed, [paper]]

    verdicts, evidence = [], []
    several = [] if claims["seed"].nunique() == 1 else ["seed"]
    for claim in dict.fromkeys(claims["claim"]):
        of_claim = claims[claims["claim"] == claim]
        by_evidence = [rows for _, rows in groups(of_claim, "evidence")]
        worst = max(((rows["finding"] == FAILS).sum(), (rows["finding"] == OPEN).sum()) for rows in by_evidence)
        deciding = next(
            rows for rows in by_evidence if ((rows["finding"] == FAILS).sum(), (rows["finding"] == OPEN).sum()) == worst
        )
        of_seeds = of_claim.drop_duplicates("seed")["verdict"].tolist()
        words = [(verdict, of_seeds.count(verdict)) for verdict in (HOLDS, FAILS, OPEN) if of_seeds.count(verdict)]
        verdict = of_seeds[0]
        if len(of_seeds) > 1:
            verdict = f"{words[0][0]} in {words[0][1]} of {len(of_seeds)} seeds"
            verdict += "".join(f", {word} in {count}" for word, count in words[1:])
        others = {0: "", 1: " (and 1 other)"}.get(len(by_evidence) - 1, f" (and {len(by_evidence) - 1} others)")
        name = deciding["evidence"].iloc[0] + others
        verdicts.append([claim, of_claim["statement"].iloc[0], f"**{verdict}**", name, *claim_cells(deciding)])
        for rows in by_evidence:
            for number, row in rows.iterrows():
                seed = [row["seed"]] if several else []
                cells = claim_cells(rows.loc[[number]])
                evidence.append([claim, row["evidence"], *seed, *cells, row["finding"], row["interval"]])
    return [verdicts, evidence]


def evaluations(result: Result) -> list[list]:
    frame, found = first_students(result.frame("evaluation")), []
    keys = ("network", "split", "labels", "augmented", "repeats")
    for (network, part, labels, how, repeats), rows in groups(frame, *keys):
        best = f"augmented, best of {repeats}" if repeats > 1 else "augmented"
        mean = [rows["accuracy_mean"].iloc[0], rows["accuracy_sd"].iloc[0]]
        mean = measured(rows, "accuracy_mean") if len(rows) > 1 else mean
        cells = [cell for name in ("loss", "accuracy") for cell in beside(rows, name, result.reference)]
        found.append([network, part, labels, {"no": "plain", "yes": best}.get(how, how), *cells, mean])
        found[-1].append(measured(rows, "label_fit"))
    return found


def times(result: Result) -> list[list]:
    timing, known = result.frame("timing"), f"{result.reference}_ratio"
    of_teacher, of_student = (timing[timing["network"] == network] for network in result.given["shown"])
    return [
        [row["runtime"], row["precision"], row["threads"], row["batch_size"]]
        + [{"yes": "file to answer", "no": "network alone"}[row["decoding"]]]
        + [[1000 * first["seconds"]], [1000 * row["seconds"]], [row["ratio"], row["ratio_low"], row["ratio_high"]]]
        + (["" if np.isnan(row[known]) else [row[known]]] if result.reference else [])
        for first, row in zip(of_teacher.to_dict("records"), of_student.to_dict("records"), strict=True)
    ]


def shares_in_bins(result: Result) -> list[list[list]]:
    """The shares of the end bins, and those of all bins of each part."""
    histograms = first_students(result.frame("histograms"))
    ends = histograms[(histograms["bin_low"] == 0) | (histograms["bin_high"] == 1)]
    name = "relative_frequency"
    columns = [column for column in (name, f"{result.reference}_{name}", f"{name}_difference") if column in ends]
    assert len(columns) == (3 if result.reference else 1)
    ends = ends.groupby(["seed", "network", "split"], sort=False)[columns].sum(min_count=1).reset_index()
    shares = [[*keys, *beside(rows, name, result.reference)] for keys, rows in groups(ends, "network", "split")]
    bins = [
        [
            [[low, high]]
            + [cell for _, rows in groups(of_bin, "network") for cell in beside(rows, name, result.reference)]
            for (low, high), of_bin in histograms[histograms["split"] == part].groupby(["bin_low", "bin_high"])
        ]
        for part in dict.fromkeys(histograms["split"])
    ]
    return [shares, *bins]


def generations(result: Result) -> list[list[list]]:
    uncertainty = result.frame("uncertainty")
    return [
        [
            [*keys, *(cell for name in ("accuracy", "uncertainty") for cell in beside(rows, name, result.reference))]
            for keys, rows in groups(uncertainty[uncertainty["split"] == part], "network")
        ]
        for part in ("test", "validation", "train")
    ]


def over_seeds(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows over all seeds, or of the only one."""
    whole = frame["seed"].astype(str) == "all"
    return frame[whole] if whole.any() else frame


def steps(result: Result) -> list[list[list]]:
    """The steps of recursion, if there are some: the drift is that of the class with the largest one."""
    frame, found = result.frame("recursion"), []
    whole, of_seeds = over_seeds(frame), frame[frame["seed"].astype(str) != "all"]
    several = of_seeds["seed"].nunique() > 1
    for network in dict.fromkeys(frame["network"]):
        of_network = whole[whole["network"] == network]
        drift = of_network.set_index("class")["drift_from_first"]
        name = drift.idxmax() if drift.notna().any() else None
        of_class = of_network[of_network["class"] == (name or drift.index[0])]
        by_seed = [one for _, one in of_seeds[of_seeds["network"] == network].groupby("seed")]
        means = [
            pd.DataFrame({"mean": [(one[column] * one["images"]).sum() / one["images"].sum() for one in by_seed]})
            for column in ("error_rate", "confidence")
        ]
        firsts = pd.DataFrame({"first": [one["first_errors"].sum() for one in by_seed]})
        names = ["spread_ratio", "spread_ratio_from_first", "drift_from_first"]
        cells = [*(measured(of_class, column) for column in names), name or ""]
        cells += [
            measured(of_class, column) for column in (["slope_across_seeds"] if several else ["slope", "correlation"])
        ]
        found.append([network, *cells, *(measured(of, "mean") for of in means), measured(firsts, "first")])
    return [found] if found else []


def lifetimes(result: Result) -> list[list[list]]:
    """Of chains with a generation after the second, if there are some."""
    rows = [
        [
            row["family"],
            str(row["generation"]),
            *([row[f"{name}{end}"] for end in ("", "_low", "_high")] for name in names),
        ]
        for names in [("predicted", "measured")]
        for row in result.frame("lifetimes").to_dict("records")
    ]
    return [rows] if rows else []


def inheritance(result: Result) -> list[list[list]]:
    """Of the test part, if a network has a source."""
    frame = result.frame("inheritance")
    names = ["agreement", "agreement_of_independent", "agreement_by_chance", "kl_divergence", "agreement_inherited"]
    names += ["errors_inherited", "errors_inherited_by_chance", "right_inherited", "negative_transfer"]
    names += ["negative_transfer_by_chance"]
    if frame["independent"].isna().all():
        names = ["agreement", "agreement_by_chance", "kl_divergence"]
    shown = over_seeds(frame[frame["class"].isna()])
    rows = [[*keys, *(measured(of, name) for name in names)] for keys, of in groups(shown, "network", "taught_by")]
    return [rows] if len(frame) else []


def calibration(result: Result) -> list[list]:
    names = ["temperature", "negative_log_likelihood", "brier", "uncertainty", "confidence_error"]
    names += ["confidence_error_expected", "confidence_error_likely", "class_error"]
    return [
        [network, {"no": "as trained", "yes": "scaled"}[scaled], *(measured(rows, name) for name in names)]
        for (network, scaled), rows in groups(result.frame("calibration"), "network", "scaled")
    ]


def risk_and_coverage(result: Result) -> list[list]:
    names = [*(f"accuracy_at_{share}" for share in SHARES), "risk_area", "risk_area_ideal"]
    frame = result.frame("risk_coverage")
    return [[*network, *(measured(rows, name) for name in names)] for network, rows in groups(frame, "network")]


def comparisons(result: Result) -> list[list]:
    frame = result.frame("comparisons")
    whole = frame[frame["seed"].astype(str) == "all"]
    return [
        [row["one"], row["other"], [row[f"difference{end}"] for end in ("", "_low", "_high")]]
        + [[row["one_alone"], row["other_alone"]], *([[row["wins"], row["losses"]]] if len(whole) else [])]
        + [[row["p"]], [row["p_holm"]], row["these_networks"], [row["equal_within"]], [row["smallest_difference"]]]
        for row in (whole if len(whole) else frame).to_dict("records")
    ]


def errors_by_class(result: Result) -> list[list]:
    classes = result.frame("classes")
    return [
        [*keys, measured(rows, "errors"), [IMAGES["test"] // 2]]
        + [cell for name in ("error_rate", "uncertainty") for cell in beside(rows, name, result.reference)]
        for keys, rows in groups(classes[classes["split"] == "test"], "network", "class")
    ]


def best_epochs(result: Result) -> list[list]:
    known = f"{result.reference}_epoch"
    return [
        [*keys, measured(rows, "epoch"), [10], *([[rows[known].iloc[0]]] if result.reference else [])]
        + [measured(rows, "val_manual_accuracy"), measured(rows, "val_accuracy")]
        for keys, rows in groups(result.frame("best_epoch"), "network")
    ]


def without_labels(result: Result) -> list[float]:
    """The numbers on uncertainty and the Brier score, of the networks as they were trained."""
    frame = result.frame("calibration")
    means = frame[frame["scaled"] == "no"].groupby("network", sort=False)[["uncertainty", "brier"]].mean()
    teacher = means.iloc[0]
    pairs = list(itertools.combinations(means.to_dict("records"), 2))
    apart = [
        sorted(pair, key=lambda one: one["uncertainty"])
        for pair in pairs
        if (pair[0]["uncertainty"] - pair[1]["uncertainty"]) * (pair[0]["brier"] - pair[1]["brier"]) < 0
    ]
    found = [teacher["brier"], teacher["uncertainty"], teacher["brier"] - teacher["uncertainty"], 0]
    found += [teacher["uncertainty"], len(apart), len(pairs)]
    if not apart:
        return found
    one, other = max(apart, key=lambda pair: pair[0]["brier"] - pair[1]["brier"])
    return [*found, one["uncertainty"], other["uncertainty"], one["brier"], other["brier"]]


def expected_sentences(result: Result) -> dict[str, list[float]]:
    """The numbers of every paragraph that has some, by the paragraph's first words."""
    timing, one_seed = result.frame("timing"), result.frame("uncertainty")["seed"].nunique() == 1
    seeds, threads = result.frame("uncertainty")["seed"].nunique(), timing["threads"].max()
    all_threads = timing[timing["threads"] == threads]

    def row(**of) -> pd.Series:
        (found,) = all_threads[(all_threads[list(of)] == list(of.values())).all(axis=1)].to_dict("records")
        return pd.Series(found)

    ratio = ["ratio", "ratio_low", "ratio_high"]
    plain = {"runtime": "Keras", "batch_size": 32, "precision": "float32"}
    teacher, student = result.given["shown"]
    keras, from_file = (row(**plain, decoding=decoding, network=student) for decoding in ("no", "yes"))
    runtimes = ("ONNX Runtime", "LiteRT", "OpenVINO")
    of_one = {"batch_size": 1, "decoding": "no"}
    int8 = [row(**of_one, runtime=one, precision="int8", network=student) for one in runtimes]
    fastest = min(int8, key=lambda found: found["seconds"])
    float32 = row(**of_one, runtime=fastest["runtime"], precision="float32", network=teacher)
    time = [4100, 1800, 4100 / 1800, 32, threads, *keras[ratio]]
    known = keras.get(f"{result.reference}_ratio", np.nan)
    time += [] if np.isnan(known) else [known]
    time += [*from_file[ratio], 1000 * fastest["seconds"], 1000 * float32["seconds"], 95]
    found = {
        "220 images are used": [220, 120, 40, 60, 22, 21, 1],
        "The brackets hold the exact" if one_seed else "± is": [*([95, 60] if one_seed else [seeds]), threads, 9],
        "Every exported student": [0, 95, 95, threads],
        "An image costs": time,
        "All of them are measured": [0, 0, 1, 0.25, *([95] if one_seed else [])],
    }
    found |= {"On the test part.": [95]} if one_seed else {}
    found |= {"The next table has": [1, 0, 95]} if len(result.frame("recursion")) else {}
    found |= {"*Agreement* is": [95]} if result.frame("inheritance")["independent"].any() else {}
    found |= {"Whether the probabilities": [15, 95, 1, 1], "*Uncertainty* looks": without_labels(result)}
    found |= {"**Risk and coverage.**": [80, 80]}
    found |= {"Accuracy of the first": [95, 5, 80, len(comparisons(result))]}
    of_claims = {"Each claim is weighed": [95, *([] if one_seed else [seeds]), 9, 0, 0, 1, 0.25, 25_000, 224]}
    return found | (of_claims if result.given["inserts"] else {})


OWN = {"tram": {"labels": "manual", "generations": 0}, "small": {"labels": "hard", "generations": 1}}
MADE_UP = {
    "one seed": ({}, ["teacher", "classic-0", "hard-0", "soft-0", "hard-1", "soft-2"]),
    "three seeds": ({"seeds": (0, 1, 5)}, ["teacher", "classic-0", "hard-0", "soft-0", "hard-1", "soft-2"]),
    "classic alone": (
        {"students": {"classic": STUDENTS["classic"]}, "student": "classic-0", "threads": (1,)},
        ["teacher", "classic-0"],
    ),
    "own families": (
        {
            "students": OWN, "student": "small-0", "classes": ("bus", "tram"), "repeats": 0, "bin_width": 0.1,
            "threads": (1,),
        },
        ["teacher", "tram-0", "small-0", "small-1"],
    ),
    "own families, two seeds": (
        {"students": OWN, "student": "small-0", "classes": ("bus", "tram"), "repeats": 1, "seeds": (0, 1)},
        ["teacher", "tram-0", "small-0", "small-1"],
    ),
    "no reference": (
        {"students": OWN, "student": "small-0", "classes": ("bus", "tram"), "reference": None},
        ["teacher", "tram-0", "small-0", "small-1"],
    ),
    "an earlier run as reference": (
        {"students": OWN, "student": "small-0", "classes": ("bus", "tram"), "reference": "first-run"},
        ["teacher", "tram-0", "small-0", "small-1"],
    ),
    "an earlier run of two seeds as reference": (
        {"seeds": (0, 3), "reference": "first-run"}, ["teacher", "classic-0", "hard-0", "soft-0", "hard-1", "soft-2"],
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """The made-up runs by name, each made once."""
    return functools.cache(lambda name: made_up(tmp_path_factory.mktemp("made-up"), **MADE_UP[name][0]))


@pytest.mark.parametrize("name", MADE_UP)
def test_every_number_of_the_page_is_in_the_tables(results, name):
    result, shown = results(name), MADE_UP[name][1]
    page = result.page()
    assert not re.search(r"\b(nan|None|inf)\b", page)
    page, findings = page.split("\n\n## Findings\n\n")
    assert tables_of(findings) == [] and re.search(
        r"^\*\*The run (supports|contradicts|cannot tell):\*\*$", findings, re.M
    )
    tables = tables_of(page)
    expected = expected_tables(result, shown)
    assert len(tables) == len(expected)
    for table, rows in zip(tables, expected, strict=True):
        check_table(table, rows)
    # And every other paragraph with a number in it.
    sentences = expected_sentences(result)
    _, about, chosen, both, pays, *blocks = page.split("\n\n")
    assert about == "Run made-up: drawings."
    assert both.startswith("| on 60 test images | accuracy | MB | ms an image |")
    assert chosen == f"**{cells.escaped(verdict(result.frame('frontier'), 0.01))}**"
    assert pays == does_distilling_pay({name: result.frame(name) for name in TABLES}, 0.01)
    in_short = blocks.index("**What the run says**") + 1
    for number, block in enumerate(blocks):
        if number != in_short and not block.startswith("|") and numbers_in(block):
            (start,) = (start for start in sentences if block.startswith(start))
            check(block, sentences.pop(start))
    assert not sentences
    timing = result.frame("timing").query("threads == threads.max() and batch_size == 1 and decoding == 'no'")
    of_student = timing[(timing["precision"] == "int8") & (timing["network"] == result.given["shown"][1])]
    fastest = of_student.sort_values("seconds")["runtime"].iloc[0]
    assert f"One image at a time in {fastest}, " in page


@pytest.mark.parametrize("name", MADE_UP)
def test_the_reference_is_named_by_its_own_name_and_only_where_there_is_one(results, name):
    result = results(name)
    page, reference = result.page(), result.reference
    heads = [head for table in tables_of(page) for head in table[0]]
    assert (heads.count("difference") > 0) == (reference is not None)
    # Each difference stands right of the reference number, and that of the measured one.
    assert [heads[number - 1] for number, head in enumerate(heads) if head == "difference"] == [
        reference
    ] * heads.count("difference")
    assert (f"*{reference}* stands above the reference numbers: what someone measured." in page) == bool(reference)
    if reference:
        of_timing = next(table for table in tables_of(page) if table[0][0] == "runtime")
        teacher, student = result.given["shown"]
        assert of_timing[0][-1] == f"{reference}: {teacher} / {student}"
        known = result.frame("timing")[f"{reference}_ratio"].notna().any()
        assert (f"The reference number ({reference}) is " in page) == known
    if reference != biryukova.NAME:
        assert not re.search(r"(?i)\bpaper\b", page.replace("Every setting is the paper's.", ""))


def test_intervals_and_deviations_have_no_place_to_wrap(results):
    pages = [results(name).page() for name in ("one seed", "three seeds")]
    cells = [cell for page in pages for table in tables_of(page) for row in table for cell in row]
    intervals = [cell for cell in cells if re.match(r"-?\d\S*\s+\[", cell)]
    deviations = [cell for cell in cells if "±" in cell]
    assert len(intervals) > 50
    assert len(deviations) > 50
    assert not [cell for cell in [*intervals, *deviations] if " " in cell]


def test_the_head_has_the_result_for_someone_with_one_minute(results):
    blocks = results("one seed").page().split("\n\n")
    assert blocks[0].startswith("# ")
    assert blocks[1] == "Run made-up: drawings." and blocks[2].startswith("**")
    assert blocks[3].startswith("| on 60 test images |")
    assert blocks[4].startswith("**Does distilling pay here?** ")
    assert blocks[5] == "**What the run says**"
    findings = blocks[6].splitlines()
    assert 1 <= len(findings) <= 6 and all(line.startswith("- ") for line in findings)
    told = r"- \d+ statements? cannot be told: \[Findings\]\(#findings\) says what would tell."
    assert re.fullmatch(told, findings[-1])
    assert blocks[7] == "> Every setting is the paper's."
    rest = blocks[8:]
    assert rest[0].startswith("220 images are used")
    assert rest[1].startswith("| network | learns from | test accuracy |")
    assert "teacher and soft-0 are timed" in rest[2]
    assert rest[3].startswith("*paper* stands above the reference numbers: what someone measured.")
    assert rest[4] == "## The paper's claims"


@pytest.mark.parametrize(
    ("dropped", "others", "words"),
    [
        (
            21,
            1,
            "22 files are not used (`data/rejected.csv`): 21 dropped so that the classes have the same number of "
            "images, 1 for other reasons (cannot be decoded).",
        ),
        (
            1,
            0,
            "1 file is not used (`data/rejected.csv`): 1 dropped so that the classes have the same number of images.",
        ),
        (0, 2, "2 files are not used (`data/rejected.csv`): 2 for the reasons given there (cannot be decoded)."),
        (0, 0, "No file is rejected."),
    ],
)
def test_images_that_are_not_used_are_counted_by_reason(results, tmp_path, dropped, others, words):
    rejected(tmp_path, dropped, others)
    assert (
        "220 images are used: 120 to train, 40 to validate, 60 to test, the same number of each class (cat, dog). "
        f"{words}\n" in results("classic alone").page(rejected=tmp_path / "rejected.csv")
    )


def test_classes_of_different_numbers_are_counted_and_copies_in_other_parts_told():
    parts = ("train", "validation", "test")
    rows = [("bee", part, 20) for part in parts] + [("ant", part, 5) for part in parts]
    counts = pd.DataFrame(rows, columns=["class", "split", "images"])
    copies = pd.DataFrame({"group": [1, 1, 2, 2], "image_id": ["a", "b", "c", "d"]})
    splits = pd.DataFrame({"image_id": list("abcd"), "split": ["train", "test", "train", "train"]})
    reasons = pd.DataFrame({"member": list("efgh"), "reason": ["one", "two", "three", "four"]})
    assert images_in_words(counts, reasons, copies, splits) == (
        "75 images are used: 25 to train, 25 to validate, 25 to test; by class: bee (60), ant (15). "
        "4 files are not used (`data/rejected.csv`): 4 for the reasons given there. "
        "Some images have copies in another part, as the archive's own split has it (`data/copies.csv`): "
        "1 of test in train."
    )


def test_a_tiny_number_is_not_printed_as_zero(results, tmp_path):
    claims = results("one seed").frame("claims")
    row = claims.index[claims["evidence"] == "hard-0 - soft-0: uncertainty, test"]
    claims.loc[row, ["value", "low", "high"]] = [2.7e-11, -1.26e-5, 0.00034]
    claims.loc[row, "paper"] = 0.0
    lines = results("one seed").page_with_claims(claims, tmp_path).splitlines()
    (line,) = (line for line in lines if "| C6 | hard-0 - soft-0: uncertainty, test |" in line)
    assert "| &lt;0.0001 [&gt;-0.0001, 0.0003] | &gt; 0 | 0.0000 |" in line.replace("\N{NO-BREAK SPACE}", " ")


def test_seeds_whose_evidence_has_different_printed_numbers_show_none(results, tmp_path):
    claims = results("three seeds").frame("claims")
    claims.loc[claims["claim"] == "C1", "paper"] = claims["seed"] / 100
    lines = results("three seeds").page_with_claims(claims, tmp_path).splitlines()
    (line,) = (line for line in lines if line.startswith("| C1 | Students"))
    assert line.endswith("| &gt; -0.02 |  |")


def test_uncertainty_is_explained_where_it_first_appears(results):
    page = results("one seed").page()
    assert re.search("(?i)uncertainty", page).start() == page.index("*Uncertainty* is the mean squared distance") + 1


def test_a_teacher_without_a_model_has_no_size_and_no_time(tmp_path):
    result = made_up(tmp_path)
    timing = result.frame("timing")
    timing = timing[timing["network"] == "soft-0"]
    timing.to_csv(result.given["tables"]["timing"], index=False)
    measurements = [path for path in result.given["measurements"] if not Path(path).name.startswith("teacher.")]
    page = result.page(teacher_is_given=True, measurements=measurements)
    (row,) = re.findall(r"^\| teacher \| given, not trained here \| .*", page, re.MULTILINE)
    assert row.endswith("| \N{EN DASH} | \N{EN DASH} | \N{EN DASH} |")
    assert "soft-0 is timed" in page and "teacher has no model, so it is not timed" in page
    assert "teacher, ms" not in page and "paper: teacher / soft-0" not in page
    assert not re.search(r"\bnan\b", page)


def test_the_page_as_html_keeps_numbers_on_one_line(results):
    result = results("one seed")
    result.page()
    write_html(result.folder / "summary.md", result.folder / "summary.html")
    html = (result.folder / "summary.html").read_text()
    assert "td[style] { white-space: nowrap; }" in html
    assert re.search(r'<td style="text-align:right">\d\.\d{4} \[\d\.\d{4},\N{NO-BREAK SPACE}\d\.\d{4}\]', html)


def test_the_line_for_the_terminal_costs_no_heavy_import():
    code = "import sys, snakedistill.results.verdict; print({'scipy', 'matplotlib', 'keras'} & {*sys.modules})"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT / "workflow/scripts", capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_the_head_says_which_networks_are_better_than_their_probes():
    rows = [
        ("teacher", "probe-teacher", "probe", 0.01, 0.002, 0.018, "higher"),
        ("classic-0", "probe-classic", "probe", 0.0, -0.01, 0.01, "cannot be told"),
        ("soft-0", "probe-classic", "probe", 0.002, -0.01, 0.014, "cannot be told"),
        ("soft-0", "teacher", "teacher", -0.01, -0.02, 0.0, "lower"),
    ]
    columns = ["one", "other", "about", "difference", "difference_low", "difference_high", "these_networks"]
    table = pd.DataFrame(rows, columns=columns).assign(seed="0", this_recipe=None)
    (words,) = beside_probes(table)
    assert words.startswith("probe-teacher and probe-classic are references: ")
    better = "teacher (+0.0100 [+0.0020, +0.0180]) is better than its probe"
    others = "classic-0 (+0.0000 [-0.0100, +0.0100]) and soft-0 (+0.0020 [-0.0100, +0.0140])"
    assert f"{better}; {others} are not to be told apart from their probes (" in words
    of_all = table[:1].assign(seed="all", this_recipe="lower")
    assert (
        "teacher (+0.0100 [+0.0020, +0.0180]) is worse than its probe (" in beside_probes(pd.concat([table, of_all]))[0]
    )
    assert beside_probes(table[3:]) == []


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
    answers = {"teacher": ("cat", "dog", "dog"), "soft-0": ("cat", "cat"), "soft-1": ("dog", "dog")}
    rows = [
        (0, network, "test", name, answer, 50)
        for network, given in answers.items()
        for name, answer in zip(("cat", "dog", "cat"), given, strict=False)
    ]
    rows.append((0, "soft-1", "train", "cat", "cat", 50))
    confusion = pd.DataFrame(rows, columns=["seed", "network", "split", "class", "answer", "images"])
    one, other = learned_nothing(best_epoch, confusion)
    assert "soft-0, seed 0" in one
    assert (
        "its best epoch, 1 of 3, is no better on validation than always the same answer, 0.550, and it answers cat to"
        in one
    )
    assert "soft-1, seed 0, learned nothing**: it answers dog to every test image. Disregard results" in other


def test_a_network_that_learned_nothing_with_several_seeds_is_one_sentence():
    best_epoch = pd.DataFrame(
        [(seed, "soft-0", 3, 1, accuracy, 0.5) for seed, accuracy in enumerate((0.5, 0.9, 0.4, 0.8))],
        columns=["seed", "network", "epochs", "epoch", "val_accuracy", "chance"],
    )
    answers = [(0, "cat"), (0, "dog"), (1, "cat"), (1, "dog"), (2, "dog"), (3, "cat")]
    confusion = pd.DataFrame(
        [(seed, "soft-0", "test", "cat", answer, 50) for seed, answer in answers],
        columns=["seed", "network", "split", "class", "answer", "images"],
    )
    (one,) = learned_nothing(best_epoch, confusion)
    assert one.startswith(
        "**soft-0, seeds 0, 2 and 3, learned nothing**: its best epoch is no better on validation than always the same "
        "answer (seeds 0 and 2), and it answers dog or cat to every test image (seeds 2 and 3). Disregard"
    )


def test_many_warnings_are_one_block_of_which_most_are_folded():
    assert warnings_block([]) == []
    assert warnings_block(["Few images."]) == ["> **1 warning**\n>\n> - Few images."]
    (block,) = warnings_block([f"Number {number}." for number in range(7)])
    seen, folded = block.split("> <details><summary>3 more</summary>")
    assert seen.count("> - ") == 4 and folded.count("> - ") == 3 and "\n\n" not in block


def test_a_share_of_1_in_every_row_has_its_interval_and_a_count_is_an_integer():
    table = pd.DataFrame({"accuracy": [1], "accuracy_low": [0.158], "accuracy_high": [1], "epoch": [2]})
    assert cells.measured(table, "accuracy", 3) == "1.000 [0.158, 1.000]".replace(" ", cells.SPACE)
    assert cells.measured(table, "epoch", 1) == "2"


def test_numbers_of_a_column_have_one_number_of_decimals_and_thousands_are_separated():
    assert [cells.number(value) for value in (12779.84, 0.004, 0.00065, 6.7e-6, -6.7e-6, 0.0)] == [
        "12,779.8400", "0.0040", "0.0006", "&lt;0.0001", "&gt;-0.0001", "0.0000",
    ]  # fmt: skip
    assert cells.number(0.00066, sign="+") == "+0.0007"
    assert cells.digits_for([98.5, 7.84, 0.39]) == 2 and cells.digits_for([70.5, 575]) == 0
    assert cells.digits_for([3.84, 19.2]) == 1 and cells.digits_for([]) == 1
