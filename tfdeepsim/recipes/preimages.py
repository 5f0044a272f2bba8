"""Several images for one feature vector, which Dosovitskiy & Brox 2016 leave open (§4.3).

    python train.py --recipe preimages --dataset zip:photos.zip --scale 0.0006

InversionRuns of relu6 that take 16 numbers of noise: once as they are ("This does not yield the
desired result, since nothing in the loss function forces the generator to output multiple different
reconstructions"), once with the diversity term. Four draws of each as a picture; how true they are
to the features, and how different from each other.
"""

from functools import partial

import numpy as np

from tfdeepsim.recipes.inversion_runs import InversionRuns, follow

LAYER = "relu6"
SYSTEMS = {"noise": "noise alone", "diverse": "noise and diversity"}
RUNS = tuple((LAYER, system) for system in SYSTEMS)
DRAWS, SHOWN, SEED = 4, 8, 0


def report(inversions: InversionRuns, targets: np.ndarray) -> None:
    """Print the numbers; write `preimages.png`."""
    from tfdeepsim.inversion.preimages import sample_preimages, spread
    from tfdeepsim.inversion_evaluation import open_inversion
    from tfdeepsim.report.figures.image_rows import write_image_rows
    from tfdeepsim.tables import Table, print_table

    shown = np.linspace(0, len(targets) - 1, SHOWN).astype(int)
    rows, cells = {"image": targets[shown]}, []
    for system, name in SYSTEMS.items():
        inversion = open_inversion(inversions.run(LAYER, system))
        features = inversion.features(targets)
        samples = sample_preimages(inversion, features, DRAWS, SEED)
        found = spread(inversion, features, samples)
        cells.append([name, f"{100 * found.feature_error:.1f}", f"{found.diversity:.3f}"])
        rows |= {f"{name} {draw + 1}": images[shown] for draw, images in enumerate(samples)}
    title = f"{DRAWS} images for each of {len(targets)} feature vectors"
    heading = ["", "Feature error (%)", "Difference of draws (1 = of other features)"]
    print_table(Table(title, heading, [cells]), inversions.console)
    write_image_rows(inversions.folder / "preimages.png", rows)
    inversions.console.print(f"picture: {inversions.folder / 'preimages.png'}", highlight=False)


reproduce = partial(follow, RUNS, report)
