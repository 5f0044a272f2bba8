from tfdeepsim.report.markup import Markup, breakable, joined, tag


def test_children_and_attributes_are_escaped():
    made = tag("p", "<script>", class_='"><b', id=None)
    assert made == '<p class="&quot;&gt;&lt;b">&lt;script&gt;</p>'


def test_markup_is_kept_and_none_left_out():
    assert tag("p", tag("b", "x"), None, 3) == "<p><b>x</b>3</p>"
    assert joined("<", Markup("<br>")) == "&lt;<br>"


def test_void_elements_have_no_end():
    assert tag("meta", charset="utf-8") == '<meta charset="utf-8">'


def test_breakable_is_escaped():
    assert breakable("a_<b>:c") == "a_<wbr>&lt;b&gt;:<wbr>c"
