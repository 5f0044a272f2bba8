"""Show the autoencoders of a study of `table4` on photographs that may be copied.

    python train.py --recipe table4 --dataset zip:stl10_jpeg.zip --scale 0.005 \
        --precision mixed_bfloat16
    python docs/make_reconstructions.py runs/table4

STL-10's images may not be shown here. The photographs are the two that come with scikit-learn; none
of the autoencoders has seen them.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import PIL.Image
from sklearn.datasets import load_sample_images

from tfdeepsim.export import load_generator
from tfdeepsim.recipes.images import reconstruct
from tfdeepsim.recipes.table4 import IMAGE_SIZE, SYSTEMS, run_folder
from tfdeepsim.report.figures.image_rows import write_image_rows
from tfdeepsim.run import RunDirectory

PICTURE = Path(__file__).parent / "table4_photographs.png"
HEIGHT = 96
"""Height of a photograph in pixels, as that of the images of STL-10, from which crops are cut."""
GRID = 2, 3
"""Rows and columns of the pieces of a photograph."""


def main() -> int:
    """Run the command; the exit code."""
    parser = argparse.ArgumentParser(description="Show the autoencoders of table4.")
    parser.add_argument("study", metavar="DIR", type=Path, help="a study of table4")
    arguments = parser.parse_args()
    images = np.concatenate([pieces(photograph) for photograph in load_sample_images().images])
    rows = {"image": images}
    for name in SYSTEMS:
        generator = load_generator(RunDirectory(arguments.study / run_folder(name, 0)))
        rows[name] = reconstruct(generator, images)
    write_image_rows(PICTURE, rows)
    return 0


def pieces(photograph: np.ndarray) -> np.ndarray:
    """Squares of a photograph, uint8 [N, IMAGE_SIZE, IMAGE_SIZE, 3], which lie on a grid."""
    image = PIL.Image.fromarray(photograph)
    image = image.resize((round(image.width * HEIGHT / image.height), HEIGHT), PIL.Image.LANCZOS)
    pixels = np.asarray(image)
    rows, columns = (
        np.linspace(0, length - IMAGE_SIZE, count).astype(int)
        for length, count in zip(pixels.shape[:2], GRID, strict=True)
    )
    return np.stack([pixels[y : y + IMAGE_SIZE, x : x + IMAGE_SIZE] for y in rows for x in columns])


if __name__ == "__main__":
    sys.exit(main())
