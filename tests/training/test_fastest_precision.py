"""What `--precision auto` stands for on several machines, by what they say of themselves."""

import pytest

from tfdeepsim.training import fastest_precision as module
from tfdeepsim.training.fastest_precision import (
    bfloat16_gain,
    fastest_precision,
    gpu_capabilities,
    instructions,
)

WITHOUT = "flags\t\t: fpu sse2 avx2 avx512f\n"
WITH = "flags\t\t: fpu avx512_bf16 amx_bf16 amx_tile\n"


@pytest.mark.parametrize(
    ("capabilities", "precision"),
    [
        ([(8, 0)], "mixed_bfloat16"),
        ([(12, 0), (9, 0)], "mixed_bfloat16"),
        ([(8, 0), (7, 5)], "mixed_float16"),
        ([(6, 1)], "float32"),
        ([(0, 0)], "float32"),  # it says nothing of itself
    ],
)
def test_the_oldest_gpu_decides(capabilities, precision):
    chosen, reason = fastest_precision(capabilities, WITHOUT)
    assert chosen == precision
    major, minor = min(capabilities)
    assert reason == f"a GPU of compute capability {major}.{minor}"


@pytest.mark.parametrize(("gain", "precision"), [(1.6, "mixed_bfloat16"), (1.0, "float32")])
def test_processors_with_its_instructions_are_measured(monkeypatch, gain, precision):
    monkeypatch.setattr(module, "bfloat16_gain", lambda: gain)
    chosen, reason = fastest_precision([], WITH)
    assert chosen == precision
    assert f"with AMX and AVX512-BF16, bfloat16 is {gain} times" in reason


def test_other_processors_are_not(monkeypatch):
    monkeypatch.delattr(module, "bfloat16_gain")
    assert fastest_precision([], WITHOUT)[0] == "float32"
    assert fastest_precision([], "")[0] == "float32"


def test_instructions_are_whole_words():
    assert instructions("flags: avx512_bf16_other") == ""
    assert instructions("flags: avx512_bf16") == "AVX512-BF16"


def test_this_machine():
    assert bfloat16_gain() > 0
    assert gpu_capabilities() == []
    assert fastest_precision()[0] in ("float32", "mixed_bfloat16")
