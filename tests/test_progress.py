"""Progress bars: in a terminal, elsewhere, and of short work."""

import io

import pytest
import rich.console

from tfdeepsim import progress
from tfdeepsim.progress import ProgressBar


@pytest.fixture
def impatient(monkeypatch):
    """All work counts as long."""
    monkeypatch.setattr(progress, "PATIENCE", -1.0)


@pytest.fixture
def terminal():
    return rich.console.Console(file=io.StringIO(), force_terminal=True, width=100)


def shown(console):
    return console.file.getvalue()


def work(bar):
    with bar:
        for count in (1, 2, 3):
            bar.update(count)


def test_short_work_shows_nothing(capsys, terminal):
    work(ProgressBar("Decoding images", 3))
    work(ProgressBar("Decoding images", 3, console=terminal))
    assert capsys.readouterr() == ("", "")
    assert shown(terminal) == ""


def test_long_work_is_one_line_where_there_is_no_terminal(impatient, capsys):
    work(ProgressBar("Decoding [red]images " + "x" * 200, 3))
    assert capsys.readouterr() == ("", "Decoding [red]images " + "x" * 200 + "\n")


def test_that_line_goes_to_the_console_that_was_given(impatient, capsys):
    console = rich.console.Console(file=io.StringIO())
    work(ProgressBar("Decoding images", 3, console=console))
    assert shown(console) == "Decoding images\n"
    assert capsys.readouterr() == ("", "")


def test_a_terminal_shows_count_total_and_note(impatient, terminal):
    with ProgressBar("Decoding [images]", 3, console=terminal) as bar:
        bar.update(2, note="loss [0.5]")
        bar._bar.refresh()
        text = shown(terminal)
        for words in ("Decoding [images]", "2/3", "loss [0.5]"):
            assert words in text
    # The bar is gone: the line is erased, and the cursor shown again.
    assert shown(terminal).rstrip("\n").endswith(("\x1b[2K", "\x1b[?25h"))


def test_a_total_that_is_learned_later(impatient, terminal):
    with ProgressBar("Steps", None, console=terminal) as bar:
        bar.update(1)
        bar._bar.refresh()
        assert "1/?" in shown(terminal)
        bar.update(2, total=9)
        bar.update(3)
        bar._bar.refresh()
        assert "3/9" in shown(terminal)


def test_bytes_are_sizes(impatient, terminal):
    with ProgressBar("Download", 4_000_000, unit="bytes", console=terminal) as bar:
        bar.advance(1_000_000)
        bar.advance(1_000_000)
        bar._bar.refresh()
        assert "2.0/4.0 MB" in shown(terminal)


def test_tracked_items_pass_through_and_are_counted(impatient, terminal):
    bar = ProgressBar("Items", 3, console=terminal)
    items = bar.track("abc")
    assert next(items) == "a"
    assert list(items) == ["b", "c"]
    assert bar._bar.tasks[0].completed == 3
    assert not bar._bar.live.is_started


def test_quiet(impatient, terminal, capsys):
    work(ProgressBar("Items", 3, console=terminal, shown=False))
    work(ProgressBar("Items", 3, shown=False))
    assert shown(terminal) == ""
    assert capsys.readouterr() == ("", "")


def test_an_error_ends_the_bar(impatient, terminal):
    bar = ProgressBar("Items", 3, console=terminal)

    def fail():
        with bar:
            bar.advance()
            assert bar._bar.live.is_started
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not bar._bar.live.is_started
