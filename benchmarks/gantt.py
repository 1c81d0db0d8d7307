"""Plot when the jobs of a run ran, from its benchmark files: python benchmarks/gantt.py results/RUN out.svg

A benchmark file holds the seconds that its job took, and the last line of the job's log came at its end: of a training
run to the second, of a prediction some seconds before. (Snakemake touches benchmark files and outputs when it hears of
the end, which on a cluster is later.) Rows are the chains: a seed's teacher, and each family with its generations.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

COLOURS = {"train": "tab:blue", "predict": "tab:orange", "evaluate": "tab:green", "export": "tab:purple"}


def jobs(run: Path) -> pd.DataFrame:
    """Jobs about one network: seed, network, chain, rule; start and end in seconds after the first start."""
    rows = []
    for path in run.glob("seed-*/benchmarks/*/*.tsv"):
        seed, _, rule, file = path.parts[-4:]
        network = Path(file).stem
        seconds = pd.read_csv(path, sep="\t")["s"].item()
        end = (run / seed / "logs" / rule / f"{network}.log").stat().st_mtime
        chain = f"{seed} {network.rpartition('-')[0] or network}"
        rows.append((seed, network, chain, rule, end - seconds, end))
    table = pd.DataFrame(rows, columns=["seed", "network", "chain", "rule", "start", "end"])
    table[["start", "end"]] -= table["start"].min()
    return table.sort_values("start", ignore_index=True)


def plot(table: pd.DataFrame, file: Path) -> None:
    """One row a chain, one bar a job."""
    chains = sorted(table["chain"].unique())
    figure, axes = plt.subplots(figsize=(10, 0.45 * len(chains) + 1.2), layout="constrained")
    for rule, of_rule in table.groupby("rule"):
        rows = [chains.index(chain) for chain in of_rule["chain"]]
        lengths = of_rule["end"] - of_rule["start"]
        axes.barh(rows, lengths, left=of_rule["start"], color=COLOURS[rule], label=rule, edgecolor="white")
    for job in table[table["rule"] == "train"].itertuples():
        middle = (job.start + job.end) / 2
        generation = job.network.rpartition("-")[2] if "-" in job.network else ""
        axes.text(middle, chains.index(job.chain), generation, ha="center", va="center", color="white")
    axes.set(yticks=range(len(chains)), yticklabels=chains, xlabel="seconds", xlim=(0, table["end"].max()))
    axes.invert_yaxis()
    figure.legend(loc="outside upper right", ncols=len(COLOURS))
    figure.savefig(file, metadata={"Date": None} if Path(file).suffix == ".svg" else None)
    plt.close(figure)


if __name__ == "__main__":
    plot(jobs(Path(sys.argv[1])), Path(sys.argv[2]))
