"""Fig. 11 and 13 of Dosovitskiy & Brox 2016 (§4.3): images between images, by features of each
layer.

    python train.py --recipe figure11 --dataset zip:photos.zip --scale 0.0006

Two pairs of test images; below the mixture of their pixels the images of the features on the line
between theirs. Runs are those of `table8`, in the same folder.
"""

from functools import partial

import numpy as np

from tfdeepsim.recipes.inversion_runs import LAYERS, InversionRuns, follow

RUNS = tuple((layer, "deepsim") for layer in LAYERS.values())
PAIRS, STEPS = 2, 10


def report(inversions: InversionRuns, targets: np.ndarray) -> None:
    """Write `interpolation.png`."""
    from tfdeepsim.inversion.interpolation import interpolate
    from tfdeepsim.inversion_evaluation import open_inversion
    from tfdeepsim.report.figures.image_rows import write_image_rows

    chosen = np.linspace(0, len(targets) - 1, 2 * PAIRS).astype(int)
    first, second = targets[chosen[:PAIRS]], targets[chosen[PAIRS:]]
    shares = np.linspace(0, 1, STEPS)[:, None, None, None]
    mixed = np.round((1 - shares) * first[:, None] + shares * second[:, None]).astype(np.uint8)
    rows = {f"pixels pair {pair + 1}": mixed[pair] for pair in range(PAIRS)}
    for paper, layer in LAYERS.items():
        found = interpolate(open_inversion(inversions.run(layer, "deepsim")), first, second, STEPS)
        rows |= {f"{paper} pair {pair + 1}": found[pair] for pair in range(PAIRS)}
    # One pair after the other.
    ordered = {name: rows[name] for name in sorted(rows, key=lambda name: name[-1])}
    write_image_rows(inversions.folder / "interpolation.png", ordered)
    inversions.console.print(f"picture: {inversions.folder / 'interpolation.png'}", highlight=False)


reproduce = partial(follow, RUNS, report)
