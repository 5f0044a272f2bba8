"""When the state of a run is saved within an epoch."""

import time
from collections.abc import Callable

from tfdeepsim.training.workers import Workers

LOOKS = 100
"""How often several workers look at the chief's clock in the time between two checkpoints."""
LONGEST = 5.0
"""Most seconds between two looks: after SIGTERM, batch systems wait for half a minute."""


class CheckpointSchedule:
    """Tells after which training steps to save the state.

    One process looks at its clock after each step. Several workers save after the same step, so
    they exchange what the chief's clock says, and whether one of them has to stop; after as many
    steps as the chief measured to take a moment, since an exchange takes time.

    Args:
        minutes: Minutes between two checkpoints; 0 to save after each step.
        workers: The processes that train the run; None for this one alone.
        clock: Function that returns seconds, from any start.

    Attributes:
        all_stop: Whether one of the workers has to stop, as of the last look.

    Example:
        >>> schedule = CheckpointSchedule(minutes=10)
        >>> schedule.begin()
        >>> schedule.is_due()
        False
    """

    def __init__(
        self,
        minutes: float,
        workers: Workers | None = None,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.clock = clock
        self._seconds = 60 * minutes
        self._workers = workers or Workers()
        self.all_stop = False
        self.begin()

    def begin(self) -> None:
        """Count from now on: at this moment nothing would be lost."""
        self._saved = self._looked = self.clock()
        self._steps, self._steps_to_look = 0, 1

    def is_due(self, stops: bool = False, look: bool = False) -> bool:
        """Whether to save after this step; to be called after each step, by all workers.

        Args:
            stops: Whether this worker has to stop, upon which the state is saved at the next look.
            look: Whether to look after this step in any case; the same for all workers.
        """
        self._steps += 1
        if self._steps < self._steps_to_look and not look:
            return False
        now = self.clock()
        is_late = now - self._saved >= self._seconds
        if self._workers.count == 1:
            self.all_stop = stops
            return is_late or stops
        seconds_per_step = max(1e-6, (now - self._looked) / self._steps)
        pause = int(min(self._seconds / LOOKS, LONGEST) / seconds_per_step)
        of_all = self._workers.gather([is_late, pause, stops])
        (is_late, pause, _), self._looked, self._steps = of_all[0], now, 0
        self._steps_to_look = max(1, pause)
        self.all_stop = any(stops for _, _, stops in of_all)
        return is_late or self.all_stop
