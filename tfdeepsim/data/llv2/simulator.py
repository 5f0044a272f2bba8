"""Recording a rollout of LunarLander. Knows nothing of TensorFlow."""

import warnings

import numpy as np
import pygame

from tfdeepsim.data.llv2.frame import FRAME, SIDE

with warnings.catch_warnings():
    # Box2D's types warn as they are made; where warnings are errors, that would crash the process.
    warnings.simplefilter("ignore", DeprecationWarning)
    from gymnasium.envs.box2d.lunar_lander import LunarLander

_AGE = 0.15
"""How much `LunarLander.render` takes off a particle's time to live, which begins at 1."""

_DRAWN = 6
"""Frames in which a particle is seen, the first being that of the step which made it."""


class _Lander(LunarLander):
    """LunarLander that may leave frames out without changing those that it draws.

    Particles of the engines age while drawing only, so frames left out would show as particles that
    live too long.
    """

    def __init__(self) -> None:
        # In a mode that it does not know, render() draws on `surf` and leaves it there. Copying the
        # full picture into an array would take longer than drawing it.
        super().__init__(render_mode="surface")

    def make_particles(self, wanted: bool) -> None:
        """Whether the engines give off particles, which move nothing but themselves."""
        self.render_mode = "surface" if wanted else None

    def skip_frame(self) -> None:
        """Age the particles as drawing would."""
        for particle in self.particles:
            particle.ttl -= _AGE
        self._clean_particles(False)

    def draw(self) -> np.ndarray:
        """The present instant, uint8 [64, 64, 3]."""
        self.make_particles(True)
        self.render()
        small = pygame.transform.smoothscale(self.surf, (SIDE, SIDE))
        return pygame.surfarray.array3d(small).swapaxes(0, 1)


def record(seed: int, frames: int, stride: int) -> np.ndarray:
    """Record one rollout of LunarLander-v3 under a random policy, on after termination [P].

    A frame shows the very instant of its state. Frames are drawn by the environment at 600x400 and
    reduced to 64x64 by pygame's `smoothscale`, which averages over areas. What lies between kept
    frames is not drawn, which changes no pixel of those that are.

    Args:
        seed: Of the terrain, the first push, the engines' noise and the policy.
        frames: How many to keep, the first being that of the reset.
        stride: Steps from one kept frame to the next.

    Returns:
        `FRAME` records [frames]: `image` uint8 [64, 64, 3]; `state` float32 [8], the environment's
        observation, whose first two are the lander's x and y; `step` since the reset, of 1/50 s;
        `terminated`, whether the episode had ended by then.
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
        until_kept = -step % stride
        lander.make_particles(until_kept < _DRAWN)
        state, _, terminated, _, _ = lander.step(action)
        ended |= terminated
        if until_kept:
            lander.skip_frame()
        else:
            rollout[step // stride] = lander.draw(), state, step, ended
    return rollout
