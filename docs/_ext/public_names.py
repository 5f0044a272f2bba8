"""The reference of the public names: a page for each name in `tfdeepsim.__all__`, by the room of
the package that it comes from.

The pages are written to docs/reference/api before the build and are no part of the project.
Afterwards the inventory of the site is compared with the list.
"""

import inspect
import posixpath
import shutil
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util import inspect as sphinx_inspect
from sphinx.util.docutils import SphinxRole
from sphinx.util.inventory import InventoryFile

import tfdeepsim

NAMES = tuple(name for name in tfdeepsim.__all__ if not name.startswith("__"))
TITLES = {
    "perceptual": "Losses of images",
    "deepsim": "DeePSiM",
    "errors": "Errors",
}
"""Heading of a room's names, where it is not the name of the room."""
_FIRST = ("perceptual", "deepsim", "comparators", "probes")
"""Rooms in the order of the page; the others follow by their names."""


def write_pages(app: Sphinx) -> None:
    """Write the page of every name, and the page that lists them."""
    folder = Path(app.srcdir) / "reference" / "api"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in NAMES:
        (folder / f"{name}.rst").write_text(_page(name))
    (folder / "index.rst").write_text(_index())


def _page(name: str) -> str:
    value = getattr(tfdeepsim, name)
    kind, options = "autofunction", ""
    if inspect.isclass(value):
        kind, options = "autoclass", "   :members:\n   :show-inheritance:\n"
    elif not callable(value):
        kind = "autodata"
    return f"{name}\n{'=' * len(name)}\n\n.. {kind}:: tfdeepsim.{name}\n{options}"


def _index() -> str:
    rooms: dict[str, list[str]] = {}
    for name in NAMES:
        rooms.setdefault(room_of(getattr(tfdeepsim, name)), []).append(name)
    order = sorted(rooms, key=lambda room: (room not in _FIRST, room))
    order.sort(key=lambda room: _FIRST.index(room) if room in _FIRST else len(_FIRST))
    text = (
        "Python\n======\n\n"
        "Everything public is in the package itself: ``import tfdeepsim as tds``, "
        "then ``tds.NAME``. A\nname is loaded when it is first used.\n\n"
    )
    for room in order:
        title = TITLES.get(room, room.replace("_", " ").capitalize())
        listed = "".join(_entry(name) for name in rooms[room])
        pages = "".join(f"   {name}\n" for name in rooms[room])
        text += f"{title}\n{'-' * len(title)}\n\n{listed}.. toctree::\n   :hidden:\n\n{pages}\n"
    return text


def _entry(name: str) -> str:
    """A link to the page of a name, and the first paragraph of its docstring."""
    paragraph = (inspect.getdoc(getattr(tfdeepsim, name)) or "").partition("\n\n")[0]
    return f":py:obj:`{name} <tfdeepsim.{name}>`\n   {' '.join(paragraph.split())}\n\n"


def room_of(value: Any) -> str:
    """The room of the package that a public name comes from."""
    module = inspect.getmodule(value)
    parts = module.__name__.split(".") if module else []
    return parts[1] if len(parts) > 1 else "tfdeepsim"


class Name(SphinxRole):
    """Text in single backticks in a docstring: a link if it is a public name, else code."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        code = nodes.literal(self.rawtext, self.text)
        if self.text not in NAMES:
            return [code], []
        link = addnodes.pending_xref(
            "", code, refdomain="py", reftype="obj", reftarget=f"tfdeepsim.{self.text}"
        )
        link["refdoc"] = self.env.docname
        return [link], []


def show_bases(app: Sphinx, name: str, value: type, options: Any, bases: list[type]) -> None:
    """Base classes of our own that are not public give way to theirs."""
    while hidden := [b for b in bases if b.__module__.startswith("tfdeepsim") and not _public(b)]:
        at = bases.index(hidden[0])
        bases[at : at + 1] = [base for base in hidden[0].__bases__ if base not in bases]


def show_signature(
    app: Sphinx, what: str, name: str, value: Any, options: Any, signature: Any, returns: Any
) -> tuple[str, None] | None:
    """The arguments of a Keras model are those of its constructor, hidden by Keras' `__new__`."""
    if what != "class" or not signature or not signature.startswith("(*args, **kwargs)"):
        return None
    arguments = sphinx_inspect.signature(value.__init__, bound_method=True)
    return sphinx_inspect.stringify_signature(arguments, unqualified_typehints=True), None


def _public(value: type) -> bool:
    return value.__name__ in NAMES


def keep_colons(
    app: Sphinx, what: str, name: str, value: object, options: Any, lines: list[str]
) -> None:
    """Words before a colon are no type: napoleon would read those of a property as one, but not at
    the end of a line."""
    if what in ("property", "attribute") and lines and ": " in lines[0]:
        before, _, after = lines[0].partition(": ")
        lines[:1] = [before + ":", after]


def check(app: Sphinx, exception: Exception | None) -> None:
    """Compare the inventory with the list of names.

    Raises:
        ExtensionError: If a public name is not in the inventory, or has no docstring.
    """
    if exception is not None or app.builder.name != "html":
        return
    with (Path(app.outdir) / "objects.inv").open("rb") as file:
        inventory = InventoryFile.load(file, "", posixpath.join)
    documented = {name for kind in inventory for name in inventory[kind] if kind.startswith("py:")}
    missing = [name for name in NAMES if f"tfdeepsim.{name}" not in documented]
    silent = [name for name in NAMES if not (getattr(tfdeepsim, name).__doc__ or "").strip()]
    if missing or silent:
        raise ExtensionError(
            f"every public name is documented: got {', '.join(missing) or 'none'} that are not in "
            f"the site, {', '.join(silent) or 'none'} without a docstring"
        )


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_role("name", Name())
    app.config.default_role = "name"
    app.connect("builder-inited", write_pages)
    app.connect("autodoc-process-bases", show_bases)
    app.connect("autodoc-process-signature", show_signature)
    app.connect("autodoc-process-docstring", keep_colons, priority=400)
    app.connect("build-finished", check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
