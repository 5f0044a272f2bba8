"""Where users keep files as they were downloaded. Imports nothing heavy."""

from pathlib import Path


def places(root: Path) -> tuple[Path, ...]:
    """Folders to look in for original files: that of all datasets, and those that tfds looks in.

    Args:
        root: Of all datasets.
    """
    return root, root / "manual", root / "downloads" / "manual"
