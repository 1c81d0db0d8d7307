"""Running a network in OpenVINO, from its ONNX file."""

from pathlib import Path

import openvino

from snakedistill.export.inference import Network


def open_network(path: str | Path, threads: int = 1) -> Network:
    """Open a network in ONNX for a fixed number of threads, without bfloat16."""
    options = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(str(path), "CPU", options)
    return lambda images: compiled(images)[0]
