"""Fig. 12 of Dosovitskiy & Brox 2016 (§4.3): does a layer keep where things are, and of which
colour?

    python train.py --recipe figure12 --dataset zip:photos.zip --scale 0.0006

Test images moved by a quarter, with their colours exchanged, and without colour; their
reconstructions from relu6 as a picture, and for each layer the error to the changed image beside
that to the unchanged one: where the first is the smaller one, the reconstruction follows the
change. Runs are those of `table8`.
"""

from functools import partial

import numpy as np

from tfdeepsim.recipes.inversion_runs import LAYERS, InversionRuns, follow

RUNS = tuple((layer, "deepsim") for layer in LAYERS.values())
IMAGES, SHOWN = 200, 8
PICTURED = "relu6"


def report(inversions: InversionRuns, targets: np.ndarray) -> None:
    """Print the errors; write `preservation.png`."""
    from tfdeepsim.inversion.preservation import preservation
    from tfdeepsim.inversion_evaluation import open_inversion
    from tfdeepsim.report.figures.image_rows import write_image_rows
    from tfdeepsim.tables import Table, print_table

    images = targets[:IMAGES]
    shown = np.linspace(0, len(images) - 1, SHOWN).astype(int)
    cells: list[list[str]] = []
    for layer in LAYERS.values():
        found = preservation(open_inversion(inversions.run(layer, "deepsim")), images)
        cells.append(
            [
                layer,
                *(f"{100 * own:.0f} / {100 * other:.0f}" for own, other in found.errors.values()),
            ]
        )
        if layer == PICTURED:
            rows: dict[str, np.ndarray] = {}
            for change, (changed, reconstructed) in found.rows.items():
                rows |= {change: changed[shown], f"{change} reconstructed": reconstructed[shown]}
            write_image_rows(inversions.folder / "preservation.png", rows)
    title = "Error (%) to the changed image / to the unchanged one"
    print_table(Table(title, ["Features", *found.errors], [cells]), inversions.console)
    inversions.console.print(f"picture: {inversions.folder / 'preservation.png'}", highlight=False)


reproduce = partial(follow, RUNS, report)
