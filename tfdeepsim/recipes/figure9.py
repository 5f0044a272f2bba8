"""Fig. 9, 15 and 16 of Dosovitskiy & Brox 2016 (§4.3): images re-encoded again and again.

    python train.py --recipe figure9 --dataset zip:photos.zip --scale 0.0006

Reconstructions are reconstructed again, up to the 20th iteration: from each layer with DeePSiM, and
from relu6 with the pixel loss. The report has a picture for each, and the drift of the features as
curves. The runs are those of `table8`, in the same folder.
"""

from functools import partial

import numpy as np

from tfdeepsim.inversion.reencoding import reencode
from tfdeepsim.inversion_evaluation import open_inversion
from tfdeepsim.recipes.inversion_runs import LAYERS, InversionRuns, train_and_report
from tfdeepsim.report.figures.drift import write_drift
from tfdeepsim.report.figures.image_rows import write_image_rows

RUNS = (*((layer, "deepsim") for layer in LAYERS.values()), ("relu6", "pixel"))
IMAGES, SHOWN = 100, 8


def report(inversions: InversionRuns, targets: np.ndarray) -> None:
    """Write `reencoding-LAYER-SYSTEM.png` and `drift.png`.

    Args:
        inversions: The runs.
        targets: Test images, uint8 [N, H, W, 3].
    """
    images, curves = targets[:IMAGES], {}
    shown = np.linspace(0, len(images) - 1, SHOWN).astype(int)
    for layer, system in RUNS:
        reencoding = reencode(open_inversion(inversions.run(layer, system)), images)
        curves[f"{layer}, {system}"] = reencoding.from_original
        rows = {"image": images}
        rows |= {str(iteration): images for iteration, images in reencoding.images.items()}
        path = inversions.folder / f"reencoding-{layer}-{system}.png"
        write_image_rows(path, {name: row[shown] for name, row in rows.items()})
        first, last = reencoding.from_original[0], reencoding.from_original[-1]
        inversions.console.print(
            f"{layer}, {system}: feature error {first:.1%} after one iteration, {last:.1%} after "
            f"{len(curves[f'{layer}, {system}'])}; last step {reencoding.from_previous[-1]:.1%}",
        )
    write_drift(inversions.folder / "drift.png", curves)
    inversions.console.print(
        f"pictures: {inversions.folder}/reencoding-*.png, drift.png",
        soft_wrap=True,
    )


reproduce = partial(train_and_report, RUNS, report)
