"""What is seen of an epoch: one line that fits a terminal, and a bar where there is one."""

import io

import keras
import numpy as np
import pytest

from tfdeepsim.console import PlainConsole
from tfdeepsim.training.epoch_progress import EpochProgress, short

# A VAE under all terms of DeePSiM, with a probe; numbers as long as they become.
DEEPSIM = {
    "loss": 0.0012345,
    "image": 0.0023456,
    "feature": 0.00034567,
    "adversarial": 0.0045678,
    "kl": 1.23456e-5,
    "weighted_image": 0.1,
    "gradient_image": 0.1,
    "discriminator": 1.386,
    "ratio": 0.0098765,
    "accuracy_real": 0.5,
    "val_loss": 0.0054321,
    "val_probe_accuracy": 0.0076543,
    "images_per_second": 99999.4,
}
PIXEL = {"loss": 0.5, "image": 0.5, "val_loss": 0.25, "val_image": 0.25, "images_per_second": 81.6}
COMPARATOR = {
    "loss": 2.3026,
    "accuracy": 0.12345,
    "val_loss": 2.2,
    "val_accuracy": 0.23456,
    "images_per_second": 1234.0,
}


def printed(logs, epoch=99, epochs=100, width=80):
    out = io.StringIO()
    progress = EpochProgress(PlainConsole(file=out, width=width), epochs)
    progress.on_epoch_end(epoch, dict(logs))
    return out.getvalue()


@pytest.mark.parametrize("logs", [DEEPSIM, PIXEL, COMPARATOR])
@pytest.mark.parametrize("epoch", [0, 8, 99])
def test_an_epoch_is_one_line_of_a_narrow_terminal(logs, epoch):
    (line,) = printed(logs, epoch).splitlines()
    assert len(line) <= 80
    assert line.startswith(f"epoch {epoch + 1}/100  loss ")


def test_the_most_important_measures_are_shown():
    assert printed(DEEPSIM) == (
        "epoch 100/100  loss 0.00123  val 0.00543  r 0.00988  probe 0.00765  99999 img/s\n"
    )
    assert printed(PIXEL) == "epoch 100/100  loss 0.5  val 0.25  82 img/s\n"
    assert printed(COMPARATOR) == ("epoch 100/100  loss 2.3  val 2.2  val acc 0.235  1234 img/s\n")


def test_all_lines_of_a_run_show_the_same_measures():
    short_logs = dict.fromkeys(DEEPSIM, 0.5) | {"images_per_second": 7.0}
    labels = [
        [part.rsplit(" ", 1)[0] for part in printed(logs, epoch).strip().split("  ")[1:-1]]
        for logs, epoch in ((DEEPSIM, 99), (short_logs, 0))
    ]
    assert labels[0] == labels[1]


def test_a_wide_terminal_shows_more():
    (line,) = printed(DEEPSIM, width=160).splitlines()
    for label in ("image", "feature", "adv", "kl", "r", "probe"):
        assert f"  {label} " in line
    assert len(line) <= 160


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (1.0, "1"),
        (0.98765, "0.988"),
        (123.456, "123"),
        (123456.0, "1.23e5"),
        (0.00123456, "0.00123"),
        (0.000123456, "1.23e-4"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
    ],
)
def test_numbers_are_short(number, text):
    assert short(number) == text


def fitted(console):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(loss="mse")
    x = np.ones((4, 1), np.float32)
    speed = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: logs.update(images_per_second=5.0)
    )
    with EpochProgress(console, 2) as progress:
        model.fit(x, x, epochs=2, validation_data=(x, x), verbose=0, callbacks=[speed, progress])


def test_a_file_gets_one_line_for_each_epoch():
    out = io.StringIO()
    fitted(PlainConsole(file=out))
    assert [line[:10] for line in out.getvalue().splitlines()] == ["epoch 1/2 ", "epoch 2/2 "]


def test_a_terminal_gets_a_bar_that_is_removed(monkeypatch):
    monkeypatch.setattr("tfdeepsim.progress.PATIENCE", -1.0)
    out = io.StringIO()
    fitted(PlainConsole(file=out, force_terminal=True, width=80))
    text = out.getvalue()
    assert "━" in text
    assert "loss " in text
    assert text.rstrip().splitlines()[-1].endswith("5 img/s")
