import dataclasses
import json

import numpy as np
import pytest

from tfdeepsim.card import Card, make_card, read_card
from tfdeepsim.errors import InputError

RNG = np.random.default_rng(0)
Z = RNG.normal(size=(60, 3)).astype(np.float32)


def test_card_of_a_vae():
    card = make_card(Z * np.float32([1, 1, 0]), np.zeros_like(Z))
    assert (card.examples, card.dimensions, card.active_units) == (60, 3, 2)
    assert card.dead_share == pytest.approx(1 / 3)
    assert card.mean_norm == pytest.approx(np.linalg.norm(Z[:, :2], axis=1).mean())
    assert card.effective_rank == pytest.approx(2, abs=0.1)
    np.testing.assert_allclose(
        card.kl_per_dimension, 0.5 * np.mean(Z**2, axis=0) * [1, 1, 0], rtol=1e-6
    )
    assert card.kl == pytest.approx(0.5 * np.mean(np.sum(Z[:, :2] ** 2, axis=1)))


def test_other_encoders_have_no_units_and_no_kl():
    card = make_card(Z)
    assert (card.active_units, card.kl_per_dimension, card.kl) == (None, None, None)


@pytest.mark.parametrize("scale", [1e-25, 1e25])
def test_scale_moves_the_norm_only(scale):
    card = make_card(Z)
    scaled = dataclasses.replace(make_card(Z * np.float32(scale)), mean_norm=card.mean_norm)
    np.testing.assert_allclose(
        dataclasses.astuple(scaled)[:7], dataclasses.astuple(card)[:7], rtol=1e-5
    )
    assert make_card(Z * np.float32(scale)).mean_norm == pytest.approx(scale * card.mean_norm)


def test_embeddings_mapped_from_a_file_are_not_changed(tmp_path):
    np.save(tmp_path / "z.npy", Z)
    assert make_card(np.load(tmp_path / "z.npy", mmap_mode="r")) == make_card(Z)
    np.testing.assert_array_equal(np.load(tmp_path / "z.npy"), Z)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((Z[:1],), "several embeddings"),
        ((Z[0],), "must be a table"),
        ((Z * np.nan,), "embeddings of a card must be finite"),
        ((Z, Z[:5]), r"must belong to the embeddings: got shape \(5, 3\); accepted: \(60, 3\)"),
        ((Z, Z * np.inf), "log variances of a card must be finite"),
    ],
)
def test_bad_arrays_are_refused_in_one_line(arguments, message):
    with pytest.raises(InputError, match=message) as caught:
        make_card(*arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("log_variance", [None, Z], ids=["AE", "VAE"])
def test_what_is_written_as_json_is_read(tmp_path, log_variance):
    card = make_card(Z, log_variance)
    (tmp_path / "card.json").write_text(json.dumps(card.to_dict()))
    assert read_card(tmp_path) == card
    assert set(card.to_dict()) == {field.name for field in dataclasses.fields(Card)} | {"kl"}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"kl": 1, "kl_per_dimension": null}'])
def test_a_damaged_card_is_refused_in_one_line(tmp_path, text):
    (tmp_path / "card.json").write_text(text)
    with pytest.raises(InputError, match="card must be readable") as caught:
        read_card(tmp_path)
    assert "\n" not in str(caught.value)
