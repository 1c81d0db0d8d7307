"""The test images on which the networks doubt or disagree."""

import matplotlib.pyplot as plt
import numpy as np

from snakedistill.core.errors import listed
from snakedistill.core.files import read_csv
from snakedistill.core.lineage import read_predictions
from snakedistill.core.parts import TEST
from snakedistill.export.chosen import with_choice
from snakedistill.measures import metrics
from snakedistill.results.figures.style import WIDTH, save, set_style, shortened
from snakedistill.results.run import Run

EXAMPLES_IN_A_ROW = 8
LONGEST_NAME = 24  # characters of the id of an image


def plot(
    run: Run, pictures: dict[str, list[str]], run_description: str, shown: list[str], chooses: bool, seed: int
) -> None:
    """Plot the test images of which a teacher and a student are most unsure, and on which they most disagree.

    Args:
        run: the run.
        pictures: paths to write of the one picture.
        run_description: what the run is, in words.
        shown: ids of the two networks.
        chooses: whether the student is the one that the table `frontier` chooses, where it chooses one.
        seed: training seed of the two networks.
    """
    set_style()
    splits = run.splits(seed)
    array = np.load(run.file("test_images"), mmap_mode="r", allow_pickle=False)
    test = read_csv(splits)
    test = test[test["split"] == TEST].reset_index(drop=True)
    predictions = run.of_networks("test")
    probability = {}
    letters = dict(zip("AB", with_choice(shown, run.file("frontier") if chooses else None), strict=True))
    for letter, network in letters.items():
        path = predictions[seed, network]
        given = read_predictions(path, network, seed, splits=splits).in_order_of(test["image_id"], splits, path)
        probability[letter] = given["probability"]
    answer = {letter: metrics.answer(of_network) for letter, of_network in probability.items()}
    sure = {letter: of_network.max(axis=1) for letter, of_network in probability.items()}
    rows = {
        **{f"{network} is least sure": sure[letter] for letter, network in letters.items()},
        "they disagree most": -np.abs(np.subtract(*probability.values())).sum(axis=1),
    }
    columns = min(EXAMPLES_IN_A_ROW, len(test))
    names = test["image_id"].map(lambda name: shortened(name, LONGEST_NAME))
    widest = max(*(len(name) + len("A  0.00 ✓") for name in run.classes), *names.map(len))
    size = min(6.5, 6.5 * 16 / widest)  # points; 16 characters of 6.5 are as wide as an image
    figure = plt.figure(figsize=(WIDTH, 0.7 + len(rows) * (WIDTH / EXAMPLES_IN_A_ROW + 0.5)), layout="constrained")
    panels = figure.subfigures(len(rows), 1, squeeze=False)[:, 0]
    for (title, smallest), row in zip(rows.items(), panels, strict=True):
        row.suptitle(f"Where {title}", fontsize=8.5, x=0.01, ha="left")
        chosen = np.argsort(smallest, kind="stable")[:columns]
        for axis, number in zip(row.subplots(1, columns, squeeze=False)[0], chosen, strict=True):
            axis.imshow(array[number], interpolation="nearest")
            axis.set(xticks=[], yticks=[])
            lines = [names[number]]
            for letter in probability:
                given = answer[letter][number]
                mark = "✓" if given == test["label"][number] else "✗"
                lines.append(f"{letter} {run.classes[given]} {sure[letter][number]:.2f} {mark}")
            axis.set_xlabel("\n".join(lines), fontsize=size, labelpad=2)
    who = listed(f"{network} ({letter})" for letter, network in letters.items())
    title = f"Test images: answers of {who}, their probability, right ✓ or wrong ✗"
    figure.suptitle(title, fontsize=10)
    (paths,) = pictures.values()
    save(figure, run_description, paths)
