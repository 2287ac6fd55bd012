# zapsim: two commands. `make lab` opens the course, `make test` proves that it works.
# Without make (Windows, conda), the README has the same in plain lines.

VENV := .venv
PY := $(VENV)/bin/python
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
# No screen, no browser: JupyterLab then serves and prints its address. Root needs leave to.
SCREEN := $(if $(or $(DISPLAY),$(WAYLAND_DISPLAY),$(filter Darwin,$(shell uname))),,--no-browser)
ROOT_LEAVE := $(if $(filter 0,$(shell id -u)),--allow-root,)

.PHONY: lab test app notebooks home data lint clean

lab: $(VENV)/ready
	$(VENV)/bin/jupyter lab $(SCREEN) $(ROOT_LEAVE) notebooks/00_the_whole_story.ipynb

test: $(VENV)/ready
	$(PY) -m pytest

# The browser as a web page, for people who don't want to see code.
app: $(VENV)/ready
	$(VENV)/bin/voila $(SCREEN) --Voila.config_file_paths='["tools"]' \
	  notebooks/06_browse.ipynb

notebooks: $(VENV)/ready
	$(PY) -m tools.build_notebooks

# Where it lives on GitHub: make home OWNER=… [REPO=… BRANCH=…], or make home ORIGIN=1. Runs no notebook.
home: $(VENV)/ready
	$(PY) -m tools.home $(if $(OWNER),--owner '$(OWNER)') $(if $(REPO),--repository '$(REPO)') \
	  $(if $(BRANCH),--branch '$(BRANCH)') $(if $(ORIGIN),--origin)

data: $(VENV)/ready
	$(PY) -m tools.minizap
	$(PY) -m tools.bundle_features
	$(PY) -m tools.draw_readme

lint: $(VENV)/ready
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/lint-imports
	$(PY) -m tools.build_notebooks --check

$(VENV)/ready: pyproject.toml requirements.txt
	@for python in python3 python3.13 python3.12 python3.11; do \
	  if $$python -c '$(SUPPORTED)' 2>/dev/null; then \
	    echo "Setting up $(VENV) with $$($$python --version); the first time takes a few minutes"; \
	    exec $$python -m venv $(VENV); \
	  fi; \
	done; echo "zapsim needs Python 3.11, 3.12 or 3.13; none was found." >&2; exit 1
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

clean:
	rm -rf $(VENV)
