"""Speed of recording LunarLander frames, compared with the plain way.

    python benchmarks/simulator.py [--rounds 5] [--workers 2]

The plain way is one process that draws every step through `env.render()`, keeps one picture in ten
and reduces it to 64x64. Both ways give the same frames, bit for bit. The ways take turns, so that
other load on the machine slows all of them. Expect a ratio well above 3 on 2 cores, also where the
frames are written as a dataset. Takes about a minute.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import gymnasium
import numpy as np
import pygame

from tfdeepsim.data.llv2 import simulator
from tfdeepsim.data.llv2.frame import ENVIRONMENT, SIDE
from tfdeepsim.data.llv2.workers import Workers

FRAMES, STRIDE = 15, 10
PLAIN_ROLLOUTS, OUR_ROLLOUTS = 3, 40
"""Rollouts in a turn, the plain way and with workers."""

WRITTEN = "20x15-stride10"
"""Dataset that is written in a turn, of 60 rollouts."""


def plain(seed: int) -> list[np.ndarray]:
    """The frames of a rollout, recorded the plain way."""
    environment = gymnasium.make(ENVIRONMENT, render_mode="rgb_array")
    environment.reset(seed=seed)
    policy = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0,)))
    frames = [reduced(environment.render())]
    for step, action in enumerate(policy.integers(4, size=(FRAMES - 1) * STRIDE), start=1):
        environment.step(action)
        picture = environment.render()
        if step % STRIDE == 0:
            frames.append(reduced(picture))
    return frames


def reduced(picture: np.ndarray) -> np.ndarray:
    """A picture reduced to 64x64."""
    surface = pygame.surfarray.make_surface(picture.swapaxes(0, 1))
    return pygame.surfarray.array3d(pygame.transform.smoothscale(surface, (SIDE, SIDE))).swapaxes(
        0, 1
    )


def write(seed: int, workers: int) -> int:
    """Write a dataset, and return the number of its frames."""
    from tfdeepsim.data.llv2.llv2 import Llv2

    with tempfile.TemporaryDirectory() as folder:
        builder = Llv2(config=f"{WRITTEN}-seed{seed}", data_dir=folder, workers=workers)
        builder.download_and_prepare()
        return sum(builder.size.splits.values())


def rate(work: Callable[[], int]) -> float:
    """Frames per second of `work`, which returns the number of frames."""
    start = time.perf_counter()
    frames = work()
    return frames / (time.perf_counter() - start)


def shares(seeds: range) -> dict[str, float]:
    """Milliseconds of one process for each frame, by the part of the work."""
    spent = dict.fromkeys(("physics", "drawing", "reducing", "all"), 0.0)

    def timed(name: str, call: Callable) -> Callable:
        def wrapper(*args, **kwargs):
            start = time.perf_counter()
            try:
                return call(*args, **kwargs)
            finally:
                spent[name] += time.perf_counter() - start

        return wrapper

    lander = simulator.LunarLander
    originals = lander.step, lander.render, pygame.transform.smoothscale
    lander.step, lander.render = timed("physics", lander.step), timed("drawing", lander.render)
    pygame.transform.smoothscale = timed("reducing", pygame.transform.smoothscale)
    for seed in seeds:
        timed("all", simulator.record)(seed, FRAMES, STRIDE)
    lander.step, lander.render, pygame.transform.smoothscale = originals
    return {name: round(1000 * seconds / len(seeds) / FRAMES, 2) for name, seconds in spent.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()

    assert (simulator.record(0, FRAMES, STRIDE)["image"] == np.stack(plain(0))).all()
    write(0, options.workers)  # imports TensorFlow

    ways: dict[str, list[float]] = {"plain": [], "recorded": [], "written": []}
    with Workers(options.workers) as workers:
        list(workers.record(range(options.workers), 2, 1))  # until they have started
        for turn in range(options.rounds):
            seeds = range(1000 * turn, 1000 * turn + OUR_ROLLOUTS)
            ways["plain"].append(
                rate(lambda seeds=seeds: sum(len(plain(seed)) for seed in seeds[:PLAIN_ROLLOUTS]))
            )
            recorded = workers.record(seeds, FRAMES, STRIDE)
            ways["recorded"].append(rate(lambda recorded=recorded: sum(map(len, recorded))))
            ways["written"].append(rate(lambda turn=turn: write(turn, options.workers)))

    print(
        f"frames per second, one in {STRIDE} steps, {options.workers} workers, median "
        "(lowest to highest)"
    )
    for way, rates in ways.items():
        ratios = [ours / theirs for ours, theirs in zip(rates, ways["plain"], strict=True)]
        print(
            f"{way:>9}: {statistics.median(rates):6.0f} ({min(rates):.0f} to {max(rates):.0f})"
            f"   {statistics.median(ratios):5.1f} x plain ({min(ratios):.1f} to {max(ratios):.1f})"
        )
    print(f"milliseconds of one process for each frame: {shares(range(20))}")


if __name__ == "__main__":
    main()
