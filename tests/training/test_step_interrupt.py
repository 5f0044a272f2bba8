"""Signals that wait for the end of a training step."""

import os
import signal
import threading

import pytest

from tfdeepsim.training.step_interrupt import StepInterrupt


def send(number=signal.SIGINT):
    os.kill(os.getpid(), number)


def test_a_signal_waits_until_it_is_acted_on():
    with StepInterrupt() as interrupt:
        interrupt.waits = True
        send()
        assert interrupt.is_pending
        with pytest.raises(KeyboardInterrupt):
            interrupt.act()
        assert not interrupt.is_pending


def test_a_second_signal_acts_at_once():
    with StepInterrupt() as interrupt:
        interrupt.waits = True
        send()
        with pytest.raises(KeyboardInterrupt):
            send()
        interrupt._pending = None


def test_outside_of_steps_a_signal_acts_at_once():
    with StepInterrupt(), pytest.raises(KeyboardInterrupt):
        send()


def test_a_signal_that_is_left_acts_at_the_end():
    def leave():
        with StepInterrupt() as interrupt:
            interrupt.waits = True
            send()

    with pytest.raises(KeyboardInterrupt):
        leave()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_handlers_that_are_not_python_s_stay():
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with StepInterrupt() as interrupt:
            interrupt.waits = True
            send(signal.SIGTERM)
            assert not interrupt.is_pending
            assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)


def test_other_threads_get_no_signals():
    def work():
        with StepInterrupt() as interrupt:
            interrupt.waits = True
            assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
            done.append(interrupt.is_pending)

    done = []
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [False]
