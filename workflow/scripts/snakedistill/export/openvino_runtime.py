"""Running a network in OpenVINO, from its ONNX file."""

import sys
from pathlib import Path

sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # which reports each import to its makers

import openvino  # noqa: E402

from snakedistill.export.inference import Network  # noqa: E402


def open_network(path: str | Path, threads: int = 1) -> Network:
    """Open a network in ONNX for a fixed number of threads, without bfloat16."""
    options = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(str(path), "CPU", options)
    return lambda images: compiled(images)[0]
