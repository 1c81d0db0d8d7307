"""The claims as a section of the summary, in Markdown."""

import pandas as pd

from snakedistill.core.files import read_csv, write_text
from snakedistill.paper.claims import FAILS, HOLDS, OPEN
from snakedistill.results.shown_prediction import shown_prediction
from snakedistill.results.summary.cells import by, markdown, measured, number


def write_claims_section(claims: str, section: str) -> None:
    """Write the section of the claims.

    Args:
        claims: CSV of the claims.
        section: Markdown file to write.
    """
    frame = read_csv(claims)
    paragraphs = [
        "## The paper's claims",
        _how_to_read(frame["seed"].nunique()),
        _claims(frame),
        "<details><summary>All evidence of all claims</summary>",
        _evidence(frame),
        "</details>",
    ]
    write_text("\n\n".join(paragraphs) + "\n", section)


def _how_to_read(seeds: int) -> str:
    if seeds > 1:
        shown = (
            f"Verdicts are counted over {seeds} seeds, and the table shows the evidence that decides a claim in most "
            "of them. C2 is measured once, for no training run bears on it, and has its interval in brackets."
        )
    else:
        shown = (
            "The table shows the evidence that decides a claim. The intervals are over images: they do not say what "
            "another training run would give."
        )
    return (
        "Each claim is weighed by one or more pieces of evidence. Evidence supports the claim when its whole 95 % "
        "interval lies where the claim puts it, and contradicts it when no part of a wider interval does, which is "
        "corrected for the number of pieces. A claim holds when all its evidence supports it, and does not hold when "
        "any evidence contradicts it; otherwise it cannot be told from this many images. "
        f"{shown} All evidence is below the table and in `claims.csv`, with 9 digits. "
        f"*Uncertainty* is {shown_prediction(2).uncertainty(2)}. *Paper* is the number that Biryukova's paper prints "
        "for its own run, 25,000 photographs at 224 pixels; an empty cell means that it prints none."
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
    return markdown(head, rows, "llllrrr")


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
        [row["claim"], row["evidence"], *([row["seed"]] if several else []), *_claim_cells(frame.loc[[index]])]
        + [row["finding"], row["interval"]]
        for _, of_evidence in by(frame, ["claim", "evidence"])
        for index, row in of_evidence.iterrows()
    )
    head = ["claim", "evidence", *(["seed"] if several else []), "measured", "claimed", "paper", "finding", "interval"]
    return markdown(head, rows, "ll" + ("l" if several else "") + "rrrll")


def _claim_cells(of_seeds: pd.DataFrame) -> list[str]:
    claimed, paper = of_seeds["claimed"].iloc[0], of_seeds["paper"]
    return [
        measured(of_seeds.rename(columns={"low": "value_low", "high": "value_high"}), "value") or "not measured",
        claimed.replace("<", "&lt;").replace(">", "&gt;"),
        number(paper.iloc[0]) if paper.nunique(dropna=False) == 1 else "",
    ]
