"""Word of a long pass."""

from tfdeepsim.data.images import progress


def test_what_is_done_at_once_says_nothing(capsys):
    with progress.Progress("Decoding 3 images", 3) as bar:
        for count in (1, 2, 3):
            bar.done(count)
    assert capsys.readouterr() == ("", "")


def test_what_takes_long_says_so_once_where_there_is_no_terminal(capsys, monkeypatch):
    monkeypatch.setattr(progress, "_PATIENCE", 0.0)
    with progress.Progress("Decoding 3 images", 3) as bar:
        for count in (1, 2, 3):
            bar.done(count)
    assert capsys.readouterr() == ("", "Decoding 3 images\n")
