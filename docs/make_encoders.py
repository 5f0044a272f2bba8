"""Put the encoders of a study of `learning_curves` into `saved_models/`, each beside its card.

    python train.py --recipe learning_curves --precision mixed_bfloat16 --seeds 1
    python docs/make_encoders.py runs/learning_curves

The card of an encoder tells how it was trained, how well MLP probes find the lander in its
embeddings, and the embedding of `saved_models/llv2-frame.png`, by which a program that loads it can
see that it has the right one.
"""

import argparse
import csv
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tfdeepsim.data import open_dataset
from tfdeepsim.embed import load_encoder
from tfdeepsim.files import sha256_of, write_json
from tfdeepsim.run import RunDirectory

SAVED_MODELS = Path(__file__).parents[1] / "saved_models"
FRAME = SAVED_MODELS / "llv2-frame.png"
COMMAND = "python train.py --recipe learning_curves --precision mixed_bfloat16 --seeds 1"
ROWS = {
    "ae": "autoencoder under the pixel loss",
    "vae": "variational autoencoder under the pixel loss",
    "p-ae": "autoencoder under the perceptual loss",
    "p-vae": "variational autoencoder under the perceptual loss",
}
SCORE = ("metric", "probe", "value", "low", "high", "over", "seeds", "chance")


def main() -> int:
    """Run the command; the exit code."""
    parser = argparse.ArgumentParser(description="Put trained encoders into saved_models.")
    parser.add_argument("study", metavar="DIR", type=Path, help="a study of learning_curves")
    arguments = parser.parse_args()
    results = arguments.study / "results.csv"
    with open(results, newline="", encoding="utf-8") as file:
        scores = list(csv.DictReader(file))
    for row, summary in ROWS.items():
        run = RunDirectory(arguments.study / f"{row}-seed0")
        own = [score for score in scores if score["run"] == row]
        write_encoder(f"llv2-{row}", summary, run, own)
    return 0


def write_encoder(name: str, summary: str, run: RunDirectory, scores: list[dict[str, str]]) -> None:
    """Copy the encoder of a run, and write its card.

    Args:
        name: Name of the encoder.
        summary: What it is, in a few words.
        run: The finished run.
        scores: Rows of the results of its study.
    """
    folder = SAVED_MODELS / name
    shutil.rmtree(folder, ignore_errors=True)
    # Folders without files, as `assets` is, are unknown to Git and not needed.
    for path in sorted(run.encoder.rglob("*")):
        if path.is_file():
            copy = folder / path.relative_to(run.encoder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
    config, environment = run.read_config(), run.read_environment()
    if not FRAME.exists():
        test = open_dataset(config["dataset"], config["data_dir"]).split("test")
        Image.fromarray(np.asarray(test.images[0])).save(FRAME, optimize=True)
    with Image.open(FRAME) as frame:
        images = np.asarray(frame.convert("RGB"))[None]
    embedding = load_encoder(folder).embed(images).numpy()[0]
    card: dict[str, Any] = {
        "name": name,
        "summary": summary,
        "sha256": {
            path.relative_to(folder).as_posix(): sha256_of(path)
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        },
        "command": COMMAND,
        "seed": config["seed"],
        "epochs": config["epochs"],
        "precision": config["precision"],
        "data": environment["dataset"],
        "comparator": environment["comparator"],
        "scores": [{field: score[field] for field in SCORE} for score in scores],
        "frame": FRAME.name,
        "embedding": [round(float(value), 5) for value in embedding],
        "packages": environment["packages"],
        "licence": "Apache-2.0",
    }
    write_json(folder.with_suffix(".json"), card)
    print(folder.name)


if __name__ == "__main__":
    sys.exit(main())
