"""Several images for one feature vector, which Dosovitskiy & Brox 2016 (§4.3) leave open.

    python train.py --recipe preimages --dataset zip:photos.zip --scale 0.0006

Generators that invert relu6 also take 16 numbers of noise: once with the loss as it is ("This does
not yield the desired result, since nothing in the loss function forces the generator to output
multiple different reconstructions"), and once with the diversity term. The report shows four draws
of each, how close their features are to the given ones, and how much the draws differ.
"""

from functools import partial

import numpy as np

from tfdeepsim.inversion.preimages import sample_preimages, spread
from tfdeepsim.inversion_evaluation import open_inversion
from tfdeepsim.recipes.inversion_runs import InversionRuns, train_and_report
from tfdeepsim.report.figures.image_rows import write_image_rows
from tfdeepsim.tables import Table, print_table

LAYER = "relu6"
SYSTEMS = {"noise": "noise alone", "diverse": "noise and diversity"}
RUNS = tuple((LAYER, system) for system in SYSTEMS)
DRAWS, SHOWN, SEED = 4, 8, 0


def report(inversions: InversionRuns, targets: np.ndarray) -> None:
    """Print the measures and write `preimages.png`.

    Args:
        inversions: The runs.
        targets: Test images, uint8 [N, H, W, 3].
    """
    shown = np.linspace(0, len(targets) - 1, SHOWN).astype(int)
    rows, cells = {"image": targets[shown]}, []
    for system, name in SYSTEMS.items():
        inversion = open_inversion(inversions.run(LAYER, system))
        features = inversion.features(targets)
        samples = sample_preimages(inversion, features, DRAWS, SEED)
        measured = spread(inversion, features, samples)
        cells.append([name, f"{100 * measured.feature_error:.1f}", f"{measured.diversity:.3f}"])
        rows |= {f"{name} {draw + 1}": images[shown] for draw, images in enumerate(samples)}
    title = f"{DRAWS} images for each of {len(targets)} feature vectors"
    headings = ["", "Feature error (%)", "Difference of draws (1 = of other features)"]
    print_table(Table(title, headings, [cells]), inversions.console)
    path = inversions.folder / "preimages.png"
    write_image_rows(path, rows)
    inversions.console.print(f"picture: {path}", soft_wrap=True)


reproduce = partial(train_and_report, RUNS, report)
