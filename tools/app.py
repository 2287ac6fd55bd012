"""Serve the browser as a web page, for people who don't want to see code: what `make app` runs.

    python -m tools.app [--room] [--visitors 40] [what Voila takes, such as --no-browser]

Out: a page for each visitor. With `--room`, all who share the network can come, and the addresses
to write on the board are printed. `tools/voila.py` says what is let through.
"""

import argparse
import os
from pathlib import Path

TOOLS = Path(__file__).resolve().parent


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--room", action="store_true", help="also for others in this network")
    parser.add_argument("--visitors", help="how many pages can be open; by default what fits")
    options, others = parser.parse_known_args()
    if options.room:
        os.environ["ZAPSIM_HOST"] = "0.0.0.0"
    if options.visitors:
        os.environ["ZAPSIM_VISITORS"] = options.visitors
    # It reads the variables when it starts.
    from voila.app import main as voila

    notebook = TOOLS.parent / "notebooks" / "06_browse.ipynb"
    voila([f"--Voila.config_file_paths={TOOLS}", *others, str(notebook)])


if __name__ == "__main__":
    main()
