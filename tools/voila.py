"""Settings for `make app`: show only what is meant for people who don't want to see code.

Voila shows no code, and runs what it shows. Only the cells tagged "app" are kept: they need nothing
of the others.
"""

import os

# Each visitor has a kernel: Arrow's own allocator keeps 20 MB more in each of them.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")


def only_the_app(handler, notebook, cwd):
    """Leave out the course; voila calls this for every visitor."""
    notebook.cells = [cell for cell in notebook.cells if "app" in cell.metadata.get("tags", [])]
    return notebook


c = get_config()  # noqa: F821
c.VoilaConfiguration.prelaunch_hook = only_the_app
