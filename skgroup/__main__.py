"""`python -m skgroup` is the command `skgroup`."""

import sys

from skgroup.cli import main

if __name__ == "__main__":
    sys.exit(main())
