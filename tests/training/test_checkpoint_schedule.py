"""When the state is saved within an epoch, by the clock of one process and by that of a chief."""

from tfdeepsim.training.checkpoint_schedule import CheckpointSchedule
from tfdeepsim.training.workers import Workers


class Clock:
    """A clock that goes on by so many seconds a step."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def steps_saved(schedule, clock, seconds, steps):
    saved = []
    for step in range(1, steps + 1):
        clock.now += seconds
        if schedule.is_due():
            saved.append(step)
            schedule.begin()
    return saved


def test_state_is_saved_as_often_as_the_minutes_say():
    clock = Clock()
    assert steps_saved(CheckpointSchedule(10, clock=clock), clock, 120, 12) == [5, 10]
    assert steps_saved(CheckpointSchedule(0, clock=clock), clock, 1, 3) == [1, 2, 3]
    # A step that takes longer than that.
    assert steps_saved(CheckpointSchedule(1, clock=clock), clock, 100, 3) == [1, 2, 3]


def test_an_epoch_begins_anew():
    clock = Clock()
    schedule = CheckpointSchedule(1, clock=clock)
    clock.now += 59
    assert not schedule.is_due()
    schedule.begin()
    clock.now += 59
    assert not schedule.is_due()
    clock.now += 1
    assert schedule.is_due()


def test_a_process_that_has_to_stop_saves_after_its_step():
    schedule = CheckpointSchedule(10, clock=Clock())
    assert not schedule.is_due()
    assert not schedule.all_stop
    assert schedule.is_due(stops=True)
    assert schedule.all_stop


class Pair(Workers):
    """Two workers that take the same steps; both have what the first one says."""

    def __init__(self, others=(False, 1, False)):
        super().__init__()
        self.count = 2
        self.others = list(others)
        self.given = []

    def gather(self, value):
        self.given.append(value)
        return [value, self.others]


def test_workers_look_at_the_clock_of_the_chief_now_and_then():
    clock, pair = Clock(), Pair()
    schedule = CheckpointSchedule(10, pair, clock)
    saved = steps_saved(schedule, clock, 0.1, 12_100)
    # Every five seconds they look: 50 steps of a tenth.
    assert [step // 60 for step in saved] == [100, 200]
    assert len(pair.given) < 12_100 / 40
    # What the other one's clock says does not count.
    assert not CheckpointSchedule(10, Pair((True, 1, False)), clock).is_due()


def test_workers_of_slow_steps_look_after_each():
    clock, pair = Clock(), Pair()
    assert steps_saved(CheckpointSchedule(1, pair, clock), clock, 20, 6) == [3, 6]
    assert steps_saved(CheckpointSchedule(0, pair, clock), clock, 0, 3) == [1, 2, 3]


def test_all_workers_save_when_one_has_to_stop():
    clock = Clock()
    schedule = CheckpointSchedule(10, Pair((False, 1, True)), clock)
    clock.now += 0.1
    assert schedule.is_due()
    assert schedule.all_stop


def test_all_workers_look_after_the_last_step():
    clock, pair = Clock(), Pair()
    schedule = CheckpointSchedule(10, pair, clock)
    steps_saved(schedule, clock, 0.1, 2)
    pair.others[2] = True
    assert not schedule.is_due()
    assert schedule.is_due(look=True)
