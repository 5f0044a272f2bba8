import numpy as np
import pytest
import sklearn

from tfdeepsim.card.neighbours import nearest_neighbours
from tfdeepsim.errors import InputError

RNG = np.random.default_rng(0)
Z = RNG.normal(size=(300, 5)).astype(np.float32)


def test_neighbours_are_the_nearest_by_cosine():
    queries = np.array([7, 0, 299])
    found = nearest_neighbours(Z, queries, 4)
    units = np.float64(Z) / np.linalg.norm(Z, axis=1, keepdims=True)
    distances = 1 - units[queries] @ units.T
    distances[np.arange(3), queries] = np.inf
    expected = np.argsort(distances, axis=1)[:, :4]
    np.testing.assert_array_equal(found.queries, queries)
    np.testing.assert_array_equal(found.indices, expected)
    np.testing.assert_allclose(
        found.distances, np.take_along_axis(distances, expected, 1), atol=1e-5
    )


def test_computing_in_blocks_changes_nothing():
    whole = nearest_neighbours(Z, np.arange(300), 4)
    with sklearn.config_context(working_memory=0.05):  # MiB: some 20 rows a block
        blocks = nearest_neighbours(Z, np.arange(300), 4)
    np.testing.assert_array_equal(whole.indices, blocks.indices)


def test_length_does_not_matter():
    scaled = Z * RNG.uniform(0.1, 10, size=(300, 1)).astype(np.float32)
    first, second = (nearest_neighbours(z, np.arange(20), 3).indices for z in (Z, scaled))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("copies", [2, 10])
def test_an_image_is_no_neighbour_of_itself_even_among_copies(copies):
    z = np.concatenate([np.repeat(Z[:1], copies, axis=0), Z[1:50]])
    found = nearest_neighbours(z, np.arange(copies), 3)
    assert found.indices.shape == (copies, 3)
    assert not (found.indices == np.arange(copies)[:, None]).any()
    np.testing.assert_allclose(found.distances[:, 0], 0, atol=1e-6)


def test_fewer_images_than_neighbours():
    assert nearest_neighbours(Z[:3], np.array([1]), 9).indices.shape == (1, 2)


def test_an_embedding_of_length_0_is_far_from_all():
    found = nearest_neighbours(
        np.concatenate([Z[:4], np.zeros((1, 5), np.float32)]), np.array([4]), 2
    )
    np.testing.assert_allclose(found.distances, 1)


@pytest.mark.parametrize(("count", "k"), [(1, 3), (5, 0)])
def test_nothing_to_compare_with_is_refused(count, k):
    with pytest.raises(InputError, match="neighbours need other images"):
        nearest_neighbours(Z[:count], np.array([0]), k)
