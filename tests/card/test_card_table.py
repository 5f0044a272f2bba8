import io

import numpy as np
import pytest
from rich.console import Console

from tfdeepsim.card import make_card, print_cards
from tfdeepsim.card.table import COLUMNS

Z = np.random.default_rng(0).normal(size=(500, 4)).astype(np.float32)
AE, VAE = make_card(Z * np.float32([1, 1, 1, 0])), make_card(Z, 0 * Z)


def printed(cards, width=80):
    file = io.StringIO()
    print_cards(cards, Console(file=file, width=width))
    return file.getvalue()


def test_one_row_for_each_encoder():
    text = printed({"ae": AE, "vae": VAE})
    [ae] = [line for line in text.splitlines() if line.strip().startswith("ae ")]
    [vae] = [line for line in text.splitlines() if line.strip().startswith("vae ")]
    assert ae.split() == ["ae", "4", "3.0", "3.0", "0.86", "25%", "1.59"]
    assert vae.split()[-2:] == ["4", f"{VAE.kl:.1f}"]


def test_each_quantity_has_one_line_that_explains_it():
    text = " ".join(printed({"vae": VAE}, width=40).split())
    for heading, (_, meaning) in COLUMNS.items():
        assert f" {heading}: {meaning} " in f"{text} "


def test_columns_of_a_vae_are_left_out_without_one():
    text = printed({"ae": AE})
    assert "Active" not in text
    assert "VAE" not in text


@pytest.mark.parametrize("name", ["a [bold]run", "a" * 70])
def test_names_are_printed_as_they_are_and_numbers_stay_whole(name):
    text = printed({name: VAE})
    assert "".join(text.split()).count("1.00") >= 1
    assert all(len(line.rstrip()) <= 80 for line in text.splitlines() if "  " in line)
    assert "[bold]" in text or "aaaa" in text
