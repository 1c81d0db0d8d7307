"""Work on many items with several threads."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_order(function: Callable[[Item], Result], items: list[Item], threads: int, block: int = 256) -> Iterator[Result]:
    """Apply `function` to `items` on `threads` threads and yield the results in order, a block in memory at a time."""
    with ThreadPoolExecutor(threads) as pool:
        for start in range(0, len(items), block):
            yield from pool.map(function, items[start : start + block])
