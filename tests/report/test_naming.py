import pytest

from tfdeepsim.report.naming import listed, paper_name, printable, shorten


@pytest.mark.parametrize(
    ("model", "loss", "name"),
    [
        ("ae", "pixel", "AE"),
        ("vae", "pixel", "VAE"),
        ("ae", "perceptual", "P. AE"),
        ("vae", "perceptual", "P. VAE"),
        ("ae", "l1", "l1 AE"),
        ("vae", "custom", "custom VAE"),
    ],
)
def test_names_of_the_paper(model, loss, name):
    assert paper_name(model, loss) == name


def test_controls_and_line_ends_are_replaced():
    assert printable("a\x1b[31m\nb\u202ec") == "a\ufffd[31m\ufffdb\ufffdc"


def test_shorten_keeps_both_ends():
    assert shorten("pae-seed-0001", 13) == "pae-seed-0001"
    assert shorten("pae-seed-0001", 7) == "pae…001"


def test_listed():
    assert [listed(list("abc")[:n]) for n in range(4)] == ["", "a", "a and b", "a, b and c"]
