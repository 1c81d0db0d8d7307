"""How long Snakemake plans, and with how much memory: python benchmarks/planning.py [--seeds 1 10] [--done 1 10]

Plans for some numbers of seeds, of 16 networks each: with nothing done yet, and with everything done, for which all
results are made as empty files but the split, which has the 25,000 images of the paper.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
IMAGES = 25_000


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="*", default=[1, 10], help="planned with nothing done")
    parser.add_argument("--done", type=int, nargs="*", default=[1, 10], help="planned with everything done")
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    print("| seeds | networks | done | jobs to plan | seconds (median) | peak memory, MiB |")
    print("|---:|---:|---|---:|---:|---:|")
    for done, numbers in (("nothing", arguments.seeds), ("everything", arguments.done)):
        for seeds in numbers:
            with tempfile.TemporaryDirectory() as folder:
                Path(folder, "seeds.yaml").write_text(f"seeds: {list(range(seeds))}\n")
                if done == "everything":
                    finish(folder)
                measure(folder, seeds, done, arguments.repeats)


def measure(folder: str, seeds: int, done: str, repeats: int) -> None:
    """Plan some times in `folder` and print a line of the table."""
    seconds, mebibytes = [], []
    for _ in range(repeats):
        start = time.perf_counter()
        with tempfile.TemporaryFile("w+") as shown:
            process = subprocess.Popen(command("--dry-run", "--quiet", "rules"), cwd=folder, stdout=shown, stderr=shown)
            _, status, usage = os.wait4(process.pid, 0)
            seconds.append(time.perf_counter() - start)
            mebibytes.append(usage.ru_maxrss / 1024)
            shown.seek(0)
            text = shown.read()
        if status or ("Nothing to be done" in text) != (done == "everything"):
            sys.exit(text)
    jobs = [line.split()[1] for line in text.splitlines() if line.startswith("total ")]
    print(
        f"| {seeds:,} | {16 * seeds:,} | {done} | {int(jobs[0]) if jobs else 0:,} | {statistics.median(seconds):.1f} "
        f"| {max(mebibytes):,.0f} |",
        flush=True,
    )


def finish(folder: str) -> None:
    """Make every result in `folder`, and have Snakemake note it as done."""
    summary = subprocess.run(command("--summary"), cwd=folder, check=True, capture_output=True, text=True).stdout
    for line in summary.splitlines()[1:]:
        result = Path(folder, line.split("\t")[0])
        result.parent.mkdir(parents=True, exist_ok=True)
        rows = (f"{i},0,train\n" for i in range(IMAGES)) if result.name == "splits.csv" else ()
        result.write_text("".join(["image_id,label,split\n", *rows]))
    subprocess.run(command("--touch", "--forceall", "--quiet"), cwd=folder, check=True, capture_output=True)


def command(*arguments: str) -> list[str]:
    """Snakemake on this project with the default profile; settings of its own in the folder where it runs."""
    settings = ["--snakefile", ROOT / "Snakefile", "--profile", ROOT / "profiles/default"]
    settings += ["--configfile", ROOT / "config.yaml", "seeds.yaml", "--cores", "2"]
    return [sys.executable, "-m", "snakemake", *map(str, settings), *arguments]


if __name__ == "__main__":
    main()
