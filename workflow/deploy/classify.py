"""Classify photos with an exported network: python classify.py [--model model.onnx] PHOTO...

Needs onnxruntime and Pillow, nothing else.
"""

import argparse
import json
import sys

import numpy as np
import onnxruntime
from PIL import Image, ImageOps


def main() -> int:
    """Print one line a photo: its name, the answer and the probability of class 1."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", nargs="+", metavar="PHOTO")
    parser.add_argument("--model", default="model.onnx", help="model.onnx or model.int8.onnx")
    arguments = parser.parse_args()
    try:
        session = onnxruntime.InferenceSession(arguments.model, providers=["CPUExecutionProvider"])
    except Exception as error:
        print(f"{arguments.model} cannot be loaded: {error}", file=sys.stderr)
        return 2
    card = session.get_modelmeta().custom_metadata_map
    names = {label: name for name, label in json.loads(card["classes"]).items()}
    side, threshold = int(card["image_size"]), float(card["threshold"])
    failed = 0
    print(f"photo,answer,probability_of_{names[1]}")
    for photo in arguments.photos:
        try:
            with Image.open(photo) as image:
                pixels = ImageOps.exif_transpose(image.convert("RGB")).resize((side, side), Image.Resampling.NEAREST)
        except Exception as error:
            print(f"{photo} cannot be decoded: {error}", file=sys.stderr)
            failed = 1
            continue
        ((probability,),) = session.run(["probability"], {"image": np.asarray(pixels)[None]})[0]
        print(f"{photo},{names[int(probability > threshold)]},{probability:.6f}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
