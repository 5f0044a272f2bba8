"""Fig. 11 and 13 of Dosovitskiy & Brox 2016 (§4.3): interpolation between the features of images.

    python train.py --recipe figure11 --dataset zip:photos.zip --scale 0.0006

For two pairs of test images, the picture shows the mixture of their pixels, and below it the images
of the features on the line between theirs. The runs are those of `table8`, in the same folder.
"""

from functools import partial

import numpy as np

from tfdeepsim.inversion.interpolation import interpolate
from tfdeepsim.inversion_evaluation import open_inversion
from tfdeepsim.recipes.inversion_runs import LAYERS, InversionRuns, train_and_report
from tfdeepsim.report.figures.image_rows import write_image_rows

RUNS = tuple((layer, "deepsim") for layer in LAYERS.values())
PAIRS, STEPS = 2, 10


def report(inversions: InversionRuns, targets: np.ndarray) -> None:
    """Write `interpolation.png`.

    Args:
        inversions: The runs.
        targets: Test images, uint8 [N, H, W, 3].
    """
    chosen = np.linspace(0, len(targets) - 1, 2 * PAIRS).astype(int)
    first, second = targets[chosen[:PAIRS]], targets[chosen[PAIRS:]]
    shares = np.linspace(0, 1, STEPS)[:, None, None, None]
    mixed = np.round((1 - shares) * first[:, None] + shares * second[:, None]).astype(np.uint8)
    by_source = {"pixels": mixed}
    for paper, layer in LAYERS.items():
        inversion = open_inversion(inversions.run(layer, "deepsim"))
        by_source[paper] = interpolate(inversion, first, second, STEPS)
    rows = {
        f"{source} pair {pair + 1}": images[pair]
        for pair in range(PAIRS)
        for source, images in by_source.items()
    }
    path = inversions.folder / "interpolation.png"
    write_image_rows(path, rows)
    inversions.console.print(f"picture: {path}", soft_wrap=True)


reproduce = partial(train_and_report, RUNS, report)
