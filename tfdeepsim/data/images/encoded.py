"""Images that stay in their files and are decoded each time they are asked for."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from tfdeepsim.data.images.decode import Undecodable
from tfdeepsim.data.images.listing import Listing
from tfdeepsim.data.images.verification import WORKERS, read_image
from tfdeepsim.data.resizing import Resizing
from tfdeepsim.errors import InputError


class EncodedImages:
    """Indexed like an array uint8 [N, side, side, 3]; holds the names of files and no pixels.

    Args:
        listing: N files, good ones as far as they are asked for.
        view: Size, and how to get there.
    """

    dtype = np.dtype(np.uint8)
    ndim = 4

    def __init__(self, listing: Listing, view: Resizing):
        self._listing = listing
        self._view = view
        self.shape = (len(listing.files), view.side, view.side, 3)
        self._rows = np.arange(len(listing.files))
        self._threads = ThreadPoolExecutor(WORKERS, "decode")

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: int | slice | np.ndarray | list[int]) -> np.ndarray:
        """One image for an integer; several for a slice, integers or a mask, decoded in parallel.

        Raises:
            InputError: If a file cannot be read or decoded any more.
        """
        rows = self._rows[index]
        if rows.ndim == 0:
            return self._read(int(rows))
        images = np.empty((len(rows), *self.shape[1:]), np.uint8)

        def work(places: np.ndarray) -> None:
            for place in places:
                images[place] = self._read(int(rows[place]))

        for _ in self._threads.map(work, np.array_split(np.arange(len(rows)), WORKERS)):
            pass
        return images

    def _read(self, row: int) -> np.ndarray:
        store, file = self._listing.store, self._listing.files[row]
        try:
            return read_image(store, file, self._view)
        except Undecodable as error:
            raise InputError(
                "image files must stay as they are while they are used",
                got=f"{file.name} of {store.name} ({error})",
                accepted="the file that was there at first, or another start",
            ) from error
