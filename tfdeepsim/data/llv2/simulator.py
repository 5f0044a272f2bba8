"""Recording of rollouts of LunarLander. Does not import TensorFlow."""

import warnings

import numpy as np
import pygame

from tfdeepsim.data.llv2.frame import FRAME, SIDE

with warnings.catch_warnings():
    # Box2D's types warn when they are created; where warnings are errors, that would crash.
    warnings.simplefilter("ignore", DeprecationWarning)
    from gymnasium.envs.box2d.lunar_lander import LunarLander

_AGE = 0.15
"""Amount by which `LunarLander.render` reduces a particle's time to live, which begins at 1."""

_DRAWN = 6
"""Number of frames in which a particle is visible, from that of the step which emits it."""


class _Lander(LunarLander):
    """LunarLander that can skip frames without changing those that it draws.

    Particles of the engines age only when a frame is drawn, so after skipped frames particles would
    be seen that should have vanished.
    """

    def __init__(self) -> None:
        # In a mode that it does not know, render() draws on `surf` and does not copy the picture
        # into an array, which would take longer than drawing it.
        super().__init__(render_mode="surface")

    def emit_particles(self, emit: bool) -> None:
        """Whether the engines emit particles, which affect nothing but what is drawn."""
        self.render_mode = "surface" if emit else None

    def skip_frame(self) -> None:
        """Age the particles as drawing a frame would."""
        for particle in self.particles:
            particle.ttl -= _AGE
        self._clean_particles(False)

    def draw(self) -> np.ndarray:
        """The current frame, uint8 [64, 64, 3]."""
        self.emit_particles(True)
        self.render()
        small = pygame.transform.smoothscale(self.surf, (SIDE, SIDE))
        return pygame.surfarray.array3d(small).swapaxes(0, 1)


def record(seed: int, frames: int, stride: int) -> np.ndarray:
    """Record one rollout of LunarLander-v3 under a random policy; it is recorded further after
    termination, as in Pihlgren et al. 2020.

    A frame shows the same instant as its state. Frames are drawn by the environment at 600x400 and
    reduced to 64x64 by pygame's `smoothscale`, which averages over areas. Frames between recorded
    ones are not drawn, which changes no pixel of the recorded ones.

    Args:
        seed: Seed of the terrain, the initial push, the noise of the engines and the policy.
        frames: Number of frames to record; the first is that of the reset.
        stride: Number of steps from one recorded frame to the next.

    Returns:
        `FRAME` records [frames]: `image` uint8 [64, 64, 3]; `state` float32 [8], the environment's
        observation, which begins with the lander's x and y; `step`, number of steps of 1/50 s since
        the reset; `terminated`, whether the episode had ended by then.
    """
    rollout = np.empty(frames, FRAME)
    lander = _Lander()
    state, _ = lander.reset(seed=seed)
    # The spawn key keeps the policy's random numbers apart from the environment's.
    policy = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0,)))
    actions = policy.integers(4, size=(frames - 1) * stride)
    rollout[0] = lander.draw(), state, 0, False
    ended = False
    for step, action in enumerate(actions.tolist(), start=1):
        until_recorded = -step % stride
        lander.emit_particles(until_recorded < _DRAWN)
        state, _, terminated, _, _ = lander.step(action)
        ended |= terminated
        if until_recorded:
            lander.skip_frame()
        else:
            rollout[step // stride] = lander.draw(), state, step, ended
    return rollout
