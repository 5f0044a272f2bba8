"""Training on two devices does what training on one device does, in processes with two devices."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


def test_two_replicas_of_an_autoencoder_do_what_one_does():
    """Loss and weights are the same, but each replica draws its own noise."""
    script = Path(__file__).with_name("two_replicas.py")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    one, two, difference, same_noise = done.stdout.split()
    assert float(one) == pytest.approx(float(two), rel=1e-5)
    assert float(difference) < 2e-5
    assert same_noise == "False"


@pytest.fixture(scope="module")
def on_two_devices():
    script = Path(__file__).with_name("two_replicas_adversarial.py")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("task", ["autoencoder", "inversion"])
@pytest.mark.parametrize("network", ["generator", "discriminator"])
def test_two_replicas_of_adversarial_training_do_what_one_does(on_two_devices, task, network):
    assert on_two_devices[task]["moved"][network] > 1e-3
    assert on_two_devices[task]["difference"][network] < 2e-5


@pytest.mark.parametrize("task", ["autoencoder", "inversion"])
def test_two_replicas_log_and_pause_as_one_does(on_two_devices, task):
    one, two = on_two_devices[task]["logs"]
    assert one == pytest.approx(two, rel=1e-3)
    # The second step had the discriminator paused.
    assert on_two_devices[task]["moved_in_pause"] == [0.0, 0.0]
    assert one["discriminator_trained"] == 0.0


def test_two_replicas_measure_the_same_scale_of_features(on_two_devices):
    one, two = on_two_devices["autoencoder"]["feature_scales"]
    assert one == two
    assert one[0] > 0
    assert on_two_devices["inversion"]["feature_scales"] == [None, None]


def test_two_replicas_invert_with_noise_of_their_own(on_two_devices):
    first, second = on_two_devices["noise"]
    assert first != second
