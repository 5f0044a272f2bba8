"""Settings of the site that `make docs` builds."""

import os
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path[:0] = [str(ROOT), str(HERE / "_ext")]

import tfdeepsim  # noqa: E402

project = "tfdeepsim"
author = "The tfdeepsim authors"
release = tfdeepsim.__version__
html_title = f"tfdeepsim {release}"
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_copyright = False
html_copy_source = False
html_theme_options = {"light_css_variables": {"font-stack": "system-ui, sans-serif"}}

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.linkcode",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    # Those of docs/_ext.
    "command_pages",
    "public_names",
    "source_pages",
]
exclude_patterns = ["_build", "_ext", "**/.ipynb_checkpoints"]
# Two hyphens begin a flag.
smartquotes = False
# Blocks without a language are commands.
highlight_language = "text"
copybutton_prompt_text = r">>> |\.\.\. "
copybutton_prompt_is_regexp = True

# Links to headings, as the repository page has them: `page.md#the-heading`.
myst_heading_anchors = 4
myst_enable_extensions = ["deflist"]
# Notebooks are run, and one that fails fails the build.
NOTEBOOK = ROOT / "examples" / "quickstart.ipynb"
if NOTEBOOK.exists():  # Sphinx reads no page outside of its folder; index.md lists it.
    shutil.copyfile(NOTEBOOK, HERE / "guides" / NOTEBOOK.name)
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 300

autodoc_inherit_docstrings = False
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
maximum_signature_line_length = 88
napoleon_numpy_docstring = False
napoleon_custom_sections = [("Attributes", "params_style")]

nitpicky = True
# What other packages call their classes, and Python: their sites are not read here.
nitpick_ignore_regex = [
    ("py:.*", r"(keras|tensorflow|tf|numpy|np)\..*"),
    ("py:.*", r"(collections\.abc|os|pathlib)\..*"),
]
