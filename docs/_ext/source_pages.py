"""A page for each file of the project that a page links to.

The pages are also read where the repository is, so they link to files outside of docs/, such as
`../tfdeepsim/losses.py`. In the site such a link leads to a page that shows the file, or to the
page that includes it; the links `[source]` of the reference lead there, too.
"""

import importlib
import inspect
import os
import posixpath
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.util.osutil import relative_uri

DOCS = Path(__file__).parents[1]
ROOT = DOCS.parent
PREFIX = "source"
"""Folder of the pages in the site."""
PAGES = {
    "README.md": "index",
    "CHANGELOG.md": "changelog",
    "saved_models/README.md": "saved_models",
}
"""Files that are, or are a part of, a page of their own."""
_LANGUAGES = {".py": "python", ".cff": "yaml", ".json": "json", ".cfg": "ini", ".toml": "toml"}


class LinkFiles(SphinxTransform):
    """Links to files lead to their pages."""

    default_priority = 500

    def apply(self, **options: Any) -> None:
        for node in list(self.document.findall(addnodes.download_reference)):
            self._link(node, node["reftarget"])
        # MyST takes any Markdown for a page of the site.
        for node in list(self.document.findall(addnodes.pending_xref)):
            if node["reftype"] == "myst" and node["reftarget"].startswith("/"):
                self._link(node, "/" + os.path.relpath(node["reftarget"], DOCS) + ".md")

    def _link(self, node: nodes.Element, target: str) -> None:
        docname = self.env.docname
        _, path = self.env.relfn2path(target, docname)
        page = page_of(self.app, Path(path).resolve().relative_to(ROOT).as_posix())
        uri = self.app.builder.get_relative_uri(docname, page)
        node.replace_self(nodes.reference("", "", *node.children, internal=True, refuri=uri))


def page_of(app: Sphinx, file: str) -> str:
    """Name of the page that shows a file; `file` is relative to the top of the project."""
    if file in PAGES:
        return PAGES[file]
    app.source_files.add(file)  # type: ignore[attr-defined]
    return f"{PREFIX}/{file}"


def write_pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """The pages, for Sphinx to write."""
    highlight = app.builder.highlighter.highlight_block  # type: ignore[attr-defined]
    for file in sorted(app.source_files):  # type: ignore[attr-defined]
        path = ROOT / file
        language = _LANGUAGES.get(path.suffix, "text")
        body = highlight(
            path.read_text(), language, linenos="inline", lineanchors="L", anchorlinenos=True
        )
        context = {"title": file, "body": f"<h1>{file}</h1>\n{body}", "parents": []}
        yield f"{PREFIX}/{file}", context, "page.html"


def source_link(app: Sphinx, docname: str, info: dict[str, str]) -> str | None:
    """The place in a source page where a documented object begins.

    Args:
        app: The build.
        docname: Page that the link stands on.
        info: `module` and `fullname` of the object.
    """
    value: Any = importlib.import_module(info["module"])
    for name in info["fullname"].split("."):
        value = (
            inspect.getattr_static(value, name) if inspect.isclass(value) else getattr(value, name)
        )
    if isinstance(value, property):
        value = value.fget
    value = inspect.unwrap(getattr(value, "__func__", value))
    try:
        file, (_, line) = inspect.getsourcefile(value), inspect.getsourcelines(value)
    except TypeError:
        return None
    path = Path(file or "").resolve()
    if not path.is_relative_to(ROOT):
        return None
    page = page_of(app, path.relative_to(ROOT).as_posix())
    return f"{relative_uri(docname + '.html', page + '.html')}#L-{line}"


def setup(app: Sphinx) -> dict[str, bool]:
    app.source_files = set()  # type: ignore[attr-defined]
    app.config.linkcode_resolve = lambda domain, info: source_link(
        app, posixpath.join("reference", "api", "page"), info
    )
    app.add_transform(LinkFiles)
    app.connect("html-collect-pages", write_pages)
    # The set of files is complete only if every page is read in this process.
    return {"parallel_read_safe": False, "parallel_write_safe": True}
