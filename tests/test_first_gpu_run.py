"""`benchmarks/first_gpu_run.py` on the CPU, at a tiny size."""

import importlib.util
from pathlib import Path

import pytest

PATH = Path(__file__).parent.parent / "benchmarks" / "first_gpu_run.py"
KINDS = 7
TINY = ["--steps", "1", "--batch-size", "2"]


@pytest.fixture
def script():
    spec = importlib.util.spec_from_file_location(PATH.stem, PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def table(script, capsys, *arguments):
    """Rows of the table: column → text."""
    script.main([*TINY, *arguments])
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    header, _, *rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    assert header == list(script.COLUMNS)
    return [dict(zip(header, row, strict=True)) for row in rows]


def test_steps_compiled_by_xla_are_compared_with_others(script, capsys, monkeypatch):
    monkeypatch.setattr(script, "CHOICES", {"precision": ("float32",)})
    plain, compiled = table(script, capsys, "--kinds", "AE, pixel loss")
    assert (plain["XLA"], compiled["XLA"]) == ("off", "on")
    assert plain["difference from the CPU"] == plain["note"] == compiled["note"] == ""
    assert 0 <= float(compiled["difference from the CPU"]) < 1e-4
    assert float(plain["images/s"]) >= 0


def test_what_cannot_be_trained_is_a_note(script, capsys):
    kinds = "AE, pixel loss; AE, DeePSiM"
    pixel, deepsim = table(script, capsys, "--kinds", kinds, "--image-size", "32")
    assert "height and width must be" in pixel["note"]
    assert "too small for the discriminator" in deepsim["note"]
    with pytest.raises(SystemExit, match="unknown kind: got GAN"):
        script.main(["--kinds", "GAN"])


@pytest.mark.slow
@pytest.mark.parametrize("number", range(KINDS))
def test_every_kind_in_every_precision(script, capsys, number):
    kind = [*script.KINDS][number]
    assert len(script.KINDS) == KINDS
    rows = table(script, capsys, "--kinds", kind)
    assert len(rows) == 6
    assert [row["note"] for row in rows] == [""] * 6
    assert {row["precision"] for row in rows} == set(script.CHOICES["precision"])
    for row in rows[1:]:
        # A VAE draws other noise under XLA.
        if not (kind.startswith("VAE") and row["XLA"] == "on"):
            assert float(row["difference from the CPU"]) < 0.1
