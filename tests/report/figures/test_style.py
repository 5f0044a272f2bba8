import sys
from pathlib import Path
from subprocess import run

import matplotlib

from tfdeepsim.report.figures.style import drawable, new_figure, png, run_colour, styled, write

ROOT = Path(__file__).parents[3]


def test_the_users_settings_are_neither_used_nor_changed():
    def draw():
        with styled():
            figure = new_figure(100, 50)
            write(figure, 0.1, 0.5, "text")
            return png(figure)

    plain = draw()
    with matplotlib.rc_context({"font.family": "serif", "savefig.dpi": 30, "text.color": "red"}):
        assert draw() == plain
        assert matplotlib.rcParams["text.color"] == "red"


def test_more_runs_than_colours_share_colours():
    assert len({run_colour(index) for index in range(7)}) == 7
    assert run_colour(7) == run_colour(0)


def test_drawable_replaces_characters_that_the_font_lacks():
    assert drawable("P. AE ± µ 日") == "P. AE ± µ ?"


def test_importing_the_report_loads_no_matplotlib_rich_or_tensorflow():
    code = (
        "import sys, tfdeepsim.report.write, tfdeepsim.report.score_table; "
        "print(sorted({'matplotlib', 'rich', 'tensorflow', 'keras', 'PIL'} & set(sys.modules)))"
    )
    done = run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_drawing_touches_no_pyplot():
    code = (
        "import sys; from tfdeepsim.report.figures.style import *\n"
        "with styled(): png(new_figure(10, 10))\n"
        "print('matplotlib.pyplot' in sys.modules)"
    )
    done = run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "False"
