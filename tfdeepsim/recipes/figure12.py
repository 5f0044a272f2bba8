"""Fig. 12 of Dosovitskiy & Brox 2016 (§4.3): do the features of a layer preserve position and
colour?

    python train.py --recipe figure12 --dataset zip:photos.zip --scale 0.0006

Test images are shifted by a quarter, their colours are exchanged, and their colours are removed.
The picture shows reconstructions from relu6. For each layer, the table has the error to the changed
image beside that to the unchanged one: where the first is smaller, the reconstruction follows the
change. The runs are those of `table8`, in the same folder.
"""

from functools import partial

import numpy as np

from tfdeepsim.inversion.preservation import preservation
from tfdeepsim.inversion_evaluation import open_inversion
from tfdeepsim.recipes.inversion_runs import LAYERS, InversionRuns, train_and_report
from tfdeepsim.report.figures.image_rows import write_image_rows
from tfdeepsim.tables import Table, print_table

RUNS = tuple((layer, "deepsim") for layer in LAYERS.values())
IMAGES, SHOWN = 200, 8
PICTURED = "relu6"


def report(inversions: InversionRuns, targets: np.ndarray) -> None:
    """Print the errors and write `preservation.png`.

    Args:
        inversions: The runs.
        targets: Test images, uint8 [N, H, W, 3].
    """
    images = targets[:IMAGES]
    shown = np.linspace(0, len(images) - 1, SHOWN).astype(int)
    rows: dict[str, np.ndarray] = {}
    cells: list[list[str]] = []
    for layer in LAYERS.values():
        result = preservation(open_inversion(inversions.run(layer, "deepsim")), images)
        errors = [
            f"{100 * to_changed:.0f} / {100 * to_unchanged:.0f}"
            for to_changed, to_unchanged in result.errors.values()
        ]
        cells.append([layer, *errors])
        if layer == PICTURED:
            for change, (changed, reconstructed) in result.rows.items():
                rows |= {change: changed[shown], f"{change} reconstructed": reconstructed[shown]}
    title = "Error (%) to the changed image / to the unchanged one"
    print_table(Table(title, ["Features", *result.errors], [cells]), inversions.console)
    path = inversions.folder / "preservation.png"
    write_image_rows(path, rows)
    inversions.console.print(f"picture: {path}", soft_wrap=True)


reproduce = partial(train_and_report, RUNS, report)
