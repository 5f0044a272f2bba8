"""A search in a process of its own, for tests that kill it.

Arguments: DIRECTORY TUNER TRIALS WORKERS EPOCHS.
"""

import sys

from conftest import make_pairs

from tfdeepsim.tuning.directory import SearchDirectory
from tfdeepsim.tuning.search import search
from tfdeepsim.tuning.settings import SearchSettings

if __name__ == "__main__":
    path, tuner, trials, workers, epochs = sys.argv[1:]
    settings = SearchSettings(tuner=tuner, trials=int(trials) or None, epochs=int(epochs))
    search(make_pairs(), "regression", settings, SearchDirectory(path), workers=int(workers))
    print("complete")
