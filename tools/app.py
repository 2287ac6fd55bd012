"""Serve the browser as a web page, for people who don't want to see code: what `make app` runs.

    python -m tools.app [--room] [--visitors 40] [what Voila takes, such as --no-browser]

Out: a page for each visitor. With `--room`, all who share the network can come, and the addresses
to write on the board are printed. `tools/voila.py` says what is let through.
"""

import argparse
import os
from pathlib import Path
from runpy import run_path

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
    notebook = TOOLS.parent / "notebooks" / "06_browse.ipynb"
    app().launch_instance([*others, str(notebook)])


def app():
    """Return Voila with the settings beside this file, or not at all.

    It would go on without a file that it does not find, or that fails, and let everything through.
    """
    from traitlets.config import Config
    from voila.app import Voila

    class App(Voila):
        def load_config_file(self, *_, **__):
            config = Config()
            run_path(str(TOOLS / "voila.py"), {"get_config": lambda: config})
            # What is said on the command line counts more.
            config.merge(self.cli_config)
            self.update_config(config)

    return App


if __name__ == "__main__":
    main()
