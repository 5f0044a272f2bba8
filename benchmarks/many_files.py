"""Time and memory to open a folder of very many image files, to split it, and for the first batch.

    python benchmarks/many_files.py --count 1000000 [--folder DIR]

Writes tiny JPEG files, all different, into 1,000 class folders, and removes them at the end. Each
phase is a process of its own, whose resident memory is counted from after the imports:

* `describe`: what `train.py --dry-run` needs;
* `first opening`: with `--cache none`; every file is read and decoded once, to find which are bad;
* `next opening`: what each later command does;
* `next opening, shards`: the same images in shards.

Every opening includes the splits and the first batch of 64 images.
"""

import argparse
import io
import os
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import PIL.Image

CLASSES, SIDE = 1000, 16


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--folder", help="where files are written (default: a temporary folder)")
    parser.add_argument("--phase", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.phase:
        run_phase(*arguments.phase)
        return
    with tempfile.TemporaryDirectory(dir=arguments.folder) as work:
        begin = time.perf_counter()
        write_files(Path(work, "images"), arguments.count)
        print(f"{arguments.count:,} files written in {time.perf_counter() - begin:.0f} s")
        files = f"folder:{work}/images"
        for phase, name in (
            ("describe", files),
            ("first opening", files),
            ("next opening", files),
            ("to shards", files),
            ("next opening, shards", f"shards:{work}/shards"),
        ):
            subprocess.run([sys.executable, __file__, "--phase", phase, name, work], check=True)


def write_files(folder: Path, count: int) -> None:
    """Random thumbnails."""
    random = np.random.default_rng(0)

    def write(label: int) -> None:
        (folder / f"class{label:03}").mkdir(parents=True)
        for row, image in enumerate(pixels[label]):
            data = io.BytesIO()
            PIL.Image.fromarray(image).save(data, "JPEG")
            (folder / f"class{label:03}" / f"{row:05}.jpg").write_bytes(data.getvalue())

    shape = (CLASSES, count // CLASSES, SIDE, SIDE, 3)
    pixels = random.integers(0, 256, shape, dtype=np.uint8)
    with ThreadPoolExecutor() as threads:
        list(threads.map(write, range(CLASSES)))


def run_phase(phase: str, name: str, work: str) -> None:
    """Run a phase in this process, and print what it took."""
    import tensorflow as tf

    from tfdeepsim.data import describe, open_dataset
    from tfdeepsim.data.pipeline import training_batches
    from tfdeepsim.data.shards.writing import write_shards
    from tfdeepsim.options import DataOptions

    options = DataOptions(dataset=name, cache="none", data_dir=f"{work}/data")
    tf.constant(0)
    before, begin = peak(), time.perf_counter()
    if phase == "describe":
        describe(name, options.data_dir, options)
    else:
        dataset = open_dataset(name, options.data_dir, options)
        if phase == "to shards":
            write_shards(dataset, Path(work, "shards"))
        else:
            opened = time.perf_counter()
            split = dataset.split("encoder_train")
            for batch in training_batches(split, batch_size=64, seed=0, steps=range(1)):
                batch["image"].numpy()
            print(f"{phase:22s} of which first batch: {time.perf_counter() - opened:.1f} s")
    seconds = time.perf_counter() - begin
    print(f"{phase:22s} {seconds:8.1f} s {(peak() - before) / 2**20:8.0f} MiB", flush=True)


def peak() -> int:
    """Largest resident memory of this process until now, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (
        1 if sys.platform == "darwin" else 1024
    )


if __name__ == "__main__":
    main()
