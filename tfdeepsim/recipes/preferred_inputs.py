"""Images that the output units of AlexNet prefer, among those that a generator can draw.

    python train.py --recipe preferred_inputs --dataset zip:photos.zip --scale 0.0006

The generator inverts relu6 with DeePSiM. For each of the first ten units of fc8, a search in the
input space of the generator looks for the image with the highest activation (Nguyen et al. 2016,
with the generators of Dosovitskiy & Brox 2016). The search starts at the features of test images,
and stays in the range of the features of test images. The run is that of `table8`.
"""

from functools import partial

import numpy as np

from tfdeepsim.comparators import make_comparator
from tfdeepsim.inversion.preferred_input import preferred_input
from tfdeepsim.inversion_evaluation import open_inversion
from tfdeepsim.recipes.inversion_runs import InversionRuns, train_and_report
from tfdeepsim.report.figures.image_rows import write_image_rows
from tfdeepsim.tables import Table, print_table

LAYER = "relu6"
RUNS = ((LAYER, "deepsim"),)
UNITS, STARTS, STEPS = 10, 8, 100


def report(inversions: InversionRuns, targets: np.ndarray) -> None:
    """Print the activations before and after the search, and write `preferred_inputs.png`.

    Args:
        inversions: The runs.
        targets: Test images, uint8 [N, H, W, 3].
    """
    run = inversions.run(*RUNS[0])
    inversion = open_inversion(run)
    class_names = run.read_environment()["dataset"]["class_names"]
    classifier = make_comparator(f"{inversions.network}:fc8", inversions.alexnet)
    features = inversion.features(targets)
    low, high = features.min(axis=0), features.max(axis=0)
    starts = features[np.linspace(0, len(features) - 1, STARTS).astype(int)]
    height, width, _ = inversion.image_shape
    classes = classifier.feature_shapes((height, width))[0][0]
    rows, cells = {"starts": inversion.images(starts)}, []
    for unit in range(min(UNITS, classes)):
        # A network that was trained on another dataset has other classes.
        name = class_names[unit] if len(class_names) == classes else f"unit {unit}"
        result = preferred_input(
            inversion.generator, classifier, unit, starts, low, high, steps=STEPS
        )
        rows[name] = result.images
        cells.append([name, f"{result.before.mean():.2f}", f"{result.activations.mean():.2f}"])
    title = f"Activation of units of fc8, mean over {STARTS} starts"
    print_table(Table(title, ["Unit", "Start", "Found"], [cells]), inversions.console)
    path = inversions.folder / "preferred_inputs.png"
    write_image_rows(path, rows)
    inversions.console.print(f"picture: {path}", soft_wrap=True)


reproduce = partial(train_and_report, RUNS, report)
