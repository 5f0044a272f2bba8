import math

import numpy as np

from tfdeepsim.probes.mlp.mlp_probe import MlpProbe


def trained(losses):
    member = MlpProbe(seed=0, widths=(2, 8, 1), parameters=np.zeros(1))
    for loss in losses:
        member.record(loss, np.array([loss]))
    return member


def test_keeps_the_weights_of_the_lowest_loss():
    member = trained([3.0, 1.0, 2.0, 1.0])
    assert (member.validation_loss, member.best_epoch, member.epochs) == (1.0, 2, 4)
    np.testing.assert_array_equal(member.parameters, [1.0])
    assert member.hidden == (8,)


def test_keeps_a_copy():
    member = trained([])
    row = np.array([5.0])
    member.record(1.0, row)
    row[:] = 0
    np.testing.assert_array_equal(member.parameters, [5.0])


def test_stops_after_as_many_epochs_without_gain_as_its_patience():
    losses = [3.0, 1.0, 2.0, 2.0, 2.0]
    assert [trained(losses[:n]).stops(patience=2) for n in range(1, 6)] == [
        False,
        False,
        False,
        True,
        True,
    ]


def test_a_member_that_diverges_stops_and_has_no_loss():
    member = trained([math.nan, math.inf, math.nan])
    assert member.stops(patience=3)
    assert member.validation_loss == math.inf
