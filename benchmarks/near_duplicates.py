"""How long near-duplicates are looked for: python benchmarks/near_duplicates.py [--hashes 10000 100000 1000000]

Groups random hashes, half of which have a near-duplicate, and hashes of flat images, of whose bits only one in thirty
is 1, so that many share a band. Time stands beside that of one sort of the same hashes, and beside that of a comparison
of every two hashes, as 10,000 of them take it, scaled by the square of their number. Each row is a process of its own.
"""

import argparse
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow/scripts"))

COMPARED = 10_000
ONES = {"random": 1 / 2, "flat": 1 / 30}  # share of the bits that are 1


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hashes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--bits", type=int, nargs="+", default=[2], help="values of split.near_duplicates")
    arguments = parser.parse_args()
    print("| hashes | kind | bits | groups | seconds | times a sort | every two / this | peak memory, MiB |")
    print("|---:|---|---:|---:|---:|---:|---:|---:|")
    for bits in arguments.bits:
        for number in arguments.hashes:
            for kind in ONES:
                code = f"import near_duplicates; near_duplicates.measure({number}, {kind!r}, {bits})"
                subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parent, check=True)


def measure(number: int, kind: str, bits: int) -> None:
    """Group so many hashes in this process, and print a line of the table."""
    import numpy as np

    from snakedistill.data.near_duplicates import near_groups

    rng = np.random.default_rng(0)
    hashes = np.zeros(number, np.uint64)
    for bit in range(64):
        hashes |= (rng.random(number) < ONES[kind]).astype(np.uint64) << np.uint64(bit)
    half = number // 2
    hashes[half : 2 * half] = hashes[:half] ^ np.uint64(1) << rng.integers(0, 64, half, dtype=np.uint64)
    rng.shuffle(hashes)
    found, seconds = timed(lambda: near_groups(hashes, bits))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    _, of_sort = timed(lambda: np.sort(hashes))
    some = hashes[:COMPARED]
    _, of_pairs = timed(lambda: [np.bitwise_count(some[i:] ^ some[i]) <= bits for i in range(len(some))])
    every_two = of_pairs * (number / len(some)) ** 2
    print(
        f"| {number:,} | {kind} | {bits} | {len(np.unique(found)):,} | {seconds:.2f} | {seconds / of_sort:.0f} "
        f"| {every_two / seconds:,.1f} | {peak:,.0f} |",
        flush=True,
    )


def timed(function: Callable[[], object]) -> tuple[object, float]:
    """What a function gives, and its seconds."""
    start = time.perf_counter()
    found = function()
    return found, time.perf_counter() - start


if __name__ == "__main__":
    main()
