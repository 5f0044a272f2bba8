import base64
import hashlib
import html
import io
import json
import re
import shutil
import subprocess

import numpy as np
import pytest
from PIL import Image

from tfdeepsim.report.embedded_images import EmbeddedImages
from tfdeepsim.report.figures.gallery import draw_all
from tfdeepsim.report.page import page
from tfdeepsim.report.page_maps import THUMBNAILS
from tfdeepsim.report.row_comparison import compare_rows

HOSTILE = "</script><script>alert('x')</script>\" onload=\"x&amp;"


def page_with_maps(records, scores, size=16, count=60, labels=None, names=()):
    generator = np.random.default_rng(0)
    shown = EmbeddedImages(
        generator.integers(0, 256, (count, size, size, 3), dtype=np.uint8),
        labels,
        {record.name: generator.normal(size=(count, 4)) for record in records},
    )
    comparisons = compare_rows(scores)
    for record in records:
        record.class_names[:] = names
    return page("llv2", records, comparisons, draw_all(records, comparisons[0], shown), "")


@pytest.fixture
def records(make_run, four_scores, read_scored):
    return [read_scored(make_run(score), score) for score in four_scores[::2]]


@pytest.fixture
def hostile(records, four_scores):
    """A page whose only class has a name that is markup."""
    labels = np.zeros(60, np.int64)
    return page_with_maps(records, four_scores[::2], labels=labels, names=[HOSTILE])


def data_of(made):
    return json.loads(html.unescape(re.search('data-map="([^"]*)"', made)[1]))


def test_the_policy_allows_the_one_script_and_no_other(hostile):
    (script,) = re.findall("<script>(.*?)</script>", hostile, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = html.unescape(re.search('Content-Security-Policy" content="([^"]*)"', hostile)[1])
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert policy.endswith(f"script-src 'sha256-{digest}'")
    assert not re.search(r"innerHTML|insertAdjacent|document\.write|eval|https?:", script)


def test_names_of_classes_are_text(hostile):
    assert hostile.count("<script") == 1
    assert 'onload="' not in hostile
    assert data_of(hostile)["texts"][0].startswith("</script>")


def test_the_page_holds_the_images_and_their_places(records, four_scores):
    labels = np.random.default_rng(1).uniform(-1, 1, (60, 2))
    made = page_with_maps(records, four_scores[::2], labels=labels)
    data = data_of(made)
    assert [len(places) for places in data["places"]] == [120, 120]
    assert all(0 < place < data["scale"] for place in data["places"][0])
    assert data["texts"][7] == f"x {labels[7, 0]:.3g}, y {labels[7, 1]:.3g}"
    picture = Image.open(io.BytesIO(base64.b64decode(data["thumbnails"].partition(",")[2])))
    assert picture.size == (8 * 16, 8 * 16)
    assert "60 test images" in made
    assert "by t-SNE. The colours show the labels" in made
    assert '<p class="note hint" hidden="">' in made


def test_a_page_with_many_maps_stays_small(records, four_scores):
    made = page_with_maps(records, four_scores[::2], size=96, count=1000)
    assert len(base64.b64decode(data_of(made)["thumbnails"].partition(",")[2])) <= THUMBNAILS
    assert len(made) < 5e6
    assert "The colours" not in made


@pytest.mark.skipif(not shutil.which("chromium"), reason="there is no browser")
def test_a_browser_runs_the_script(hostile, tmp_path):
    file = tmp_path / "report.html"
    file.write_text(hostile)
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    command += [f"--user-data-dir={tmp_path / 'profile'}", file.as_uri()]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    assert shown.count('class="ring"') == 2
    assert '<p class="note hint">' in shown
    assert 'role="status"' in shown
