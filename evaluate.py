"""The command `evaluate.py`; an installed tfdeepsim has it as `tfdeepsim-evaluate`."""

import sys

from tfdeepsim.commands.evaluate import main

if __name__ == "__main__":
    sys.exit(main())
