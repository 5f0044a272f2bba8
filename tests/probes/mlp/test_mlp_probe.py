import math

import numpy as np

from tfdeepsim.probes.mlp.probe import MlpProbe


def trained(losses):
    probe = MlpProbe(seed=0, widths=(2, 8, 1), parameters=np.zeros(1))
    for loss in losses:
        probe.record(loss, np.array([loss]))
    return probe


def test_weights_of_the_lowest_loss_are_kept():
    probe = trained([3.0, 1.0, 2.0, 1.0])
    assert (probe.validation_loss, probe.best_epoch, probe.epochs) == (1.0, 2, 4)
    np.testing.assert_array_equal(probe.parameters, [1.0])
    assert probe.hidden == (8,)


def test_weights_are_copied():
    probe = trained([])
    row = np.array([5.0])
    probe.record(1.0, row)
    row[:] = 0
    np.testing.assert_array_equal(probe.parameters, [5.0])


def test_probe_stops_after_patience_epochs_without_a_lower_loss():
    losses = [3.0, 1.0, 2.0, 2.0, 2.0]
    assert [trained(losses[:n]).stops(patience=2) for n in range(1, 6)] == [
        False,
        False,
        False,
        True,
        True,
    ]


def test_diverging_probe_stops_and_has_no_finite_loss():
    probe = trained([math.nan, math.inf, math.nan])
    assert probe.stops(patience=3)
    assert probe.validation_loss == math.inf
