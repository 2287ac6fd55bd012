# zapsim: two commands. `make lab` opens the course, `make test` proves that it works.
# Without make (Windows, conda), the README has the same in plain lines.

VENV := .venv
PY := $(VENV)/bin/python
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
# For it TensorFlow is not released yet: pyproject.toml leaves it out.
LIGHT := import sys; sys.exit(sys.version_info[:2] != (3, 14))
# No screen, no browser: JupyterLab then serves and prints its address. Root needs leave to.
SCREEN := $(if $(or $(DISPLAY),$(WAYLAND_DISPLAY),$(filter Darwin,$(shell uname))),,--no-browser)
ROOT_LEAVE := $(if $(filter 0,$(shell id -u)),--allow-root,)

.PHONY: lab test app notebooks book home data handout form worksheet slides print kit lint dist lock clean

# A larger upload is lost, and nobody is told; Jupyter's own limit is 10 MiB.
UPLOAD_MB := 200
lab: $(VENV)/ready
	ZAPSIM_UPLOAD_MB=$(UPLOAD_MB) $(VENV)/bin/jupyter lab $(SCREEN) $(ROOT_LEAVE) \
	  --ServerApp.tornado_settings="{'websocket_max_message_size': $(UPLOAD_MB)_999_999}" \
	  --ServerApp.root_dir=. --LabApp.default_url=/lab/tree/notebooks/00_the_whole_story.ipynb

test: $(VENV)/ready
	$(PY) -m pytest

# The browser as a web page, for people who don't want to see code. tools/voila.py says how many can
# come, and from where: make app ZAPSIM_HOST=0.0.0.0 [ZAPSIM_VISITORS=…] serves all in the network.
app: $(VENV)/ready
	$(PY) -m tools.app $(SCREEN)

notebooks: $(VENV)/ready
	$(PY) -m tools.build_notebooks

# The course, the how-tos, the functions and the guide for teachers as a site, in build/book. Runs no
# notebook. What Sphinx writes for each function is in docs/api.
book: $(VENV)/ready
	@$(PY) -c 'import myst_nb, numpydoc, pydata_sphinx_theme' 2>/dev/null || \
	  $(PY) -m pip install --quiet --disable-pip-version-check -e '.[book]'
	rm -rf build/book build/doctrees docs/api
	$(PY) -m sphinx -q -W --keep-going -d build/doctrees -c docs . build/book
	@echo "Open build/book/index.html"

# Where it lives on GitHub: make home OWNER=… [REPO=… BRANCH=…], or make home ORIGIN=1. Runs no notebook.
home: $(VENV)/ready
	$(PY) -m tools.home $(if $(OWNER),--owner '$(OWNER)') $(if $(REPO),--repository '$(REPO)') \
	  $(if $(BRANCH),--branch '$(BRANCH)') $(if $(ORIGIN),--origin)

data: $(VENV)/ready
	$(PY) -m tools.minizap
	$(PY) -m tools.bundle_features
	$(PY) -m tools.draw_readme

# For teachers, into build/; teaching/README.md says what for.
handout form worksheet slides print: $(VENV)/ready
	$(PY) -m tools.teaching --$@

# A folder for a USB stick: make kit [PLATFORM=linux|windows|macos] [PYTHON=3.12] [KIND=light|full].
kit: $(VENV)/ready
	$(PY) -m tools.kit $(if $(PLATFORM),--platform '$(PLATFORM)') $(if $(PYTHON),--python '$(PYTHON)') \
	  $(if $(KIND),--kind '$(KIND)')

lint: $(VENV)/ready
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/lint-imports
	$(PY) -m tools.build_notebooks --check
	$(PY) -m tools.teaching --check

# The wheel and the sdist; the same bytes wherever they are built.
dist: $(VENV)/ready
	rm -rf dist
	$(VENV)/bin/hatchling build

# What CI installs, by version and hash, for all systems and Pythons; needs uv. In one run, so that
# all three have the same versions.
LOCKS := test:keras,lab,test light:lab,test,browser scale:scale,scale-test,bench,test \
  book:book,browser,test
lock:
	@for each in $(LOCKS); do \
	  uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	    --no-annotate --custom-compile-command 'make lock' \
	    $$(printf -- '--extra %s ' $$(echo $${each#*:} | tr , ' ')) \
	    pyproject.toml .ci/lock/build.in -o .ci/lock/$${each%%:*}.txt || exit 1; \
	done
	@uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	  --no-annotate --custom-compile-command 'make lock' .ci/lock/dist.in -o .ci/lock/dist.txt
	@rm -f .ci/lock/npm/package-lock.json; npm install --prefix .ci/lock/npm --package-lock-only \
	  --omit-lockfile-registry-resolved --ignore-scripts --no-fund --no-audit --silent

$(VENV)/ready: pyproject.toml requirements.txt
	@for python in python3 python3.13 python3.12 python3.11; do \
	  if $$python -c '$(SUPPORTED)' 2>/dev/null; then \
	    echo "Setting up $(VENV) with $$($$python --version); the first time takes a few minutes"; \
	    exec $$python -m venv $(VENV); \
	  fi; \
	done; for python in python3 python3.14; do \
	  if $$python -c '$(LIGHT)' 2>/dev/null; then \
	    echo "Setting up $(VENV) with $$($$python --version), for which there is no TensorFlow yet: without it,"; \
	    echo "so that notebooks 02, 03, 08 and 12 cannot run. For them, install Python 3.11, 3.12 or 3.13."; \
	    exec $$python -m venv $(VENV); \
	  fi; \
	done; echo "zapsim needs Python 3.11, 3.12, 3.13 or (without TensorFlow) 3.14; none was found." >&2; exit 1
	$(if $(LOCK),$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK))
	$(PY) -m pip install --quiet --disable-pip-version-check $(if $(LOCK),--no-build-isolation) -r requirements.txt
	@touch $@

clean:
	rm -rf $(VENV)
