"""What setup.cfg cannot say: the folder of bundled weights, and the text of the package's page."""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
# In the wheel the folder is part of the package; in a checkout it lies beside it.
WEIGHTS = "tfdeepsim.saved_models"
PACKAGES = [*find_packages(ROOT, include=["tfdeepsim", "tfdeepsim.*"]), WEIGHTS]


def package_page(readme: str) -> str:
    """The README as the page of a package index, which has none of the files that it links to.

    A picture becomes a sentence with its description and where it is, a link to a file its text.

    Args:
        readme: The README, in Markdown.
    """

    def without_file(link: re.Match[str]) -> str:
        picture, text, target = link.groups()
        if not (ROOT / target.partition("#")[0]).is_file():
            return link[0]
        return f"({text}: {target} in the source archive.)" if picture else text

    return re.sub(r"(!?)\[([^\]]+)\]\(([^)\s]+)\)", without_file, readme)


if __name__ == "__main__":
    setup(
        packages=PACKAGES,
        package_dir={WEIGHTS: "saved_models"},
        # At any depth: a SavedModel is a folder.
        package_data={WEIGHTS: ["**/*"]},
        long_description=package_page((ROOT / "README.md").read_text(encoding="utf-8")),
    )
