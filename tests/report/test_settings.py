from tfdeepsim.report.settings import compare_settings, flatten


def test_different_and_common_settings_are_separated():
    differing, common = compare_settings([{"loss": "pixel", "seed": 0}, {"loss": "l1", "seed": 0}])
    assert differing == {"loss": ["pixel", "l1"]}
    assert common == {"seed": "0"}


def test_a_setting_missing_in_one_run_differs():
    assert compare_settings([{"a": 1}, {}])[0] == {"a": ["1", "–"]}


def test_null_in_one_run_and_an_object_in_another_shows_the_values_only():
    differing, common = compare_settings([{"comparator": None}, {"comparator": {"sha256": "ab"}}])
    assert differing == {"comparator.sha256": ["–", "ab"]}
    assert common == {}


def test_null_everywhere_is_shown():
    assert compare_settings([{"patience": None}, {"patience": None}])[1] == {"patience": "–"}


def test_flatten_values():
    nested = {"a": {"b": {"c": 0.1, "d": True}}, "e": [64, 32], "f": [], "g": [{"h": 1}]}
    assert flatten(nested) == {
        "a.b.c": "0.1",
        "a.b.d": "yes",
        "e": "64, 32",
        "f": "none",
        "g": '[{"h": 1}]',
    }
