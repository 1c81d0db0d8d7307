"""What the processor can do."""

from pathlib import Path

INSTRUCTIONS_FOR_BFLOAT16 = ("avx512_bf16", "amx_bf16")


def computes_in_bfloat16(cpuinfo: str = "/proc/cpuinfo") -> bool:
    """Whether the processor has instructions for bfloat16 that TensorFlow uses: AVX-512 BF16 or AMX.

    Args:
        cpuinfo: file in which Linux lists them; where there is none, as on macOS, the answer is no.
    """
    path = Path(cpuinfo)
    return path.exists() and not set(path.read_text(encoding="utf-8").split()).isdisjoint(INSTRUCTIONS_FOR_BFLOAT16)
