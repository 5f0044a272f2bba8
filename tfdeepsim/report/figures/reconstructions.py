"""Originals, and below them the reconstructions of every run."""

from collections.abc import Sequence

from tfdeepsim.report.figures.sheet import ImageRow, grouped, sets, sheet
from tfdeepsim.report.figures.style import colours, styled
from tfdeepsim.report.record import Record


def reconstruction_sheet(records: Sequence[Record]) -> bytes | None:
    """A row of originals, and below it the reconstructions of each run.

    Images that do not fit into one row continue in a second set of rows. Runs that recorded other
    images stand below their own originals.

    Args:
        records: Files of all rows.

    Returns:
        Content of a PNG file, or None if no run has samples.
    """
    colour = colours(records)
    blocks = []
    for group in same_originals(records):
        sampled = [(i, records[i], samples) for i in group if (samples := records[i].samples)]
        rows = [
            ImageRow(s.reconstruction, r.system, r.short_name, colour=colour[i])
            for i, r, s in sampled
        ]
        blocks += sets([ImageRow(sampled[0][2].original, "Originals"), *rows])
    if not blocks:
        return None
    with styled():
        return sheet(blocks)


def same_originals(records: Sequence[Record]) -> list[list[int]]:
    """Indices of the rows that have samples, grouped by their originals."""
    return grouped([None if r.samples is None else r.samples.original for r in records])
