import contextlib
import itertools
import os
import signal

import numpy as np
import psutil
import pytest

from tfdeepsim.data.llv2.simulator import record
from tfdeepsim.data.llv2.workers import Workers


def children():
    return set(psutil.Process().children())


def test_rollouts_come_in_order_whatever_the_number_of_processes():
    seeds = range(40, 47)
    expected = [record(seed, 3, 4) for seed in seeds]
    for count in (1, 3):
        with Workers(count) as workers:
            for rollout, same in zip(workers.record(seeds, 3, 4), expected, strict=True):
                np.testing.assert_array_equal(rollout, same)


def test_a_caller_that_stops_early_can_record_again():
    with Workers(2) as workers:
        next(workers.record(range(10, 20), 2, 3))
        (rollout,) = workers.record([99], 3, 4)
    np.testing.assert_array_equal(rollout, record(99, 3, 4))


def test_a_process_that_dies_ends_the_recording():
    before = children()
    with Workers(1) as workers:
        rollouts = workers.record(itertools.count(), 2, 1)
        next(rollouts)
        (child,) = children() - before
        os.kill(child.pid, signal.SIGKILL)
        with pytest.raises(RuntimeError, match="exit code -9"):
            list(rollouts)


def test_no_process_is_left_when_the_caller_fails():
    before = children()
    with contextlib.suppress(KeyError), Workers(2) as workers:
        next(workers.record(range(9), 2, 1))
        assert len(children() - before) == 2
        raise KeyError
    assert children() == before
