"""Where zapsim lives: what is taken for a home, and what is stamped from it."""

import shutil
import subprocess
import sys
import tomllib

import nbformat
import pytest

from tools import build_notebooks as builder
from tools import home

HOME = {"owner": "some-one", "repository": "zap.sim", "branch": "v1_2"}
# What would break out of an address, a shell's line, TOML or Markdown, or lead elsewhere.
HOSTILE = [
    "a b",
    "a/b",
    "../a",
    "a'",
    'a"',
    "a;b",
    "$(a)",
    "a\n",
    "a)",
    "a?b",
    "a#b",
    "a@b",
    "é",
    "-a",
]


@pytest.mark.parametrize("name", HOME)
@pytest.mark.parametrize("value", [*HOSTILE, "x" * 101])
def test_what_could_lead_elsewhere_is_no_home(name, value):
    with pytest.raises(ValueError, match=f"No {name} on GitHub"):
        home.checked(HOME | {name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("owner", owner) for owner in ("a--b", "a-", "a.b", "a_-b", "_a")),
        *(("repository", repository) for repository in ("", ".", "..", "a.git")),
        *(("branch", branch) for branch in ("", "a..b")),
    ],
)
def test_names_that_github_does_not_have_are_refused(name, value):
    with pytest.raises(ValueError, match="Received"):
        home.checked(HOME | {name: value})


def test_a_home_and_none_are_taken():
    assert home.checked(HOME) == HOME
    assert home.checked(HOME | {"owner": ""})["owner"] == ""


@pytest.mark.parametrize(
    "address",
    [
        "https://github.com/some-one/zap.sim.git",
        "https://github.com/some-one/zap.sim",
        "https://some-one@github.com/some-one/zap.sim.git",
        "https://some-one:secret@github.com/some-one/zap.sim.git",
        "git@github.com:some-one/zap.sim.git",
        "ssh://git@github.com/some-one/zap.sim.git",
    ],
)
def test_the_clones_origin_is_taken_on_request(tmp_path, monkeypatch, address):
    clone_of(tmp_path, address)
    monkeypatch.setattr(home, "ROOT", tmp_path)
    assert home.of_origin() == ("some-one", "zap.sim")


@pytest.mark.parametrize(
    "address",
    [
        "https://gitlab.com/a/b.git",
        "https://a:secret@gitlab.com/a/b",
        "https://github.com.evil.example/a/b",
        "/somewhere",
        None,
    ],
)
def test_an_origin_elsewhere_is_refused(tmp_path, monkeypatch, address):
    clone_of(tmp_path, address)
    monkeypatch.setattr(home, "ROOT", tmp_path)
    with pytest.raises(SystemExit, match="not on github.com") as error:
        home.of_origin()
    assert "secret" not in str(error.value)


def clone_of(folder, address):
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    if address:
        subprocess.run(["git", "-C", folder, "remote", "add", "origin", address], check=True)


def test_it_is_written_and_stamped_and_nothing_is_run(tmp_path, monkeypatch, capsys):
    """In a copy of one notebook, whose outputs stay as they are, and what was written there."""
    project = tmp_path / "pyproject.toml"
    shutil.copy(home.ROOT / "pyproject.toml", project)
    (tmp_path / "notebooks" / "src").mkdir(parents=True)
    source = tmp_path / "notebooks" / "src" / "04_tried.py"
    source.write_text(
        "# %% [markdown]\n# # 04 · Tried\n#\n# Text.\n\n# %% [markdown]\n# See.\n\n# %%\n6 * 7\n",
        encoding="utf-8",
    )
    for module in (home, builder):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(builder, "NOTEBOOKS", tmp_path / "notebooks")
    monkeypatch.setattr(builder, "FRESH", tmp_path)
    home.write({"owner": ""})
    before = project.read_text(encoding="utf-8")
    builder.main([])
    assert not any("github.com" in str(notebook) for notebook in copies(source))
    for solved in (False, True):
        path = builder.target(source, solved)
        worked = nbformat.read(path, 4)
        worked.cells[0].source += "\n\nMy notes."
        worked.cells[3].source = "6 * 7  # my answer"
        worked.cells.insert(4, nbformat.v4.new_code_cell("my.own = cell"))
        nbformat.write(worked, path)
    unset = copies(source)

    monkeypatch.setattr(builder, "execute", None)
    monkeypatch.setattr(
        sys, "argv", ["home", "--owner=some-one", "--repository=zap.sim", "--branch=v1_2"]
    )
    home.main()
    assert [notebook.cells[2:-1] for notebook in copies(source)] == [n.cells[2:-1] for n in unset]
    said = capsys.readouterr().out
    assert "https://mybinder.org/v2/gh/some-one/zap.sim/v1_2?labpath=notebooks/00_" in said
    assert "https://codespaces.new/some-one/zap.sim/tree/v1_2" in said
    place = "https://colab.research.google.com/github/some-one/zap.sim/blob/v1_2/notebooks/"
    for folder, notebook in zip(("", "solutions/"), copies(source), strict=True):
        assert f"({place}{folder}04_tried.ipynb)" in notebook.cells[0].source
        assert f"({place}{folder}04_tried.ipynb)" in notebook.cells[-1].source
        assert "https://github.com/some-one/zap.sim/archive/v1_2.zip" in notebook.cells[1].source
        assert notebook.cells[3].outputs[0].data["text/plain"] == "42"
    assert place in (tmp_path / "04_tried.ipynb").read_text(encoding="utf-8")
    after = project.read_text(encoding="utf-8")
    other = after.replace('owner = "some-one"', "owner = 'some-one'")
    project.write_text(other, encoding="utf-8")
    with pytest.raises(ValueError, match='must have lines such as owner = "…", and nothing else'):
        home.write({"owner": "other"})
    assert project.read_text(encoding="utf-8") == other
    project.write_text(after, encoding="utf-8")
    assert tomllib.loads(after)["tool"]["zapsim"] == HOME
    assert len(after.splitlines()) == len(before.splitlines())
    assert sum(a != b for a, b in zip(after.splitlines(), before.splitlines(), strict=True)) == 3

    home.write({"owner": "", "repository": "zapsim", "branch": "main"})
    assert project.read_text(encoding="utf-8") == before
    assert builder.stamp() == []
    assert copies(source) == unset
    builder.target(source, True).write_text("{")
    (tmp_path / "04_tried.ipynb").unlink()
    with pytest.raises(SystemExit, match="solutions/04_tried.ipynb, 04_tried.ipynb. Take them"):
        home.main()


def copies(source):
    return [nbformat.read(builder.target(source, solved), 4) for solved in (False, True)]


def test_a_request_without_a_name_is_answered_by_what_to_say(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["home"])
    with pytest.raises(SystemExit):
        home.main()
    assert "make home OWNER=" in capsys.readouterr().err


def test_a_name_that_cannot_be_taken_is_told_in_one_sentence(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["home", "--owner=alice.acme"])
    with pytest.raises(SystemExit):
        home.main()
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.endswith("No owner on GitHub that zapsim can take. Received: 'alice.acme'")
