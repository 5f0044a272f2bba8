"""Fig. 9, 15 and 16 of Dosovitskiy & Brox 2016 (§4.3): images re-encoded again and again.

    python train.py --recipe figure9 --dataset zip:photos.zip --scale 0.0006

From each layer with DeePSiM, and from relu6 with the pixel loss: the reconstruction of the
reconstruction, and so on to the 20th. A picture for each, and the drift of the features as curves.
Runs are those of `table8`, in the same folder.
"""

from functools import partial

import numpy as np

from tfdeepsim.recipes.inversion_runs import LAYERS, InversionRuns, follow

RUNS = (*((layer, "deepsim") for layer in LAYERS.values()), ("relu6", "pixel"))
IMAGES, SHOWN = 100, 8


def report(inversions: InversionRuns, targets: np.ndarray) -> None:
    """Write `reencoding-LAYER-LOSS.png` and `drift.png`."""
    from tfdeepsim.inversion.reencoding import reencode
    from tfdeepsim.inversion_evaluation import open_inversion
    from tfdeepsim.report.figures.drift import write_drift
    from tfdeepsim.report.figures.image_rows import write_image_rows

    images, curves = targets[:IMAGES], {}
    shown = np.linspace(0, len(images) - 1, SHOWN).astype(int)
    for layer, system in RUNS:
        found = reencode(open_inversion(inversions.run(layer, system)), images)
        curves[f"{layer}, {system}"] = found.from_original
        rows = {"image": images} | {str(number): rows for number, rows in found.images.items()}
        path = inversions.folder / f"reencoding-{layer}-{system}.png"
        write_image_rows(path, {name: row[shown] for name, row in rows.items()})
        first, last = found.from_original[0], found.from_original[-1]
        inversions.console.print(
            f"{layer}, {system}: feature error {first:.1%} after one iteration, {last:.1%} after "
            f"{len(found.from_original)}; last step {found.from_previous[-1]:.1%}",
            highlight=False,
        )
    write_drift(inversions.folder / "drift.png", curves)
    inversions.console.print(
        f"pictures: {inversions.folder}/reencoding-*.png, drift.png", highlight=False
    )


reproduce = partial(follow, RUNS, report)
