"""What AlexNet's units for the classes like best, among the images that its inversion can draw.

    python train.py --recipe preferred_inputs --dataset zip:photos.zip --scale 0.0006

The generator that inverts relu6 under DeePSiM, and a search in its input space for each of the
first ten units of fc8 (Nguyen et al. 2016, with the generators of Dosovitskiy & Brox 2016): starts
are the features of test images of all kinds, and features stay in the range seen on test images.
The run is that of `table8`.
"""

from functools import partial

import numpy as np

from tfdeepsim.recipes.inversion_runs import InversionRuns, follow

LAYER = "relu6"
RUNS = ((LAYER, "deepsim"),)
UNITS, STARTS, STEPS = 10, 8, 100


def report(inversions: InversionRuns, targets: np.ndarray) -> None:
    """Print activations before and after; write `preferred_inputs.png`."""
    from tfdeepsim.comparators import make_comparator
    from tfdeepsim.inversion.preferred_input import preferred_input
    from tfdeepsim.inversion_evaluation import open_inversion
    from tfdeepsim.report.figures.image_rows import write_image_rows
    from tfdeepsim.tables import Table, print_table

    run = inversions.run(*RUNS[0])
    inversion, names = open_inversion(run), run.read_environment()["dataset"]["class_names"]
    classifier = make_comparator("alexnet:fc8", inversions.alexnet)
    features = inversion.features(targets)
    low, high = features.min(axis=0), features.max(axis=0)
    starts = features[np.linspace(0, len(features) - 1, STARTS).astype(int)]
    height, width, _ = inversion.image_shape
    classes = classifier.feature_shapes((height, width))[0][0]
    rows, cells = {"starts": inversion.images(starts)}, []
    for unit in range(min(UNITS, classes)):
        # A network that was taught elsewhere has other classes than these images.
        name = names[unit] if len(names) == classes else f"unit {unit}"
        found = preferred_input(
            inversion.generator, classifier, unit, starts, low, high, steps=STEPS
        )
        rows[name] = found.images
        cells.append([name, f"{found.before.mean():.2f}", f"{found.activations.mean():.2f}"])
    title = f"Activation of units of fc8, mean over {STARTS} starts"
    print_table(Table(title, ["Unit", "Start", "Found"], [cells]), inversions.console)
    write_image_rows(inversions.folder / "preferred_inputs.png", rows)
    inversions.console.print(
        f"picture: {inversions.folder / 'preferred_inputs.png'}", highlight=False
    )


reproduce = partial(follow, RUNS, report)
