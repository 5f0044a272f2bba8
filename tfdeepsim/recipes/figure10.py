"""Fig. 10 of Dosovitskiy & Brox 2016 (§4.3): relu6 inverted under several comparators.

    python train.py --recipe figure10 --dataset zip:photos.zip --scale 0.0006

Generators are trained with DeePSiM on pool5 of AlexNet, relu6 of AlexNet, pool5 of an AlexNet with
random weights, and pool5 of VideoNet, which is first trained on LunarLander rollouts. Each has one
seed. The run with pool5 is that of `table8`.
"""

from functools import partial

import numpy as np

from tfdeepsim.inversion_evaluation import score_run, write_pictures
from tfdeepsim.recipes.inversion_runs import InversionRuns, train_and_report
from tfdeepsim.report.inversion_table import InversionTable, print_inversions, write_inversions

LAYER = "relu6"
COMPARATORS = {
    "deepsim": "AlexNet conv5",
    "fc6-comparator": "AlexNet fc6",
    "videonet-comparator": "VideoNet conv5",
    "random-comparator": "random AlexNet conv5",
}
RUNS = tuple((LAYER, system) for system in COMPARATORS)
REPORTED = {"AlexNet conv5": "55 / 48", "VideoNet conv5": "51 / 57"}


def report(inversions: InversionRuns, targets: np.ndarray) -> None:
    """Print the table, write it into the folder `comparators`, and write `comparators.png`.

    Args:
        inversions: The runs.
        targets: Test images, uint8 [N, H, W, 3].
    """
    results = {
        name: score_run(inversions.run(LAYER, system), targets, name)
        for system, name in COMPARATORS.items()
    }
    table = InversionTable(
        [score for score, _ in results.values()],
        {(f"{inversions.network}:{LAYER}", name): value for name, value in REPORTED.items()},
        (f"{len(targets)} test images, one seed.", "Paper: ImageNet at full size, Table 8."),
        "relu6 inverted under several comparators",
    )
    print_inversions(table, inversions.console)
    write_inversions(inversions.folder / "comparators", table)
    path = inversions.folder / "comparators.png"
    images = {name: reconstructions for name, (_, reconstructions) in results.items()}
    write_pictures(path, {"image": targets} | images)
    inversions.console.print(f"picture: {path}", soft_wrap=True)


reproduce = partial(train_and_report, RUNS, report)
