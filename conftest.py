"""Settings for all tests: the notebooks' (nbval) and the library's."""

import os

# One precision makes the stored notebooks' outputs the same on every machine.
os.environ.setdefault("ZAPSIM_PRECISION", "float32")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def pytest_collectstart(collector):
    """Don't compare what TensorFlow's C++ code writes to stderr: it differs by machine."""
    if hasattr(collector, "skip_compare"):
        collector.skip_compare += ("stderr",)
