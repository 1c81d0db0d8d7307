"""Networks that leave the workflow: ONNX and int8 files, their parity, their speed, photos classified, the bundle."""
