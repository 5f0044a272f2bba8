"""The command `train.py`, which an installed package offers as `tfdeepsim-train`."""

import sys

from tfdeepsim.commands.train import main

if __name__ == "__main__":
    sys.exit(main())
