"""What each embedding kept, as a decoder shows it (Fig. 1 of Pihlgren et al. 2020)."""

from collections.abc import Sequence

from tfdeepsim.report.figures.sheet import Row, grouped, sets, sheet
from tfdeepsim.report.figures.style import colours, styled
from tfdeepsim.report.record import Record


def decoded_sheet(records: Sequence[Record]) -> bytes | None:
    """One sheet: a row of test images, and below it one row a representation with its decoded
    embeddings.

    Representations that were decoded on other images stand below, under their own originals.

    Args:
        records: All rows of the report.

    Returns:
        PNG, or None if nothing was decoded.
    """
    colour = colours(records)
    blocks = []
    for group in grouped([None if r.decoded is None else r.decoded.original for r in records]):
        shown = [(i, records[i], decoded) for i in group if (decoded := records[i].decoded)]
        rows = [
            Row(
                d.decoded, r.system, r.short, "" if d.mse is None else f"MSE {d.mse:.4f}", colour[i]
            )
            for i, r, d in shown
        ]
        blocks += sets([Row(shown[0][2].original, "Originals"), *rows])
    if not blocks:
        return None
    with styled():
        return sheet(blocks)
