"""The book: `make book` builds it from the sources that the project has anyway, running none."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import zapsim  # noqa: E402

project, version, release = "zapsim", zapsim.__version__, zapsim.__version__
copyright = "the authors of zapsim; MIT licence"

# The whole folder is the source, so that links between files lead to the same places as on GitHub.
root_doc = "docs/index"
include_patterns = [
    "docs/**",
    "notebooks/*.ipynb",
    "notebooks/glossary.md",
    "teaching/**",
    "benchmarks/README.md",
    "data/README.md",
    "[A-Z]*.md",
]
# GitHub's first page; the book has one of its own.
exclude_patterns = ["README.md", ".*", "build", "docs/_*", "**/.ipynb_checkpoints"]

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "tools.book",
]
nitpicky = True
# Their pages are on the web, where nothing is asked.
nitpick_ignore_regex = [("py:class", r"(numpy|pandas)\..*")]

nb_execution_mode = "off"
# Widgets need Python; and nothing is loaded from the web.
nb_ipywidgets_js = {}
nb_merge_streams = True
myst_heading_anchors = 3
# What stands there is what was written.
smartquotes = False

default_role = "autolink"
templates_path = [str(ROOT / "docs" / "_templates")]
autodoc_member_order = "bysource"
numpydoc_show_class_members = False

toc_object_entries_show_parents = "hide"

html_theme = "pydata_sphinx_theme"
html_title = "zapsim"
html_context = {"default_mode": "auto"}
html_static_path = ["_static"]
html_css_files = ["book.css"]
html_extra_path = ["start"]
html_copy_source = False
html_use_index = False
# Opened by its path, a page may not read others.
html_show_search_summary = False
# Pages with nothing below them.
html_sidebars = {page: [] for page in ("docs/index", "docs/why", "notebooks/glossary")}
html_theme_options = {
    "navbar_align": "left",
    "navigation_with_keys": False,
    "show_prev_next": True,
    "footer_start": ["copyright"],
    "footer_end": [],
}
