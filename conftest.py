"""Settings for all tests: the notebooks' (nbval) and the library's."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def pytest_collectstart(collector):
    """Don't compare what TensorFlow's C++ code writes to stderr: it differs by machine."""
    if hasattr(collector, "skip_compare"):
        collector.skip_compare += ("stderr",)


def pytest_sessionfinish(session):
    """In CI (ZAPSIM_NO_SKIPS), fail where a test of ours was skipped for want of something.

    Only what needs the internet may be missing there.
    """
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or not os.environ.get("ZAPSIM_NO_SKIPS"):
        return
    skipped = [
        r for r in reporter.stats.get("skipped", []) if "needs the internet" not in str(r.longrepr)
    ]
    if skipped:
        reporter.write_line(f"{len(skipped)} skipped, and CI allows none: {skipped[0].longrepr}")
        session.exitstatus = 1
