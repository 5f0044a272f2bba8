import numpy as np

from tfdeepsim.probes.data.standardizer import Standardizer

REFERENCE = np.random.default_rng(0).normal(3, 5, size=(200, 4))


def test_reference_gets_mean_0_and_deviation_1():
    values = Standardizer(REFERENCE).apply(REFERENCE)
    assert values.dtype == np.float32
    np.testing.assert_allclose(values.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(values.std(axis=0), 1, rtol=1e-6)


def test_other_rows_move_by_the_numbers_of_the_reference():
    standardizer = Standardizer(np.array([[0.0], [4.0]]))
    np.testing.assert_array_equal(standardizer.apply(np.array([[2.0], [6.0]])), [[0.0], [2.0]])


def test_invert_undoes_apply():
    standardizer = Standardizer(REFERENCE)
    np.testing.assert_allclose(
        standardizer.invert(standardizer.apply(REFERENCE)), REFERENCE, rtol=1e-5, atol=1e-5
    )


def test_constant_columns_are_shifted_only():
    constant = np.full((1000, 2), [0.0, 0.1], np.float32)
    standardizer = Standardizer(constant)
    np.testing.assert_allclose(standardizer.apply(constant), 0, atol=1e-6)
    np.testing.assert_allclose(standardizer.apply(constant + 2), 2, atol=1e-6)


def test_small_but_varying_columns_are_scaled_up():
    small = 1e-4 * REFERENCE
    np.testing.assert_allclose(Standardizer(small).apply(small).std(axis=0), 1, rtol=1e-5)


def test_identity_changes_no_bit():
    values = REFERENCE.astype(np.float32)
    identity = Standardizer.identity(4)
    np.testing.assert_array_equal(identity.apply(values), values)
    np.testing.assert_array_equal(identity.invert(values), values)
