"""``python -m zapsim``: is this machine ready for the course? See `zapsim.ready.report`."""

import sys

from zapsim.ready.start import main

if __name__ == "__main__":
    sys.exit(main())
