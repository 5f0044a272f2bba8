"""A finished run, exported to a file for another program."""

import os
from pathlib import Path

from tfdeepsim.command_line import import_tensorflow
from tfdeepsim.comparators.spec import ARCHITECTURES
from tfdeepsim.config import TrainConfig
from tfdeepsim.errors import InputError
from tfdeepsim.export.card import card_path, make_card, text_of
from tfdeepsim.export.formats import FORMATS, check_format, check_output
from tfdeepsim.files import replacing, sha256_of
from tfdeepsim.run import RunDirectory


def export_run(
    run_dir: str | os.PathLike,
    to: str,
    path: str | os.PathLike | None = None,
    *,
    layer: str | None = None,
    overwrite: bool = False,
) -> Path:
    """Write the trained network of a run for a program that has no tfdeepsim.

    Of an autoencoder that is the encoder, of an inversion the generator, of a trained comparator
    the features of one layer. Encoders and comparators take `images`, uint8 [B, H, W, C] in 0 to
    255, and return `embedding`, float32; generators take `features` (and `noise`), float32, and
    return `image`, float32 [B, H, W, C] in [0, 1]. A card is written beside the file, see
    `docs/export.md`.

    Args:
        run_dir: Run directory of a finished run.
        to: `savedmodel`, `keras`, `onnx` or `litert`.
        path: The file, or the folder of a SavedModel; None for one in `exports/` of the run.
        layer: The layer of a comparator, which a comparator's run needs and no other takes.
        overwrite: Whether to replace what an earlier export wrote there.

    Returns:
        The path that was written.

    Raises:
        InputError: If there is no such format or its packages are missing; if this is no finished
            run, or one of its files is damaged; if the path is taken or its name does not fit the
            format; if a layer is missing, unknown, or of a run that is no comparator.

    Example:
        >>> path = export_run("runs/ae", "onnx")
        >>> session = onnxruntime.InferenceSession(path)
        >>> (embeddings,) = session.run(None, {"images": images})
    """
    run = RunDirectory(run_dir)
    check_format(to)
    config = TrainConfig.from_dict(run.read_config())
    _check_finished(run, config.task)
    _check_layer(config, layer)
    if path is None:
        stem = layer or run.outcome(config.task).name
        path = run.path / "exports" / f"{stem}{FORMATS[to].suffix}"
    path = Path(path)
    check_output(path, to, overwrite)
    card = make_card(run, config, to, layer)
    import_tensorflow()
    from tfdeepsim.export.trained_network import TrainedNetwork

    network = TrainedNetwork(run, config, layer)
    card |= network.interface
    with replacing(card_path(path)) as new_card, replacing(path) as new:
        network.write(to, card, new)
        new_card.write_text(text_of({"file": path.name, "sha256": sha256_of(new), **card}))
    return path


def _check_finished(run: RunDirectory, task: str) -> None:
    outcome = run.outcome(task)
    if not outcome.exists():
        raise InputError(
            "only a finished run is exported",
            got=f"{run.path}, which holds no {outcome.name}",
            accepted="a run that train.py finished; --resume goes on with one that was interrupted",
        )


def _check_layer(config: TrainConfig, layer: str | None) -> None:
    if config.task == "comparator" and layer is None:
        raise InputError(
            "of a comparator the features of one layer are exported",
            got="no --layer",
            accepted=", ".join(ARCHITECTURES[str(config.comparator)].layer_names),
        )
    if config.task != "comparator" and layer is not None:
        raise InputError(
            "--layer is for the run of a comparator",
            got=f"{layer} for a run of --task {config.task}",
            accepted="no --layer",
        )
