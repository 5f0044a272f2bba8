"""The command `evaluate.py`, which an installed package offers as `tfdeepsim-evaluate`."""

import sys

from tfdeepsim.commands.evaluate import main

if __name__ == "__main__":
    sys.exit(main())
