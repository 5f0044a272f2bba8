"""What a dataset is called where people read it. Imports nothing heavy."""

from pathlib import PurePath

_FILES = ("npz", "zip")


def dataset_name(spelling: str) -> str:
    """The name of a dataset, without the path of its files.

    Args:
        spelling: The dataset as the command line spells it, e.g. `zip:downloads/photos.zip`.

    Returns:
        Name of the folder, or of the file without its ending; `spelling` itself for datasets that
        are not given by a path, and for paths that end in no name, e.g. `folder:..`.

    Example:
        >>> dataset_name("zip:downloads/photos.zip"), dataset_name("llv2/quickstart")
        ('photos', 'llv2/quickstart')
    """
    kind, _, rest = spelling.partition(":")
    path = PurePath(rest)
    if kind == "shards":
        path = path.parent if path.name.endswith(".tfrecord") else path
    if kind not in (*_FILES, "folder", "shards") or path.name in ("", ".."):
        return spelling
    return path.stem if path.suffix.lower() == f".{kind}" else path.name
