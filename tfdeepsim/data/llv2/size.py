"""Sizes of LLv2, and how the name of a dataset spells them. Imports nothing heavy."""

import dataclasses
import re

from tfdeepsim.errors import InputError

VERSION = "1.0.0"
"""Version of the data: it rises with any change of frames or labels."""

MOST_STEPS = 500
"""Longest rollout, in steps: a lander that falls past the ground for longer leaves the range of
coordinates that can be drawn."""

_SPELLING = re.compile(
    r"(?P<rollouts>[1-9]\d{0,5})x(?P<frames>[1-9]\d{0,2})"
    r"-stride(?P<stride>[1-9]\d{0,2})(-seed(?P<seed>0|[1-9]\d{0,8}))?"
)


@dataclasses.dataclass(frozen=True)
class Size:
    """How many rollouts are recorded, and which frames of each.

    Attributes:
        rollouts: Number of rollouts for each purpose (encoders, probes, test), so three times as
            many in all.
        frames: Number of recorded frames of each rollout.
        stride: Number of simulation steps, of 1/50 s each, from one recorded frame to the next.
        seed: Seed of the rollouts.

    Example:
        >>> Size(rollouts=200, frames=15, stride=10, seed=3).name
        '200x15-stride10-seed3'
    """

    rollouts: int
    frames: int
    stride: int
    seed: int = 0

    @property
    def name(self) -> str:
        """The only spelling of this size, e.g. `small` or `200x15-stride10-seed3`."""
        for name, size in NAMED.items():
            if size == self:
                return name
        seed = f"-seed{self.seed}" if self.seed else ""
        return f"{self.rollouts}x{self.frames}-stride{self.stride}{seed}"

    @property
    def steps(self) -> int:
        """Number of simulation steps from the first recorded frame of a rollout to the last."""
        return (self.frames - 1) * self.stride

    @property
    def episodes(self) -> dict[str, range]:
        """The rollouts of each split, by their numbers.

        The number is also the rollout's seed: `seed * 10**9 + purpose * 10**8 + index`, where the
        purpose is 1 for encoders, 2 for probes and 3 for test. So no rollout serves two purposes,
        not even in datasets of different sizes: no test rollout of `paper` is in the training data
        of `small`.
        """
        encoder, probe, test = (self.seed * 10**9 + purpose * 10**8 for purpose in (1, 2, 3))
        end, tenth, fifth = self.rollouts, max(1, self.rollouts // 10), max(1, self.rollouts // 5)
        return {
            "encoder_train": range(encoder, encoder + end - tenth),
            "encoder_validation": range(encoder + end - tenth, encoder + end),
            "probe_train": range(probe, probe + end - fifth),
            "probe_validation": range(probe + end - fifth, probe + end),
            "test": range(test, test + end),
        }

    @property
    def splits(self) -> dict[str, int]:
        """Number of frames of each split."""
        return {split: len(episodes) * self.frames for split, episodes in self.episodes.items()}


NAMED = {
    "small": Size(rollouts=1000, frames=15, stride=10),
    "quickstart": Size(rollouts=500, frames=15, stride=10),
    "paper": Size(rollouts=700, frames=150, stride=1),
}

SPELLINGS = (
    "small, quickstart, paper, or ROLLOUTSxFRAMES-strideN[-seedN] such as 200x15-stride10-seed3, "
    f"with 2 or more rollouts and at most {MOST_STEPS} steps from first to last frame"
)


def parse(name: str) -> Size:
    """The size that `name` spells.

    Raises:
        InputError: If `name` spells no size.
    """
    if name in NAMED:
        return NAMED[name]
    match = _SPELLING.fullmatch(name)
    if match:
        size = Size(**{key: int(value or 0) for key, value in match.groupdict().items()})
        if size.rollouts >= 2 and size.steps <= MOST_STEPS:
            return size
    raise InputError("size of LLv2 must be known", got=repr(name), accepted=SPELLINGS)
