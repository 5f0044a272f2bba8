"""Originals beside the reconstructions of every run."""

from collections.abc import Sequence

from tfdeepsim.report.figures.sheet import Row, grouped, sets, sheet
from tfdeepsim.report.figures.style import colours, styled
from tfdeepsim.report.record import Record


def reconstruction_sheet(records: Sequence[Record]) -> bytes | None:
    """One sheet: a row of originals, and below it one row a run with its reconstructions.

    More images than fit a row go on in a second set of rows. Runs that were sampled on other images
    stand below, under their own originals.

    Args:
        records: All rows of the report.

    Returns:
        PNG, or None if no run has samples.
    """
    colour = colours(records)
    blocks = []
    for group in same_originals(records):
        sampled = [(i, records[i], samples) for i in group if (samples := records[i].samples)]
        rows = [Row(s.reconstruction, r.system, r.short, colour=colour[i]) for i, r, s in sampled]
        blocks += sets([Row(sampled[0][2].original, "Originals"), *rows])
    if not blocks:
        return None
    with styled():
        return sheet(blocks)


def same_originals(records: Sequence[Record]) -> list[list[int]]:
    """Indices of the runs that have samples, grouped by their originals."""
    return grouped([None if r.samples is None else r.samples.original for r in records])
