"""Energy of the processor, where the machine tells it to this user."""

import time
from collections.abc import Callable
from pathlib import Path

POWERCAP = Path("/sys/class/powercap")  # Linux's counters of the packages, which Intel's and AMD's processors have
SECONDS = 1.0


def joules_of(call: Callable[[], object], seconds: float = SECONDS) -> float | None:
    """Energy in joules of the whole processor for one call, the mean over calls during some seconds.

    What else runs meanwhile and what an idle processor needs are part of it.

    Args:
        call: what is measured.
        seconds: how long it is called again and again.

    Returns:
        The energy, or None where the machine does not tell it.
    """
    packages = [package for package in POWERCAP.glob("intel-rapl:*") if package.name.count(":") == 1]
    try:
        before = {package: _microjoules(package / "energy_uj") for package in packages}
        ranges = {package: _microjoules(package / "max_energy_range_uj") for package in packages}
    except OSError:  # the kernel shows it to root alone, as it does on most machines
        return None
    if not packages:
        return None
    calls, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        call()
        calls += 1
    # A counter begins anew after its range.
    used = [(_microjoules(package / "energy_uj") - before[package]) % (ranges[package] + 1) for package in packages]
    return sum(used) / 1e6 / calls


def _microjoules(counter: Path) -> int:
    return int(counter.read_text(encoding="ascii"))
