"""The page that holds a whole result: as Markdown, and the same as HTML for the report."""

import base64
import io
import re
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
from markdown_it import MarkdownIt
from PIL import Image

from snakedistill.claims import FAILS, OPEN
from snakedistill.files import write_text
from snakedistill.tables import as_the_paper_timed


def write_summary(
    run_description: dict[str, str],
    counts: str,
    rejected: str,
    tables: dict[str, str],
    claims: str,
    figures: list[str],
    summary: str,
) -> None:
    """Write the whole result on one page of Markdown.

    Args:
        run_description: `run` and `deviations`, in words.
        counts: CSV of the images used: class, split, images.
        rejected: CSV of the files and images that are not used: member, reason.
        tables: paths of the tables `evaluation`, `uncertainty`, `histograms`, `best_epoch`, `classes` and `timing`.
        claims: CSV of the claims.
        figures: PNG files in a folder beside the page, each shown in the section that its name begins with.
        summary: Markdown file to write.
    """
    frames = {name: pd.read_csv(path) for name, path in tables.items()}
    claimed = pd.read_csv(claims)
    seeds = list(dict.fromkeys(claimed["seed"]))
    rejects = len(pd.read_csv(rejected))

    def of_each_seed(frame: pd.DataFrame, *shown) -> list[str]:
        parts = []
        for seed in seeds:
            parts += [f"**Seed {seed}**"] if len(seeds) > 1 else []
            parts += [show(frame[frame["seed"] == seed]) for show in shown]
        return parts

    def pictures(*names: str) -> list[str]:
        shown = [path for path in map(Path, figures) if path.stem.startswith(names)]
        return [f"![{_alt(path)}]({path.parent.name}/{path.name})" for path in shown]

    page = [
        "# Knowledge distillation: what was measured",
        f"> {run_description['run']}\n>\n> {run_description['deviations']}",
        *warnings(frames["best_epoch"], frames["classes"]),
        f"{rejects} member{'s' if rejects != 1 else ''} of the archive {'were' if rejects != 1 else 'was'} left out "
        "(`data/rejected.csv`). *Paper* is the number that Biryukova's paper prints for its own run, 25,000 "
        "photographs at 224 pixels; an empty cell means that it prints none. Every number, with all digits, is in "
        "`tables/`; the settings are in `config.yaml`.",
        "## The paper's claims",
        "Each claim stands on one or more figures. A figure is for the claim when its whole interval lies where the "
        "claim puts it, against it when none of it does. A claim holds when all its figures do, and does not when one "
        "is against it; otherwise it cannot be told from this many images. The intervals of one claim hold together "
        "with 95 % confidence. Shown is the figure that decides; all of them are below and in `claims.csv`. They say "
        "how far these networks can be told apart on other images, not what another training would give.",
        *of_each_seed(claimed, _claims),
        "<details><summary>All figures of all claims</summary>",
        *of_each_seed(claimed, _claim_figures),
        "</details>",
        "## Training (section 3)",
        *pictures("1-", "2-", "3-", "4-", "5-", "training-"),
        "Of evaluations with augmentation, the best as the paper prints it, and mean ± standard deviation.",
        *of_each_seed(frames["evaluation"], _evaluations),
        "## Time (section 4.1)",
        _timing_in_words(frames["timing"]),
        *pictures("timing"),
        "<details><summary>Milliseconds an image in every runtime</summary>",
        _timing(frames["timing"]),
        "</details>",
        "## Predictions (section 4.2)",
        "Share of predictions in the first and the last bin: how many answers are sure.",
        *of_each_seed(frames["histograms"], _end_bins),
        *pictures("6-", "7-", "8-"),
        "<details><summary>Relative frequencies in all bins</summary>",
        *of_each_seed(frames["histograms"], _histograms),
        "</details>",
        "## Uncertainty and accuracy, and recursion (sections 4.3, 4.4)",
        "With manual labels; in brackets 95 % intervals, exact binomial for accuracy, bootstrap over images for "
        "uncertainty.",
        *pictures("generations"),
        *of_each_seed(frames["uncertainty"], _generations("test")),
        *pictures("9-"),
        *of_each_seed(frames["uncertainty"], _generations("validation"), _generations("train")),
        "## Errors by class",
        "On the test part; in brackets exact 95 % intervals.",
        *of_each_seed(frames["classes"], _classes),
        "## Best epoch (section 5)",
        *of_each_seed(frames["best_epoch"], _best_epochs),
        "## Examples",
        *pictures("examples"),
    ]
    write_text("\n\n".join(page) + "\n", summary)


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
                f"> **Warning: {network}, seed {seed}**: {', and '.join(wrong)}. Nothing that stands on it means much. "
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
    "table{border-collapse:collapse;margin:1rem 0}td,th{border:1px solid #ccc;padding:.2rem .5rem}"
    "th{background:#f3f3f3}tr:hover{background:#fafafa}blockquote{margin:0;padding:.1rem 1rem;background:#fff6dc;"
    "border-left:4px solid #d99a00}summary{cursor:pointer}"
)


def _alt(figure: Path) -> str:
    return figure.stem.replace("-", " ")


def _claims(frame: pd.DataFrame) -> str:
    def deciding(of_claim: pd.DataFrame) -> pd.Series:
        for finding in (FAILS, OPEN):
            if finding in set(of_claim["finding"]):
                return of_claim[of_claim["finding"] == finding].iloc[0]
        return of_claim.iloc[0]

    rows = []
    for claim, of_claim in frame.groupby("claim", sort=False):
        row = deciding(of_claim)
        others = len(of_claim) - 1
        more = f" (and {others} other{'s' if others > 1 else ''})" if others else ""
        rows.append([claim, row["statement"], f"**{row['verdict']}**", row["figure"] + more, *_claim_cells(row)])
    return _markdown(["claim", "statement", "verdict", "deciding figure", "measured", "claimed", "paper"], rows, "llll")


def _claim_figures(frame: pd.DataFrame) -> str:
    rows = (
        [row["claim"], row["figure"], *_claim_cells(row), row["interval"], row["finding"]]
        for _, row in frame.iterrows()
    )
    return _markdown(["claim", "figure", "measured", "claimed", "paper", "interval", "finding"], rows, "ll")


def _claim_cells(row: pd.Series) -> list[str]:
    return [
        _with_interval(row["value"], row["low"], row["high"]) or "not measured",
        _text(row["claimed"]).replace("<", "&lt;").replace(">", "&gt;"),
        _number(row["paper"]),
    ]


def _timing_in_words(frame: pd.DataFrame) -> str:
    """What the ratio of teacher and student is, and why."""
    frame = frame[frame["threads"] == frame["threads"].max()]
    keras, from_file = (as_the_paper_timed(frame, decoding) for decoding in ("no", "yes"))
    one = frame[(frame["batch_size"] == 1) & (frame["decoding"] == "no")].set_index("precision")
    fastest = one.loc["int8"].sort_values("student").iloc[0]
    float32 = one.loc["float32"].set_index("runtime").loc[fastest["runtime"]]
    millions = {role: keras[f"{role}_multiply_adds"] / 1e6 for role in ("teacher", "student")}
    return (
        f"An image costs the teacher {millions['teacher']:,.0f} million multiply-adds and the student "
        f"{millions['student']:,.0f} million, a ratio of {millions['teacher'] / millions['student']:.2f}. In Keras, "
        f"batches of 32 on {keras['threads']} thread{'s' if keras['threads'] > 1 else ''}, the teacher takes "
        f"{_ratio(keras)} times as long as the student; the paper measured {keras['paper_ratio']:.2f} for ResNet-50 "
        "and ResNet-18. Time follows the multiply-adds only roughly: a network of many thin layers moves more memory "
        "for each of them, and every call and layer has a fixed cost, which weighs most on small images and small "
        f"batches. From the image file to the answer the ratio is {_ratio(from_file)}, because both networks wait for "
        f"the same decoding. One image at a time in {fastest['runtime']}, the int8 student needs "
        f"{1000 * fastest['student']:.2f} ms and the float32 teacher {1000 * float32['teacher']:.2f} ms."
    )


def _ratio(row: pd.Series) -> str:
    return f"{row['ratio']:.2f} [{row['ratio_low']:.2f}, {row['ratio_high']:.2f}]"


def _timing(frame: pd.DataFrame) -> str:
    rows = (
        [row["runtime"], row["precision"], row["threads"], row["batch_size"]]
        + ["file to answer" if row["decoding"] == "yes" else "network alone"]
        + [f"{1000 * row['teacher']:.3g}", f"{1000 * row['student']:.3g}", _ratio(row)]
        for _, row in frame.iterrows()
    )
    paper = frame.iloc[0]
    seconds = [f"{1000 * paper[f'paper_{role}']:.3g}" for role in ("teacher", "student")]
    rows = [["the paper", "", "", "", "", *seconds, f"{paper['paper_ratio']:.2f}"], *rows]
    head = ["runtime", "precision", "threads", "batch", "from", "teacher, ms", "student, ms", "ratio"]
    return _markdown(head, rows, "ll")


def _generations(split: str):
    def table(frame: pd.DataFrame) -> str:
        head = [f"network, {split}", "accuracy", "paper", "difference", "uncertainty", "paper", "difference"]
        rows = (
            [row.network, _with_interval(row.accuracy, row.accuracy_low, row.accuracy_high)]
            + [_number(row.paper_accuracy), _signed(row.accuracy_difference)]
            + [_with_interval(row.uncertainty, row.uncertainty_low, row.uncertainty_high)]
            + [_number(row.paper_uncertainty), _signed(row.uncertainty_difference)]
            for row in frame[frame["split"] == split].itertuples()
        )
        return _markdown(head, rows)

    return table


def _evaluations(frame: pd.DataFrame) -> str:
    def cells(row) -> list:
        kind = {"no": "plain", "yes": f"augmented, best of {row.repeats}"}.get(row.augmented, row.augmented)
        spread = f"{row.accuracy_mean:.4f} ± {row.accuracy_sd:.4f}" if row.repeats > 1 else ""
        return [
            row.network, row.split, row.labels, kind, _number(row.loss), _number(row.paper_loss),
            _signed(row.loss_difference), _number(row.accuracy), _number(row.paper_accuracy),
            _signed(row.accuracy_difference), spread,
        ]  # fmt: skip

    head = ["network", "part", "labels", "how", "loss", "paper", "difference"]
    head += ["accuracy", "paper", "difference", "mean ± sd"]
    return _markdown(head, map(cells, _without_recursion(frame).itertuples()), "llll")


def _end_bins(frame: pd.DataFrame) -> str:
    ends = frame[(frame["bin_low"] == 0) | (frame["bin_high"] == 1)]
    values = ["relative_frequency", "paper_relative_frequency", "relative_frequency_difference"]
    shares = ends.groupby(["network", "split"], sort=False)[values].sum(min_count=2).reset_index()
    rows = (
        [row.network, row.split, _number(row.relative_frequency), _number(row.paper_relative_frequency)]
        + [_signed(row.relative_frequency_difference)]
        for row in _without_recursion(shares).itertuples()
    )
    return _markdown(["network", "part", "share", "paper", "difference"], rows, "ll")


def _histograms(frame: pd.DataFrame) -> str:
    tables = []
    for split, of_part in _without_recursion(frame).groupby("split", sort=False):
        networks = list(dict.fromkeys(of_part["network"]))
        head = [f"bin, {split}"] + [name for network in networks for name in (network, "paper", "difference")]
        rows = []
        for (low, high), of_bin in of_part.groupby(["bin_low", "bin_high"]):
            of_bin = of_bin.set_index("network").loc[networks]
            values = of_bin[["relative_frequency", "paper_relative_frequency", "relative_frequency_difference"]]
            cells = [
                cell for a, b, c in values.itertuples(index=False) for cell in (_number(a), _number(b), _signed(c))
            ]
            rows.append([f"{low:g} to {high:g}", *cells])
        tables.append(_markdown(head, rows))
    return "\n\n".join(tables)


def _classes(frame: pd.DataFrame) -> str:
    rows = (
        [row["network"], row["class"], row["errors"], row["images"]]
        + [_with_interval(row["error_rate"], row["error_rate_low"], row["error_rate_high"])]
        + [_number(row["uncertainty"])]
        for _, row in frame[frame["split"] == "test"].iterrows()
    )
    return _markdown(["network", "class", "errors", "of", "error rate", "uncertainty"], rows, "ll")


def _best_epochs(frame: pd.DataFrame) -> str:
    rows = (
        [row.network, row.epoch, row.epochs, _number(row.paper_epoch, 0), _number(row.val_accuracy)]
        for row in frame.itertuples()
    )
    return _markdown(["network", "best epoch", "of", "paper's, of 100", "validation accuracy"], rows)


def _without_recursion(frame: pd.DataFrame) -> pd.DataFrame:
    """The networks whose numbers section 3 and 4.2 print: the teacher and its students."""
    return frame[frame["network"].str.fullmatch(r"teacher|.*-0")]


def _markdown(head: list[str], rows: Iterable[list], align: str = "l") -> str:
    """A table; `align` has an l for each leading column of text, the others are numbers."""
    rule = ["---" if column < len(align) else "---:" for column in range(len(head))]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in (head, rule, *rows))


def _with_interval(value: float, low: float, high: float) -> str:
    if pd.isna(value):
        return ""
    return _number(value) if pd.isna(low) else f"{_number(value)} [{_number(low)}, {_number(high)}]"


def _text(value: object) -> str:
    return "" if pd.isna(value) else str(value)


def _number(value: float, digits: int = 4) -> str:
    return "" if pd.isna(value) else f"{value:.{digits}f}"


def _signed(value: float) -> str:
    return "" if pd.isna(value) else f"{value:+.4f}"
