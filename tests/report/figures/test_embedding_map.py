import dataclasses
import io

import numpy as np
import pytest
from PIL import Image

from tfdeepsim.report.embedded_images import MOST, EmbeddedImages, some_rows
from tfdeepsim.report.figures.embedding_map import SCALE, embedding_map
from tfdeepsim.report.figures.embedding_map_labels import (
    CLASSES,
    MARKERS,
    OTHER,
    coordinate_name,
    label_look,
)
from tfdeepsim.report.figures.embedding_map_points import FEWEST, map_points
from tfdeepsim.report.figures.style import BASELINE_COLOUR
from tfdeepsim.report.row_comparison import compare_rows


def two_groups(count=30, size=8, distance=20.0):
    """Embeddings [2 * count, size] around two points, the first `count` around one of them."""
    embeddings = np.random.default_rng(0).normal(size=(2 * count, size))
    embeddings[:count] += distance
    return embeddings


def shown(names, labels, count=60):
    images = np.zeros((count, 8, 8, 3), np.uint8)
    return EmbeddedImages(images, labels, dict.fromkeys(names, two_groups(count // 2)))


def opened(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def test_similar_embeddings_lie_together():
    places, method = map_points(two_groups())
    assert method == "t-SNE"
    assert places.min() >= 0
    assert places.max() <= 1
    first, second = places[:30], places[30:]
    spread = max(np.linalg.norm(group - group.mean(0), axis=1).max() for group in (first, second))
    assert np.linalg.norm(first.mean(0) - second.mean(0)) > 2 * spread


def test_a_map_is_the_same_each_time():
    embeddings = two_groups()
    np.testing.assert_array_equal(map_points(embeddings)[0], map_points(embeddings.copy())[0])


@pytest.mark.parametrize(
    "embeddings",
    [two_groups(FEWEST // 2 - 1), two_groups(60, size=1), np.repeat(two_groups(10), 20, axis=0)],
    ids=["few", "one number", "few different ones"],
)
def test_principal_components_where_there_are_no_neighbours(embeddings):
    places, method = map_points(embeddings)
    assert method == "PCA"
    assert np.ptp(places, axis=0).max() == pytest.approx(1)


def test_collapsed_embeddings_lie_in_the_middle():
    places, method = map_points(np.ones((100, 8), np.float32))
    assert method == "PCA"
    np.testing.assert_allclose(places, 0.5)


def test_images_are_drawn_at_random_among_those_that_serve():
    served = np.arange(5000) >= 2000
    rows = some_rows(served)
    assert len(rows) == len(set(rows)) == MOST
    assert (np.diff(rows) > 0).all()
    assert rows.min() >= 2000
    np.testing.assert_array_equal(rows, some_rows(served))
    assert some_rows(served[:2003]).tolist() == [2000, 2001, 2002]


def test_ten_classes_differ_in_colour_or_mark_and_others_are_gray():
    labels = np.repeat(np.arange(12), [*range(2, 12), 1, 1])
    look = label_look(labels, [f"class {number}" for number in range(12)])
    assert [name for name, *_ in look.classes] == [*(f"class {n}" for n in range(10)), "2 others"]
    looks = {(colour, mark) for _, colour, mark in look.classes}
    assert len(looks) == CLASSES + 1
    assert look.classes[-1][1:] == (BASELINE_COLOUR, MARKERS[0])
    assert (look.markers[-2:] == OTHER).all()
    assert look.texts[-1] == "class 11"


def test_classes_without_names_are_numbers():
    assert label_look(np.array([3, -1]), ["a"]).texts == ["3", "-1"]


def test_coordinates_are_colours_that_change_with_both():
    side = np.linspace(-1, 1, 21)
    labels = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    look = label_look(labels, [])
    assert look.texts[0] == "x -1, y -1"
    assert [name for name, *_ in look.ranges] == ["x", "y"]
    colours = look.colours.reshape(21, 21, 3)
    assert (np.diff(colours.sum(-1), axis=0) >= -1e-9).all()
    # From left to right blue gives way to red.
    redness = colours[..., 0] - colours[..., 2]
    assert (redness[:, -1] > redness[:, 0] + 0.4).all()


def test_one_value_is_a_colour_and_a_far_value_leaves_the_others_apart():
    labels = np.linspace(0, 1, 100)
    labels[-1] = 1e9
    look = label_look(labels, [])
    assert len(look.ranges) == 1
    assert look.ranges[0][2] < 2
    assert len(np.unique(look.colours, axis=0)) > 50
    assert label_look(np.ones((3, 1)), []).colours.shape == (3, 3)


def test_many_coordinates_have_numbers():
    assert [coordinate_name(index, 4) for index in range(2)] == ["1", "2"]
    assert label_look(np.zeros((2, 4)), []).texts[0] == "1 0, 2 0, 3 0, 4 0"


@pytest.mark.parametrize("rows", [1, 4])
def test_points_are_where_the_page_looks_for_them(four_records, rows):
    records = four_records[:rows]
    labels = np.zeros(60, np.int64)
    drawn = embedding_map(records, shown([r.name for r in records], labels), None)
    pixels = opened(drawn.png)
    assert drawn.places.shape == (rows, 60, 2)
    height, width = pixels.shape[:2]
    across, down = np.moveaxis(drawn.places / SCALE, -1, 0)
    # The first class is blue.
    found = pixels[(down * height).astype(int), (across * width).astype(int)]
    assert (found[..., 2] - found[..., 0] > 60).all()
    assert drawn.methods == {record.full_name: "t-SNE" for record in records}


def test_scores_stand_below_the_maps(four_records, four_scores):
    images = shown([r.name for r in four_records], None)
    comparison = compare_rows(four_scores)[0]
    without, drawn = (embedding_map(four_records, images, c) for c in (None, comparison))
    difference = np.argwhere((opened(without.png) != opened(drawn.png)).any(-1))[:, 0]
    assert difference.min() > drawn.places[..., 1].max() / SCALE * len(opened(drawn.png))
    assert drawn.texts == [""] * 60


def test_rows_without_embeddings_have_no_panel(four_records):
    images = shown([four_records[2].name], None)
    assert embedding_map(four_records, images, None).places.shape[0] == 1
    assert embedding_map(four_records[:1], images, None) is None
    assert embedding_map(four_records, None, None) is None
    alone = dataclasses.replace(images, images=images.images[:1])
    assert embedding_map(four_records, alone, None) is None
