"""The command `train.py`; an installed tfdeepsim has it as `tfdeepsim-train`."""

import sys

from tfdeepsim.commands.train import main

if __name__ == "__main__":
    sys.exit(main())
