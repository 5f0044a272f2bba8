"""Decoded embeddings, which show what each embedding kept (Fig. 1 of Pihlgren et al. 2020)."""

from collections.abc import Sequence

from tfdeepsim.report.figures.sheet import ImageRow, grouped, sets, sheet
from tfdeepsim.report.figures.style import colours, styled
from tfdeepsim.report.record import Record


def decoded_sheet(records: Sequence[Record]) -> bytes | None:
    """A row of test images, and below it the decoded embeddings of each representation.

    Representations whose decoded images are different ones stand below their own originals.

    Args:
        records: Files of all rows.

    Returns:
        Content of a PNG file, or None if nothing was decoded.
    """
    colour = colours(records)
    blocks = []
    for group in grouped([None if r.decoded is None else r.decoded.original for r in records]):
        shown = [(i, records[i], decoded) for i in group if (decoded := records[i].decoded)]
        rows = [
            ImageRow(
                d.decoded,
                r.system,
                r.short_name,
                "" if d.mse is None else f"MSE {d.mse:.4f}",
                colour[i],
            )
            for i, r, d in shown
        ]
        blocks += sets([ImageRow(shown[0][2].original, "Originals"), *rows])
    if not blocks:
        return None
    with styled():
        return sheet(blocks)
