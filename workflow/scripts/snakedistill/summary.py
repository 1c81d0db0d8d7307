"""The page that holds a whole result: as Markdown, and the same as HTML for the report."""

import base64
import io
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd

from snakedistill.claims import FAILS, HOLDS, OPEN
from snakedistill.files import write_text
from snakedistill.lineage import check_settings
from snakedistill.network_ids import Network, networks
from snakedistill.tables import as_the_paper_timed

_SPACE = "\N{NO-BREAK SPACE}"
_NOT_MEASURED = "\N{EN DASH}"


def write_summary(
    run_description: dict[str, str],
    counts: str,
    rejected: str,
    tables: dict[str, str],
    claims: str,
    figures: list[str],
    reports: list[str],
    settings: dict[str, dict],
    students: dict,
    timed: str,
    summary: str,
) -> None:
    """Write the whole result on one page of Markdown, and delete figures of families that the run no longer has.

    One seed has intervals over images; several seeds have their mean and standard deviation instead.

    Args:
        run_description: `run` and `deviations`, in words.
        counts: CSV of the images used: class, split, images.
        rejected: CSV of the files and images that are not used: member, reason.
        tables: paths of the tables `evaluation`, `uncertainty`, `histograms`, `best_epoch`, `classes` and `timing`.
        claims: CSV of the claims.
        figures: PNG files in a folder beside the page, each shown in the section that its name begins with.
        reports: JSON files of the exported networks, of all seeds.
        settings: what each network must have been trained with, by id, see `lineage.training_settings`.
        students: the config's `students`.
        timed: id of the student in the timing table.
        summary: Markdown file to write.

    Raises:
        InputError: a network was trained with other settings.
    """
    _check_settings(reports, settings)
    frames = {name: pd.read_csv(path) for name, path in tables.items()}
    claimed = pd.read_csv(claims)
    seeds = claimed["seed"].nunique()

    def brackets(intervals: str) -> str:
        return f" The brackets hold 95 % intervals: {intervals}." if seeds == 1 else ""

    def pictures(*names: str) -> list[str]:
        shown = [path for path in map(Path, figures) if path.stem.startswith(names)]
        return [f"![{_alt(path)}]({path.parent.name}/{path.name})" for path in shown]

    test = frames["uncertainty"][frames["uncertainty"]["split"] == "test"]
    page = [
        "# Knowledge distillation: what was measured",
        f"> {run_description['run']}\n>\n> {run_description['deviations']}",
        *warnings(frames["best_epoch"], frames["classes"]),
        _images_in_words(pd.read_csv(counts), pd.read_csv(rejected)),
        _networks(test, _megabytes(reports), frames["timing"], networks(students), timed),
        _how_to_read_networks(seeds, test["images"].iloc[0], frames["timing"], timed),
        "## The paper's claims",
        _how_to_read_claims(seeds),
        _claims(claimed),
        "<details><summary>All evidence of all claims</summary>",
        _evidence(claimed),
        "</details>",
        "## Training (section 3)",
        *pictures("1-", "2-", "3-", "4-", "5-", "training-"),
        "Of several evaluations with augmentation, *loss* is the lowest and *accuracy* the highest, as the paper "
        "prints them; the last column has the mean of their accuracies"
        + (", ± their standard deviation." if seeds == 1 else "."),
        _evaluations(frames["evaluation"]),
        "## Time (section 4.1)",
        _timing_in_words(frames["timing"]),
        *pictures("timing"),
        "<details><summary>Milliseconds an image in every runtime</summary>",
        _timing(frames["timing"]),
        "</details>",
        "## Predictions (section 4.2)",
        "Share of predictions in the first and the last bin, those of which the network is sure.",
        _end_bins(frames["histograms"]),
        *pictures("6-", "7-", "8-"),
        "<details><summary>Relative frequencies in all bins</summary>",
        *_histograms(frames["histograms"]),
        "</details>",
        "## Uncertainty and accuracy, and recursion (sections 4.3, 4.4)",
        "Accuracy is measured with manual labels."
        + brackets("exact binomial for accuracy, bootstrap over images for uncertainty"),
        *pictures("generations"),
        _generations(frames["uncertainty"], "test"),
        *pictures("9-"),
        _generations(frames["uncertainty"], "validation"),
        _generations(frames["uncertainty"], "train"),
        "## Errors by class",
        "On the test part." + brackets("exact binomial"),
        _classes(frames["classes"]),
        "## Best epoch (section 5)",
        _best_epochs(frames["best_epoch"]),
        "## Examples",
        *pictures("examples"),
    ]
    write_text("\n\n".join(page).replace(" %", f"{_SPACE}%") + "\n", summary)
    _delete_other_figures(list(map(Path, figures)))


def one_line(uncertainty: str, timing: str, reports: list[str], student: str) -> str:
    """The result in one line: test accuracy of teacher and student, and how much smaller and faster the student is.

    Accuracy is the mean over seeds. Size is that of the float32 ONNX file, the mean over seeds. Time is the median for
    one image at a time in ONNX Runtime, float32, on all threads, without decoding.

    Args:
        uncertainty: CSV of the table of uncertainty and accuracy.
        timing: CSV of the timing table.
        reports: JSON files of the exported networks; those of the teacher and the student are needed.
        student: id of the student, which must be the one in the timing table.

    Returns:
        For example "test accuracy on 256 images: teacher 0.961, soft-0 0.973; soft-0 is 2.1 times smaller and 3.4 times
        faster".
    """
    table = pd.read_csv(uncertainty)
    test = table[table["split"] == "test"]
    accuracy = test.groupby("network")["accuracy"].mean()
    size, seconds = _megabytes(reports)["onnx"], _one_image(pd.read_csv(timing), "ONNX Runtime")
    smaller = _times(size["teacher"] / size[student], "smaller", "larger", "as large")
    faster = _times(seconds["teacher"] / seconds["student"], "faster", "slower", "as fast")
    seeds = test["seed"].nunique()
    return (
        f"test accuracy on {test['images'].iloc[0]:,} images{f', mean of {seeds} seeds' if seeds > 1 else ''}: "
        f"teacher {accuracy['teacher']:.3f}, {student} {accuracy[student]:.3f}; "
        f"{student} is {smaller} and {faster}"
    )


def warnings(best_epoch: pd.DataFrame, classes: pd.DataFrame) -> list[str]:
    """A sentence on every network that learned nothing, so that it is not a silent row in a table.

    Args:
        best_epoch: table with seed, network, epochs, epoch, val_accuracy, chance.
        classes: table with seed, network, split, class, images, errors.
    """
    found = []
    for seed, network, epochs, epoch, accuracy, chance in best_epoch[
        ["seed", "network", "epochs", "epoch", "val_accuracy", "chance"]
    ].itertuples(index=False):
        of_network = classes[(classes["seed"] == seed) & (classes["network"] == network) & (classes["split"] == "test")]
        answered = set(of_network["class"][of_network["errors"] < of_network["images"]])
        wrong = []
        if accuracy <= chance:
            wrong.append(
                f"its best epoch, {epoch} of {epochs}, is no better on validation than always the same answer, "
                f"{chance:.3f}"
            )
        if len(answered) == 1 and (of_network["errors"] == 0).any():
            wrong.append(f"it answers {answered.pop()} to every test image")
        if wrong:
            found.append(
                f"> **Warning: {network}, seed {seed}**: {', and '.join(wrong)}. Disregard results derived from it. "
                "Try another learning_rate or more epochs, and look at its training curve and log."
            )
    return found


def write_html(summary: str, html: str) -> None:
    """Write the Markdown page as one HTML file, its pictures inside.

    The report shows the page from a data URL, of which browsers based on Chromium take no more than 2 MiB; so the
    pictures become WebP, a third of the size or less.

    Args:
        summary: Markdown file; its pictures are PNG files at paths relative to it.
        html: file to write.
    """
    from markdown_it import MarkdownIt
    from PIL import Image

    text = Path(summary).read_text(encoding="utf-8")
    body = MarkdownIt("commonmark").enable("table").render(text)

    def embedded(source: re.Match) -> str:
        webp = io.BytesIO()
        with Image.open(Path(summary).parent / source[1]) as picture:
            picture.convert("RGB").save(webp, "WEBP", quality=85)
        return f'src="data:image/webp;base64,{base64.b64encode(webp.getvalue()).decode()}"'

    body = re.sub(r'src="([^"]+\.png)"', embedded, body)
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Summary</title><style>{_CSS}</style>'
    write_text(f"{head}<body>{body}</body></html>", html)


_CSS = (
    "body{font:15px/1.5 sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem}img{max-width:100%}"
    "table{border-collapse:collapse;margin:1rem 0;font-size:.82rem;display:block;overflow-x:auto}"
    "td,th{border:1px solid #ccc;padding:.2rem .5rem}"
    "td[style]{white-space:nowrap}"
    "th{background:#f3f3f3}tr:hover{background:#fafafa}blockquote{margin:0;padding:.1rem 1rem;background:#fff6dc;"
    "border-left:4px solid #d99a00}summary{cursor:pointer}"
)


def _alt(figure: Path) -> str:
    return figure.stem.replace("-", " ")


def _images_in_words(counts: pd.DataFrame, rejected: pd.DataFrame) -> str:
    from snakedistill.splits import DROPPED  # its module is slow to import, and only this needs it

    of_part = counts.groupby("split")["images"].sum()
    words = [f"{of_part[part]:,} to {verb}" for part, verb in _PURPOSES.items()]
    used = (
        f"{of_part.sum():,} images are used: {', '.join(words)}, the same number of each class "
        f"({', '.join(counts['class'].unique())})."
    )
    if rejected.empty:
        return f"{used} No file is left out."
    dropped = int((rejected["reason"] == DROPPED).sum())
    others = len(rejected) - dropped
    why = [f"{dropped:,} dropped so that the classes have the same number of images"] if dropped else []
    why += (
        [f"{others:,} for {'other' if dropped else 'the'} reasons{'' if dropped else ' given there'}"] if others else []
    )
    files = "1 file is" if len(rejected) == 1 else f"{len(rejected):,} files are"
    return f"{used} {files} not used (`data/rejected.csv`): {', '.join(why)}."


_PURPOSES = {"train": "train", "validation": "validate", "test": "test"}


def _check_settings(reports: list[str], settings: dict[str, dict]) -> None:
    found, expected = {}, {}
    for path in map(Path, reports):
        report = json.loads(path.read_text(encoding="utf-8"))
        model = str(path.parents[1] / "models" / f"{report['network']}.keras")
        found[model], expected[model] = report["settings"], settings[report["network"]]
    check_settings(found, expected)


def _delete_other_figures(figures: list[Path]) -> None:
    """Delete the figures of training and recursion of families that are not among the figures of the run."""
    for path in [path for folder in {figure.parent for figure in figures} for path in folder.iterdir()]:
        if re.fullmatch(r"(\d-)?(training|recursion)-.*", path.stem) and path.with_suffix(".png") not in figures:
            path.unlink()


def _megabytes(reports: list[str]) -> pd.DataFrame:
    """Size of the ONNX files, `onnx` (float32) and `int8`, in MB by network id; the mean over seeds."""
    found = [json.loads(Path(path).read_text(encoding="utf-8")) for path in reports]
    sizes = pd.DataFrame([{"network": one["network"]} | one["bytes"] for one in found])
    return sizes.groupby("network").mean() / 1e6


def _one_image(timing: pd.DataFrame, runtime: str) -> pd.Series:
    """The row of the timing table for one image at a time in float32 on all threads, without decoding."""
    (row,) = timing[
        (timing["runtime"] == runtime)
        & (timing["precision"] == "float32")
        & (timing["threads"] == timing["threads"].max())
        & (timing["batch_size"] == 1)
        & (timing["decoding"] == "no")
    ].to_dict("records")
    return pd.Series(row)


def _times(ratio: float, more: str, less: str, equal: str) -> str:
    factor = f"{max(ratio, 1 / ratio):.1f}"
    return equal if factor == "1.0" else f"{factor} times {more if ratio > 1 else less}"


def _networks(
    test: pd.DataFrame, megabytes: pd.DataFrame, timing: pd.DataFrame, known: dict[str, Network], timed: str
) -> str:
    """The table for someone with one minute."""
    last = test.groupby("family")["generation"].transform("max")
    shown = test[test["generation"].isna() | (test["generation"] == 0) | (test["generation"] == last)]
    roles = {"teacher": "teacher", timed: "student"}
    rows = []
    for network, of_seeds in _by(shown, ["network"]):
        size = megabytes.loc[network]
        seconds = [
            _significant(1000 * _one_image(timing, runtime)[roles[network]]) if network in roles else _NOT_MEASURED
            for runtime in ("ONNX Runtime", "Keras")
        ]
        rows.append(
            [network, _learns_from(known[network]), _measured(of_seeds, "accuracy")]
            + [f"{_significant(size['onnx'])}{_SPACE}/{_SPACE}{_significant(size['int8'])}", *seconds]
        )
    head = ["network", "learns from", "test accuracy", "MB, float32 / int8", "ms an image, ONNX Runtime"]
    return _markdown([*head, "ms an image, Keras"], rows, "llrrrr")


def _learns_from(network: Network) -> str:
    if network.labels == "manual":
        return "manual labels"
    return f"{'answers' if network.labels == 'hard' else 'probabilities'} of {network.source}"


def _how_to_read_networks(seeds: int, images: int, timing: pd.DataFrame, timed: str) -> str:
    threads = timing["threads"].max()
    if seeds > 1:
        spread = f"± is the standard deviation over {seeds} seeds, here and in all other tables."
    else:
        spread = (
            f"The brackets hold the exact binomial 95 % interval, which says how much the choice of {images:,} test "
            "images could change the accuracy."
        )
    return (
        f"{spread} *MB* is the size of the ONNX file. *ms an image* is the median for one image at a time in float32, "
        f"on {threads} thread{'s' if threads > 1 else ''}; teacher and {timed} are timed. The sections below have all "
        "networks."
    )


def _how_to_read_claims(seeds: int) -> str:
    if seeds > 1:
        shown = (
            f"Verdicts are counted over {seeds} seeds, and the table shows the evidence that decides a claim in most "
            "of them. C2 is measured once, with the networks of the first seed, and has its interval in brackets."
        )
    else:
        shown = (
            "The table shows the evidence that decides a claim. The intervals are over images: they do not say what "
            "another training run would give."
        )
    return (
        "Each claim is weighed by one or more pieces of evidence. Evidence supports the claim when its whole interval "
        "lies where the claim puts it, and contradicts it when no part of the interval does. A claim holds when all "
        "its evidence supports it, and does not hold when any evidence contradicts it; otherwise it cannot be told "
        "from this many images. The intervals of one claim hold together with 95 % confidence. "
        f"{shown} All evidence is below the table and in `claims.csv`.\n\n"
        "*Uncertainty* is the mean squared distance of a network's predictions from its own answers, 0 or 1; it is 0 "
        "when every prediction is sure and 0.25 when every prediction is 0.5. *Paper* is the number that Biryukova's "
        "paper prints for its own run, 25,000 photographs at 224 pixels; an empty cell means that it prints none. "
        "Every number is in `claims.csv` and `tables/` with 9 digits; the settings are in `config.yaml`."
    )


def _claims(frame: pd.DataFrame) -> str:
    rows = []
    for claim, of_claim in frame.groupby("claim", sort=False):
        # The first of those that contradict the claim in most seeds, or leave it open in most.
        deciding = max(
            (of_seeds for _, of_seeds in of_claim.groupby("evidence", sort=False)),
            key=lambda of_seeds: ((of_seeds["finding"] == FAILS).sum(), (of_seeds["finding"] == OPEN).sum()),
        )
        others = of_claim["evidence"].nunique() - 1
        more = f" (and {others} other{'s' if others > 1 else ''})" if others else ""
        rows.append(
            [claim, of_claim["statement"].iloc[0], f"**{_verdict(of_claim)}**"]
            + [deciding["evidence"].iloc[0] + more, *_claim_cells(deciding)]
        )
    head = ["claim", "statement", "verdict", "deciding evidence", "measured", "claimed", "paper"]
    return _markdown(head, rows, "llllrrr")


def _verdict(of_claim: pd.DataFrame) -> str:
    verdicts = of_claim.groupby("seed")["verdict"].first()
    if len(verdicts) == 1:
        return verdicts.iloc[0]
    counts = [(verdict, int((verdicts == verdict).sum())) for verdict in (HOLDS, FAILS, OPEN)]
    (first, count), *others = [(verdict, count) for verdict, count in counts if count]
    words = [f"{first} in {count} of {len(verdicts)} seeds"]
    return ", ".join(words + [f"{verdict} in {count}" for verdict, count in others])


def _evidence(frame: pd.DataFrame) -> str:
    several = frame["seed"].nunique() > 1
    rows = (
        [row["claim"], row["evidence"], *([row["seed"]] if several else []), *_claim_cells(frame.loc[[number]])]
        + [row["finding"], row["interval"]]
        for _, of_evidence in _by(frame, ["claim", "evidence"])
        for number, row in of_evidence.iterrows()
    )
    head = ["claim", "evidence", *(["seed"] if several else []), "measured", "claimed", "paper", "finding", "interval"]
    return _markdown(head, rows, "ll" + ("l" if several else "") + "rrrll")


def _claim_cells(of_seeds: pd.DataFrame) -> list[str]:
    claimed, paper = of_seeds["claimed"].iloc[0], of_seeds["paper"]
    return [
        _measured(of_seeds.rename(columns={"low": "value_low", "high": "value_high"}), "value") or "not measured",
        claimed.replace("<", "&lt;").replace(">", "&gt;"),
        _number(paper.iloc[0]) if paper.nunique(dropna=False) == 1 else "",
    ]


def _timing_in_words(frame: pd.DataFrame) -> str:
    """What the ratio of teacher and student is, and why."""
    frame = frame[frame["threads"] == frame["threads"].max()]
    keras, from_file = (as_the_paper_timed(frame, decoding) for decoding in ("no", "yes"))
    one = frame[(frame["batch_size"] == 1) & (frame["decoding"] == "no")].set_index("precision")
    fastest = one.loc[["int8"]].sort_values("student").iloc[0]
    float32 = one.loc["float32"].set_index("runtime").loc[fastest["runtime"]]
    teacher, student = (keras[f"{role}_multiply_adds"] / 1e6 for role in ("teacher", "student"))
    return (
        f"An image costs the teacher {_significant(teacher)} million multiply-adds and the student "
        f"{_significant(student)} million, a ratio of {_significant(teacher / student)}. In Keras, with batches of 32 "
        f"on {keras['threads']} thread{'s' if keras['threads'] > 1 else ''}, the teacher takes {_ratio(keras)} times "
        f"as long as the student; the paper measured {_significant(keras['paper_ratio'])} for ResNet-50 and "
        "ResNet-18. Time follows the multiply-adds only roughly: a network of many thin layers moves more memory for "
        "each of them, and every call and every layer has a fixed cost, which weighs most with small images and small "
        f"batches. From the image file to the answer the ratio is {_ratio(from_file)}, because both networks wait for "
        f"the same decoding. One image at a time in {fastest['runtime']}, the int8 student needs "
        f"{_significant(1000 * fastest['student'])} ms and the float32 teacher "
        f"{_significant(1000 * float32['teacher'])} ms. The brackets hold bootstrap 95 % intervals over rounds of "
        "calls."
    )


def _ratio(row: pd.Series) -> str:
    low, high = _significant(row["ratio_low"]), _significant(row["ratio_high"])
    return f"{_significant(row['ratio'])}{_SPACE}[{low},{_SPACE}{high}]"


def _timing(frame: pd.DataFrame) -> str:
    rows = (
        [row["runtime"], row["precision"], row["threads"], row["batch_size"]]
        + ["file to answer" if row["decoding"] == "yes" else "network alone"]
        + [_significant(1000 * row["teacher"]), _significant(1000 * row["student"]), _ratio(row)]
        for _, row in frame.iterrows()
    )
    paper = frame.iloc[0]
    seconds = [_significant(1000 * paper[f"paper_{role}"]) for role in ("teacher", "student")]
    rows = [["the paper", "", "", "", "", *seconds, _significant(paper["paper_ratio"])], *rows]
    head = ["runtime", "precision", "threads", "batch", "from", "teacher, ms", "student, ms", "ratio"]
    return _markdown(head, rows, "llrrlrrr")


def _generations(frame: pd.DataFrame, split: str) -> str:
    head = [f"network, {split}", "accuracy", "paper", "difference", "uncertainty", "paper", "difference"]
    rows = (
        [network, *_beside_paper(of_seeds, "accuracy"), *_beside_paper(of_seeds, "uncertainty")]
        for network, of_seeds in _by(frame[frame["split"] == split], ["network"])
    )
    return _markdown(head, rows, "lrrrrrr")


def _evaluations(frame: pd.DataFrame) -> str:
    rows = []
    for (network, split, labels, augmented, repeats), of_seeds in _by(
        _without_recursion(frame), ["network", "split", "labels", "augmented", "repeats"]
    ):
        kind = {"no": "plain", "yes": f"augmented, best of {repeats}" if repeats > 1 else "augmented"}
        rows.append(
            [network, split, labels, kind.get(augmented, augmented)]
            + [*_beside_paper(of_seeds, "loss"), *_beside_paper(of_seeds, "accuracy")]
            + [_mean_of_repeats(of_seeds)]
        )
    head = ["network", "part", "labels", "how", "loss", "paper", "difference"]
    return _markdown([*head, "accuracy", "paper", "difference", "mean"], rows, "llllrrrrrrr")


def _mean_of_repeats(of_seeds: pd.DataFrame) -> str:
    if len(of_seeds) > 1:
        return _measured(of_seeds, "accuracy_mean")
    return _spread(of_seeds["accuracy_mean"].iloc[0], of_seeds["accuracy_sd"].iloc[0])


def _end_bins(frame: pd.DataFrame) -> str:
    ends = frame[(frame["bin_low"] == 0) | (frame["bin_high"] == 1)]
    values = ["relative_frequency", "paper_relative_frequency", "relative_frequency_difference"]
    shares = ends.groupby(["seed", "network", "split"], sort=False)[values].sum(min_count=1).reset_index()
    rows = (
        [network, split, *_beside_paper(of_seeds, "relative_frequency")]
        for (network, split), of_seeds in _by(_without_recursion(shares), ["network", "split"])
    )
    return _markdown(["network", "part", "share", "paper", "difference"], rows, "llrrr")


def _histograms(frame: pd.DataFrame) -> Iterator[str]:
    for split, of_part in _by(_without_recursion(frame), ["split"]):
        shown = of_part["network"].unique()
        head = [f"bin, {split}"] + [name for network in shown for name in (network, "paper", "difference")]
        rows = [
            [f"{low:g}{_SPACE}to{_SPACE}{high:g}"]
            + [
                cell
                for _, of_seeds in _by(of_bin, ["network"])
                for cell in _beside_paper(of_seeds, "relative_frequency")
            ]
            for (low, high), of_bin in _by(of_part, ["bin_low", "bin_high"])
        ]
        yield _markdown(head, rows, "l" + "rrr" * len(shown))


def _classes(frame: pd.DataFrame) -> str:
    rows = (
        [network, name, _measured(of_seeds, "errors", digits=1), of_seeds["images"].iloc[0]]
        + [_measured(of_seeds, "error_rate"), _measured(of_seeds, "uncertainty")]
        for (network, name), of_seeds in _by(frame[frame["split"] == "test"], ["network", "class"])
    )
    return _markdown(["network", "class", "errors", "of", "error rate", "uncertainty"], rows, "llrrrr")


def _best_epochs(frame: pd.DataFrame) -> str:
    rows = (
        [network, _measured(of_seeds, "epoch", digits=1), of_seeds["epochs"].iloc[0]]
        + [_number(of_seeds["paper_epoch"].iloc[0], 0), _measured(of_seeds, "val_accuracy")]
        for network, of_seeds in _by(frame, ["network"])
    )
    return _markdown(["network", "best epoch", "of", "paper's, of 100", "validation accuracy"], rows, "lrrrr")


def _without_recursion(frame: pd.DataFrame) -> pd.DataFrame:
    """The networks whose numbers section 3 and 4.2 print: the teacher and its students."""
    return frame[frame["network"].str.fullmatch(r"teacher|.*-0")]


def _by(frame: pd.DataFrame, keys: list[str]) -> Iterator[tuple]:
    """The rows of all seeds for each value of the keys, in the order of the frame."""
    return iter(frame.groupby(keys[0] if len(keys) == 1 else keys, sort=False))


def _markdown(head: list[str], rows: Iterable[list], align: str) -> str:
    """A table; `align` has an l for each column of text and an r for each of numbers."""
    rule = ["---" if letter == "l" else "---:" for letter in align]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in (head, rule, *rows))


def _beside_paper(of_seeds: pd.DataFrame, name: str) -> list[str]:
    """Measured, printed, and measured minus printed."""
    printed, difference = of_seeds[f"paper_{name}"].iloc[0], of_seeds[f"{name}_difference"].mean()
    return [_measured(of_seeds, name), _number(printed), _number(difference, sign="+")]


def _measured(of_seeds: pd.DataFrame, name: str, digits: int = 4) -> str:
    """A quantity with its interval where it has one; of several seeds the mean and the standard deviation."""
    values = of_seeds[name]
    if len(values) > 1:
        return _spread(values.mean(), values.std(ddof=1), digits)
    if pd.api.types.is_integer_dtype(values):
        return str(values.iloc[0])
    row = of_seeds.iloc[0]
    low, high = (_number(row.get(f"{name}_{end}"), digits) for end in ("low", "high"))
    return _number(row[name], digits) + (f"{_SPACE}[{low},{_SPACE}{high}]" if low else "")


def _spread(mean: float, deviation: float, digits: int = 4) -> str:
    return "" if pd.isna(mean) else f"{_number(mean, digits)}{_SPACE}±{_SPACE}{_number(deviation, digits)}"


def _number(value: float | None, digits: int = 4, sign: str = "") -> str:
    """Digits after the point, or two significant ones where these would show less; nothing where there is no number."""
    if value is None or pd.isna(value):
        return ""
    if value == 0 or abs(value) >= 10.0 ** (1 - digits):
        return f"{value + 0.0:{sign}.{digits}f}"
    return f"{value:{sign}.2g}".replace("e-0", "e-")


def _significant(value: float, digits: int = 3) -> str:
    """Significant digits, and all of those before the point."""
    text = f"{value:#.{digits}g}"
    return f"{value:,.0f}" if "e+" in text else text.rstrip(".").replace("e-0", "e-")
