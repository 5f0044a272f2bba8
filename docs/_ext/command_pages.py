"""A page for each command with all its flags, from its parser.

The pages are written to docs/reference/commands before the build and are no part of the project.
"""

import argparse
import importlib
import re
import shutil
from pathlib import Path

from sphinx.application import Sphinx

COMMANDS = {
    "train": "tfdeepsim.commands.train",
    "evaluate": "tfdeepsim.commands.evaluate",
    "search": "tfdeepsim.commands.search",
    "export": "tfdeepsim.export.__main__",
    "data": "tfdeepsim.data.__main__",
    "comparators": "tfdeepsim.comparators.__main__",
}
"""Module of each command, whose `make_parser` returns its parser."""


def write_pages(app: Sphinx) -> None:
    """Write the page of every command, and the page that lists them."""
    folder = Path(app.srcdir) / "reference" / "commands"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    lines = ["# Commands", ""]
    for name, module in COMMANDS.items():
        parser = importlib.import_module(module).make_parser()
        (folder / f"{name}.md").write_text(page_of(parser))
        lines.append(f"- [`{parser.prog}`]({name}.md): {_sentence(parser)}")
    lines += ["", "```{toctree}", ":hidden:", "", *COMMANDS, "```", ""]
    (folder / "index.md").write_text("\n".join(lines))


def page_of(parser: argparse.ArgumentParser) -> str:
    """All that `--help` says, as Markdown."""
    text = f"# `{parser.prog}`\n\n{parser.description}\n"
    if parser.usage:
        text += _block(parser.usage)
    for group in parser._action_groups:
        actions = [action for action in group._group_actions if action.dest != "help"]
        if not actions:
            continue
        title = group.title or ""
        text += f"\n## {title[:1].upper()}{title[1:]}\n"
        for action in actions:
            text += f"\n{_spelling(parser, action)}\n: {_escaped(_help(action))}\n"
    if parser.epilog:
        text += f"\n## Examples\n{_block(re.sub('^examples:', '', parser.epilog.strip()))}"
    return text


def _spelling(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    """The flag as one writes it, with the placeholder of its value."""
    value = parser._get_formatter()._format_args(action, str(action.metavar or action.dest))
    flags = [f"`{flag} {value}`".replace(" `", "`") for flag in action.option_strings]
    return ", ".join(flags) or f"`{value}`"


def _help(action: argparse.Action) -> str:
    text = " ".join((action.help or "").split()).replace("%%", "%")
    return text[:1].upper() + text[1:] + "."


def _escaped(text: str) -> str:
    """Flags and names stay as they are written: no character of them is Markdown."""
    return re.sub(r"([*_<\[\]#|])", r"\\\1", text)


def _sentence(parser: argparse.ArgumentParser) -> str:
    text = " ".join((parser.description or "").split()).partition(". ")[0].partition(": ")[0]
    return text.rstrip(".") + "."


def _block(text: str) -> str:
    return "\n```text\n" + text.strip("\n") + "\n```\n"


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("builder-inited", write_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
