"""The command `python -m tuning.search`; an installed tfdeepsim has it as `tfdeepsim-search`."""

import sys

from tfdeepsim.commands.search import main

if __name__ == "__main__":
    sys.exit(main())
