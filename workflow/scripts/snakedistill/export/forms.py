"""The forms in which a network leaves the workflow."""

# The module of each form. Its `write_network` writes float32, its `quantisations` gives the ways to int8, and its
# `open_network` runs both.
FORMS = {"onnx": "snakedistill.export.onnx_export", "litert": "snakedistill.export.litert_export"}
# The files that are timed.
TIMED_FORMS = ("keras", "onnx", "int8", "litert", "litert_int8")
