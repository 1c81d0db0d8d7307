"""How long a folder of many small files takes to index: python benchmarks/indexing.py [--files 10000 100000]

Class folders of JPEG files of 64 pixels: a dry run, the index on 2 threads, and the same files only read and hashed,
which is the least that an index could do. Each in a process of its own.
"""

import argparse
import io
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow/scripts"))

SIDE = 64
THREADS = 2


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, nargs="+", default=[10_000, 100_000])
    arguments = parser.parse_args()
    print("| files | dry run, s | read and hashed, s | indexed, s | files a second | ratio | peak memory, MiB |")
    print("|---:|---:|---:|---:|---:|---:|---:|")
    for files in arguments.files:
        with tempfile.TemporaryDirectory() as folder:
            make(Path(folder, "given"), files)
            planned = seconds_of_a_dry_run(folder)
            hashed, _ = in_a_process("read_and_hash", folder)
            indexed, mebibytes = in_a_process("index", folder)
        print(
            f"| {files:,} | {planned:.1f} | {hashed:.1f} | {indexed:.1f} | {files / indexed:,.0f} "
            f"| {indexed / hashed:.1f} | {mebibytes:,.0f} |",
            flush=True,
        )


def make(folder: Path, files: int) -> None:
    """Write files in two class folders, no two with the same bytes."""
    import numpy as np
    from PIL import Image

    stream = np.random.default_rng(0)
    names = ("ants", "bees")
    for name in names:
        (folder / name).mkdir(parents=True)
    for number in range(files):
        coarse = Image.fromarray(stream.integers(0, 256, (8, 8, 3), np.uint8)).resize((SIDE, SIDE))
        file = io.BytesIO()
        coarse.save(file, "JPEG", quality=90)
        (folder / names[number % 2] / f"{number}.jpg").write_bytes(file.getvalue())


def seconds_of_a_dry_run(folder: str) -> float:
    """Seconds that Snakemake plans with the folder as its archive."""
    config = [f"archive={folder}/given", "classes=null", "paper=null", "image_size=64"]
    command = [sys.executable, "-m", "snakemake", "-n", "-q", "--cores", "2", "--directory", folder]
    configfile = ["--snakefile", str(ROOT / "Snakefile"), "--configfile", str(ROOT / "config.yaml")]
    start = time.perf_counter()
    subprocess.run([*command, *configfile, "--config", *config], check=True, capture_output=True)
    return time.perf_counter() - start


def in_a_process(function: str, folder: str) -> tuple[float, float]:
    """Seconds and peak memory in MiB of a function of this file."""
    code = f"import indexing; indexing.{function}({folder!r})"
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parent, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{done.stderr}exit status {done.returncode}")
    seconds, mebibytes = map(float, done.stdout.splitlines()[-1].split())
    return seconds, mebibytes


def index(folder: str) -> None:
    """Index the folder."""
    from snakedistill.data.index import write_index

    start = time.perf_counter()
    write_index(f"{folder}/given", "class_folders", ["ants", "bees"], f"{folder}/a.csv", f"{folder}/b.csv", THREADS)
    report(start)


def read_and_hash(folder: str) -> None:
    """Read every file and take its SHA-256."""
    from snakedistill.core.digests import fingerprint_of_bytes
    from snakedistill.core.threads import in_order
    from snakedistill.data.archive import open_archive

    start = time.perf_counter()
    with open_archive(f"{folder}/given") as opened:
        for _ in in_order(lambda member: fingerprint_of_bytes(opened.read(member)), opened.members, THREADS):
            pass
    report(start)


def report(start: float) -> None:
    """Print the seconds since then and the peak memory of this process in MiB."""
    print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    main()
