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


@pytest.mark.parametrize("task", ["autoencoder", "inversion", "shares"])
@pytest.mark.parametrize("network", ["generator", "discriminator"])
def test_two_replicas_of_adversarial_training_do_what_one_does(on_two_devices, task, network):
    assert max(on_two_devices[task]["moved"][network]) > 1e-3
    assert on_two_devices[task]["difference"][network] < 2e-5


@pytest.mark.parametrize("task", ["autoencoder", "inversion"])
def test_two_replicas_log_and_pause_as_one_does(on_two_devices, task):
    one, two = on_two_devices[task]["logs"]
    assert one == pytest.approx(two, rel=1e-3)
    # The second step had the discriminator paused.
    assert on_two_devices[task]["moved_in_pause"] == [0.0, 0.0]
    assert one["discriminator_trained"] == 0.0


def test_two_replicas_keep_the_same_shares(on_two_devices):
    """Of the gradients of the whole batch, also in the step in which the discriminator joins."""
    result = on_two_devices["shares"]
    one, two = result["norms"]
    assert one == pytest.approx(two, rel=1e-4)
    assert min(one) > 0
    logs, logs_of_two = result["logs"]
    assert logs == pytest.approx(logs_of_two, rel=1e-3)
    assert logs["discriminator_trained"] == 1.0
    assert result["moved"]["discriminator"][0] == 0.0
    total = sum(logs[f"gradient_{name}"] for name in ("feature", "adversarial", "image"))
    assert logs["gradient_image"] / total == pytest.approx(0.3, rel=0.5)


def test_two_replicas_measure_the_same_scale_of_features(on_two_devices):
    one, two = on_two_devices["autoencoder"]["feature_scales"]
    assert one == two
    assert one[0] > 0
    assert on_two_devices["inversion"]["feature_scales"] == [None, None]


def test_two_replicas_invert_with_noise_of_their_own(on_two_devices):
    first, second = on_two_devices["noise"]
    assert first != second
