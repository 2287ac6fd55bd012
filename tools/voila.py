"""Settings for `make app`: show only what is meant for people who don't want to see code.

Voila shows no code, and runs what it shows. The cells tagged "app" are shown; the code cells
before the last of them run as well, unseen, for it needs what they make; nothing else is run.
"""

import os

# Each visitor has a kernel: Arrow's own allocator keeps 20 MB more in each of them.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")


def only_the_app(handler, notebook, cwd):
    """Leave out the course; voila calls this for every visitor."""
    app = [
        number
        for number, cell in enumerate(notebook.cells)
        if "app" in cell.metadata.get("tags", [])
    ]
    notebook.cells = [
        cell
        for number, cell in enumerate(notebook.cells[: app[-1] + 1])
        if number in app or cell.cell_type == "code"
    ]
    return notebook


c = get_config()  # noqa: F821
c.VoilaConfiguration.prelaunch_hook = only_the_app
