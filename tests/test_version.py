"""The version stands in three files, and is the same in each."""

import re
from pathlib import Path

import tfdeepsim

ROOT = Path(__file__).parent.parent


def test_the_citation_names_the_version_and_the_day_of_the_changelog():
    citation = dict(
        re.findall(r"^(version|date-released): (\S+)$", (ROOT / "CITATION.cff").read_text(), re.M)
    )
    releases = re.findall(r"^## \[([\d.]+)\] - (\S+)$", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert citation["version"] == tfdeepsim.__version__
    assert releases[0] == (citation["version"], citation["date-released"])
