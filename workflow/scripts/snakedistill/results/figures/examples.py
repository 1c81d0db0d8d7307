"""The test images on which the networks doubt or disagree."""

import matplotlib.pyplot as plt
import numpy as np

from snakedistill.core.files import read_csv
from snakedistill.core.joins import join_one_to_one
from snakedistill.core.lineage import read_predictions
from snakedistill.core.network_ids import TEACHER
from snakedistill.core.parts import TEST
from snakedistill.measures import metrics
from snakedistill.results.figures.style import WIDTH, save, set_style
from snakedistill.results.run import Run

EXAMPLES_IN_A_ROW = 8
LONGEST_NAME = 24  # characters of the id of an image


def draw(run: Run, pictures: dict[str, list[str]], run_description: str, student: str, seed: int) -> None:
    """Draw the test images of which teacher and student are most unsure, and on which they most disagree.

    Args:
        run: the run.
        pictures: paths to write of the one picture.
        run_description: what the run is, in words.
        student: its network id.
        seed: training seed of the two networks.
    """
    set_style()
    splits = run.files["splits"]
    array = np.load(run.files["test_images"], mmap_mode="r", allow_pickle=False)
    test = read_csv(splits)
    test = test[test["split"] == TEST].reset_index(drop=True)
    predictions = run.of_networks("test")
    for name, network in (("teacher", TEACHER), ("student", student)):
        path = predictions[seed, network]
        given = read_predictions(path, network, seed, splits=splits)[["image_id", "probability"]]
        test = join_one_to_one(test, given.rename(columns={"probability": name}), splits, path)
    rows = {
        "the teacher is least sure": (test["teacher"] - metrics.THRESHOLD).abs(),
        f"{student} is least sure": (test["student"] - metrics.THRESHOLD).abs(),
        "they disagree most": -(test["teacher"] - test["student"]).abs(),
    }
    columns = min(EXAMPLES_IN_A_ROW, len(test))
    names = test["image_id"].map(lambda name: name if len(name) <= LONGEST_NAME else f"…{name[1 - LONGEST_NAME :]}")
    widest = max(*(len(name) + len("T  0.00 ✓") for name in run.classes), *names.map(len))
    size = min(6.5, 6.5 * 16 / widest)  # points; 16 characters of 6.5 are as wide as an image
    figure = plt.figure(figsize=(WIDTH, 0.7 + len(rows) * (WIDTH / EXAMPLES_IN_A_ROW + 0.5)), layout="constrained")
    for (title, distance), row in zip(rows.items(), figure.subfigures(len(rows), 1), strict=True):
        row.suptitle(f"Where {title}", fontsize=8.5, x=0.01, ha="left")
        chosen = distance.sort_values(kind="stable").index[:columns]
        for axis, number in zip(row.subplots(1, columns, squeeze=False)[0], chosen, strict=True):
            image = test.loc[number]
            axis.imshow(array[number], interpolation="nearest")
            axis.set(xticks=[], yticks=[])
            lines = [names[number]]
            for letter, name in (("T", "teacher"), ("S", "student")):
                answer = metrics.answer(image[name])
                sure = image[name] if answer == 1 else 1 - image[name]
                mark = "✓" if metrics.correct(image[name], image["label"]) else "✗"
                lines.append(f"{letter} {run.classes[answer]} {sure:.2f} {mark}")
            axis.set_xlabel("\n".join(lines), fontsize=size, labelpad=2)
    title = f"Test images: answers of teacher (T) and {student} (S), their probability, right ✓ or wrong ✗"
    figure.suptitle(title, fontsize=10)
    (paths,) = pictures.values()
    save(figure, run_description, paths)
