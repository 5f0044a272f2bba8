"""Ctrl-C in a search."""

import json
import os
import signal
import threading

import pytest

from tfdeepsim.command_line import run_command
from tfdeepsim.tuning.directory import SearchDirectory
from tfdeepsim.tuning.interrupts import Interrupts
from tfdeepsim.tuning.problem import Problem
from tfdeepsim.tuning.settings import SearchSettings
from tfdeepsim.tuning.tuner import ProbeTuner


def press():
    os.kill(os.getpid(), signal.SIGINT)


def test_interrupt_is_raised_by_check():
    passed = []

    def run():
        with Interrupts() as interrupts:
            interrupts.check()
            press()
            passed.append("the press")
            interrupts.check()
            passed.append("the check")

    with pytest.raises(KeyboardInterrupt):
        run()
    assert passed == ["the press"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_sigterm_is_raised_by_check_inside_a_command():
    def search(argv):
        with Interrupts() as interrupts:
            os.kill(os.getpid(), signal.SIGTERM)
            assert argv == ["reached"]
            interrupts.check()

    before = signal.getsignal(signal.SIGTERM)
    assert run_command(search, ["reached"]) == 143
    assert signal.getsignal(signal.SIGTERM) is before


def test_interrupt_is_raised_at_the_end_of_the_context():
    with pytest.raises(KeyboardInterrupt), Interrupts():
        press()


def test_second_press_acts_at_once():
    passed = []

    def run():
        with Interrupts():
            for time in ("first", "second"):
                press()
                passed.append(time)

    with pytest.raises(KeyboardInterrupt):
        run()
    assert passed == ["first"]


def test_other_errors_are_not_hidden():
    def run():
        with Interrupts():
            press()
            raise ValueError("another")

    with pytest.raises(ValueError, match="another"):
        run()


def test_handler_of_the_program_is_left_in_place():
    pressed = []
    before = signal.signal(signal.SIGINT, lambda *_: pressed.append(True))
    try:
        with Interrupts() as interrupts:
            press()
            interrupts.check()
        assert pressed == [True]
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_are_left_alone():
    failures = []

    def run():
        try:
            with Interrupts() as interrupts:
                interrupts.check()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert failures == []


# keras-tuner uses deprecated names of `threading`.
@pytest.mark.filterwarnings("ignore:currentThread:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:getName:DeprecationWarning")
def test_interrupted_trial_is_repeated_and_has_not_failed(checked, tmp_path):
    splits = checked()
    problem = Problem("regression", splits["train"], splits["validation"])
    settings = SearchSettings(tuner="random", trials=3, epochs=2)
    directory = SearchDirectory(tmp_path / "search")

    class Pressed(ProbeTuner):
        """A tuner that receives Ctrl-C in the middle of the second trial."""

        def on_epoch_begin(self, trial, model, epoch, logs=None):
            if len(self.oracle.end_order) == 1 and not pressed:
                pressed.append(trial.trial_id)
                press()

    pressed = []
    with pytest.raises(KeyboardInterrupt):
        Pressed(problem, settings, directory).run()
    state = json.loads((directory.trials / "oracle.json").read_text())
    assert (len(state["start_order"]), len(state["end_order"])) == (2, 1)

    tuner = ProbeTuner(problem, settings, directory)
    tuner.run()
    assert tuner.oracle.end_order[:2] == [*state["end_order"], *pressed]
    assert {trial.status for trial in tuner.oracle.trials.values()} == {"COMPLETED"}
    assert len(tuner.oracle.trials) == 3
