"""Recording against the plain way: `gymnasium.make`, draw every step through `render()`, keep
some."""

import gymnasium
import numpy as np
import pygame
import pytest

from tfdeepsim.data.llv2.frame import ENVIRONMENT
from tfdeepsim.data.llv2.simulator import record


def plain(seed, frames, stride):
    environment = gymnasium.make(ENVIRONMENT, render_mode="rgb_array")
    state, _ = environment.reset(seed=seed)
    random = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0,)))
    actions = random.integers(4, size=(frames - 1) * stride)
    images, states, ended, particles = [reduced(environment.render())], [state], [False], [0]
    for step, action in enumerate(actions, start=1):
        state, _, terminated, _, _ = environment.step(action)
        picture = environment.render()
        ended.append(ended[-1] or terminated)
        if step % stride == 0:
            images.append(reduced(picture))
            states.append(state)
            particles.append(len(environment.unwrapped.particles))
    return np.stack(images), np.stack(states), np.array(ended[::stride]), np.array(particles)


def reduced(picture):
    surface = pygame.surfarray.make_surface(picture.swapaxes(0, 1))
    return pygame.surfarray.array3d(pygame.transform.smoothscale(surface, (64, 64))).swapaxes(0, 1)


@pytest.mark.parametrize(
    ("seed", "frames", "stride"), [(0, 15, 10), (1, 23, 7), (2, 30, 4), (3, 60, 2), (4, 70, 1)]
)
def test_skipped_frames_do_not_change_the_recorded_ones(seed, frames, stride):
    images, states, terminated, particles = plain(seed, frames, stride)
    rollout = record(seed, frames, stride)
    assert particles.max() > 2, "engines must be seen to fire"
    np.testing.assert_array_equal(rollout["image"], images)
    np.testing.assert_array_equal(rollout["state"], states)
    np.testing.assert_array_equal(rollout["terminated"], terminated)
    np.testing.assert_array_equal(rollout["step"], np.arange(frames) * stride)


def test_skipped_frames_do_not_change_the_recorded_ones_after_termination():
    images, _, terminated, particles = plain(seed=0, frames=20, stride=10)
    rollout = record(seed=0, frames=20, stride=10)
    assert particles[terminated].max() > 2
    assert not terminated[0]
    np.testing.assert_array_equal(rollout["terminated"], terminated)
    np.testing.assert_array_equal(rollout["image"], images)


def test_a_rollout_is_a_function_of_its_seed():
    np.testing.assert_array_equal(record(7, 3, 5), record(7, 3, 5))
    assert (record(7, 3, 5)["image"] != record(8, 3, 5)["image"]).any()


def test_the_same_rollout_at_another_stride():
    every, third = record(9, 19, 1), record(9, 7, 3)
    np.testing.assert_array_equal(every[::3], third)


def place_of_lander(image):
    """Where the lander's purple is, in units of the state."""
    red, green, blue = np.moveaxis(image.astype(float), -1, 0)
    purple = np.clip(blue - (red + green) / 2, 0, None)
    rows, columns = (np.arange(64) + 0.5) @ purple, purple @ (np.arange(64) + 0.5)
    column, row = columns.sum() / purple.sum(), rows.sum() / purple.sum()
    height = (1 - row / 64) * 400 / 30  # of 400 pixels at 30 a metre
    return column / 32 - 1, (height - (400 / 30 / 4 + 18 / 30)) / (400 / 30 / 2)


def test_a_frame_shows_the_lander_at_the_position_of_its_state():
    rollout = record(seed=0, frames=100, stride=1)
    x, y = rollout["state"][:, :2].T
    inside = np.flatnonzero((abs(x) < 0.9) & (y > 0) & (y < 1.25))[1:-1]
    assert len(inside) > 50
    seen = np.array([place_of_lander(rollout["image"][step]) for step in inside])

    def differences(lag):
        return seen - rollout["state"][inside + lag, :2]

    assert abs(differences(0).mean(axis=0)).max() < 0.01  # a third of a pixel
    assert 2 * differences(0).std(axis=0).sum() < min(
        differences(lag).std(axis=0).sum() for lag in (-1, 1)
    )
