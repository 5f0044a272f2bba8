import pytest

from tfdeepsim.report.naming import (
    distinct,
    full_name,
    in_text,
    listed,
    own_name,
    paper_name,
    shorten,
    system_name,
)


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


def test_shorten_keeps_both_ends():
    assert shorten("pae-seed-0001", 13) == "pae-seed-0001"
    assert shorten("pae-seed-0001", 7) == "pae…001"


def test_listed():
    assert [listed(list("abc")[:n]) for n in range(4)] == ["", "a", "a and b", "a, b and c"]


@pytest.mark.parametrize(
    ("model", "loss", "name", "system", "own", "text"),
    [
        ("ae", "pixel", "ae", "AE", "ae", "AE (ae)"),
        ("external", "", "clip.keras", "clip.keras", "", "clip.keras"),
        ("pca", "", "pca", "PCA of pixels", "", "PCA of pixels"),
        ("pca", "", "PCA of pixels", "PCA of pixels", "", "PCA of pixels"),
        ("pca", "", "pca-64", "PCA of pixels", "pca-64", "PCA of pixels (pca-64)"),
    ],
)
def test_names_of_rows(model, loss, name, system, own, text):
    assert system_name(model, loss, name) == system
    assert own_name(model, name) == own
    assert full_name(system, own) == text


def test_short_names_stay():
    assert distinct(["ae", "a-longer-one"], 18) == ["ae", "a-longer-one"]


@pytest.mark.parametrize(
    ("names", "cut"),
    [
        (["some-long-prefix-ae-seed0", "some-long-prefix-vae-seed0"], ["…ae…", "…vae…"]),
        (["study-latent8-seed0-final", "study-latent16-seed0-final"], ["…latent8…", "…latent16…"]),
        (["nothing-in-common-with-it", "a-name-of-another-kind"], None),
        (["a-long-name-of-one-run", "a-long-name-of-one-run-2"], ["…run", "…run-2"]),
        (["the-same-long-name-twice"] * 2, None),
        (["a-long-name-that-stands-alone"], None),
    ],
)
def test_long_names_are_cut_to_what_tells_them_apart(names, cut):
    assert distinct(names, 18) == (cut or names)


def test_baselines_inside_a_sentence():
    assert in_text("Random encoder") == "the random encoder"
    assert in_text("PCA of pixels") == "PCA of pixels"
