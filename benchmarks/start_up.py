"""Time what a person waits for first: importing zapsim, and notebook 00 from bundled features.

    python -m benchmarks.start_up [--repeats 5]

Whole processes, in turn; the baseline is an empty Python, so that each line's own share shows.
"""

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOK = ROOT / "notebooks" / "solutions" / "00_the_whole_story.ipynb"
COMMANDS = {
    "python, nothing else": ["-c", "pass"],
    "import zapsim": ["-c", "import zapsim"],
    "import pandas": ["-c", "import pandas"],
    "open MiniZap, bundled features, one recommendation": [
        "-c",
        "import zapsim; c = zapsim.load_catalogue(); "
        "zapsim.SimilarityPredictor(c, zapsim.load_features()).plot(c.keys[0])",
    ],
    "notebook 00, kernel start included": [
        "-c",
        "import nbformat, nbclient; nbclient.NotebookClient("
        f"nbformat.read({str(NOTEBOOK)!r}, 4), kernel_name='python3').execute()",
    ],
    "import tensorflow": ["-c", "import tensorflow"],
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    seconds = {name: [] for name in COMMANDS}
    for turn in range(repeats + 1):
        for name, command in COMMANDS.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, *command], check=True, capture_output=True)
            # The first turn fills the disk cache and is not counted.
            if turn:
                seconds[name].append(time.perf_counter() - start)
    print(f"seconds, median of {repeats} (minimum to maximum)")
    for name, values in seconds.items():
        print(f"{statistics.median(values):7.2f}  ({min(values):.2f} to {max(values):.2f})  {name}")


if __name__ == "__main__":
    main()
