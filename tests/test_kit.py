"""The kit for a USB stick: how it is built, and that it sets the course up, with tiny wheels."""

import ast
import ensurepip
import errno
import hashlib
import importlib.util
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from zipfile import ZipFile

import nbformat
import pytest

from tools import kit as builder

BUNDLED_PIP = sorted(Path(ensurepip.__file__).parent.glob("_bundled/pip-*.whl"))
# Blanks, an umlaut, and what command lines stumble over.
ODD = "Jörg & Söhne's stick! 100% (1)"
# What a kit says of itself.
ABOUT = {
    **{"name": "zapsim-light-linux-3.12", "version": "0.1.0", "kind": "light", "system": "Linux"},
    **{"machine": "x86_64", "python": "3.12", "release": [2, 28]},
    **{"packages": 3, "installed": 1, "longest": 0},
}
# What stands for JupyterLab: it keeps what it was started with.
FAKE_LAB = """
import json, os, sys
with open("started.json", "w") as file:
    json.dump({"arguments": sys.argv[1:], "folder": os.getcwd(), "prefix": sys.prefix}, file)
"""


@pytest.fixture
def start():
    """Return the module that is copied to the stick, as it is there: alone."""
    spec = importlib.util.spec_from_file_location("start", builder.STICK / "start.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write_wheel(folder, name, files):
    info = f"{name}-1.0.dist-info"
    files = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    with ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)


@pytest.fixture
def kit(tmp_path, start):
    """A kit for this very Python, with two tiny packages and one notebook."""
    if not BUNDLED_PIP:
        pytest.skip("this Python brings no wheel of pip")
    place = tmp_path / ODD / "kit"
    (place / "wheels").mkdir(parents=True)
    (place / "course" / "notebooks").mkdir(parents=True)
    (place / "course" / start.FIRST).write_text("given", encoding="utf-8")
    write_wheel(place / "wheels", "jupyterlab", {"jupyterlab/__main__.py": FAKE_LAB})
    looks = "import json; print('fine   Python'); raise SystemExit(1)"
    write_wheel(place / "wheels", "zapsim", {"zapsim/__main__.py": looks})
    shutil.copy(BUNDLED_PIP[-1], place / "wheels")
    target = {"Linux": "linux", "Windows": "windows", "Darwin": "macos"}[
        start.this_python()["system"]
    ]
    about = builder.describe(place, target, start.this_python()["python"], "light")
    about["machine"] = start.this_python()["machine"]
    builder.write_texts(place, target, about)
    builder.write_sums(place)
    return place


@pytest.fixture
def run(kit, tmp_path):
    """Return ``run(*arguments, kit=…)``: starts as a participant does, offline, at home."""
    home = tmp_path / "home ü"
    home.mkdir()

    def start_script(*arguments, kit=kit, **more):
        variables = {
            **os.environ,
            "HOME": str(home),
            "USERPROFILE": str(home),
            # None of these may count.
            "PYTHONPATH": str(tmp_path / "elsewhere"),
            "PIP_INDEX_URL": "http://127.0.0.1:9/",
            "PIP_TARGET": str(tmp_path / "elsewhere"),
            "PATH": f"{Path(sys._base_executable).parent}{os.pathsep}{os.environ['PATH']}",
        }
        variables.pop("ZAPSIM_FOLDER", None)
        name = "start.bat" if os.name == "nt" else "start.sh"
        command = [kit / name] if os.name == "nt" else ["sh", kit / name]
        return subprocess.run(
            [*command, *arguments],
            env=variables | more,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=120,
        )

    start_script.course = home / "zapsim-course"
    return start_script


# --- on the stick ----------------------------------------------------------------------------


def test_it_installs_opens_the_first_notebook_and_is_fast_the_second_time(run, kit, start):
    done = run("--no-browser")
    assert done.returncode == 0, done.stdout
    assert "Installing 3 packages from the stick" in done.stdout
    # Whatever zapsim finds on this machine, the course opens.
    assert "fine   Python\nNot all is well" in done.stdout
    started = json.loads((run.course / "started.json").read_text())
    assert started["arguments"][-2:] == ["--no-browser", start.FIRST]
    limit = f"{{'websocket_max_message_size': {start.UPLOAD_MB}_999_999}}"
    assert f"--ServerApp.tornado_settings={limit}" in started["arguments"]
    assert Path(started["folder"]) == run.course
    assert Path(started["prefix"]) == run.course / "env"
    assert "The stick is free: eject it" in done.stdout
    news = run.course / "env" / "share" / "jupyter" / "lab" / "settings" / "overrides.json"
    assert [*json.loads(news.read_text()).values()] == [{"fetchNews": "false"}]
    # JupyterLab refuses root otherwise.
    root = getattr(os, "geteuid", lambda: 1)() == 0
    assert ("--allow-root" in started["arguments"]) == root
    # The stick is gone; what was copied starts the course.
    shutil.rmtree(kit)
    (run.course / "started.json").unlink()
    again = run(kit=run.course)
    assert again.returncode == 0, again.stdout
    assert "stick" not in again.stdout
    assert "Installing" not in again.stdout
    assert (run.course / "started.json").exists()


def test_another_kit_is_installed_anew_and_what_was_written_is_never_overwritten(run, kit, start):
    run("--check")
    notebook = run.course / start.FIRST
    notebook.write_text("mine", encoding="utf-8")
    write_wheel(kit / "wheels", "hello", {"hello.py": ""})
    with open(kit / "requirements.txt", "a") as file:
        file.write("hello==1.0\n")
    about = json.loads((kit / "kit.json").read_text()) | {"packages": 4}
    (kit / "kit.json").write_text(json.dumps(about))
    builder.write_sums(kit)
    assert "Installing 4 packages" in run("--check").stdout
    assert list(run.course.glob("env/**/hello.py"))
    assert notebook.read_text(encoding="utf-8") == "mine"
    notebook.rename(notebook.with_name("my own.ipynb"))
    assert run("--check").returncode == 0
    assert notebook.read_text(encoding="utf-8") == "given"


def test_a_newer_kit_copied_over_an_older_one_takes_its_own_packages(run, kit):
    (kit / "wheels" / "pip-1.0-py3-none-any.whl").write_bytes(b"older")
    (kit / "wheels" / "zapsim-0.9-py3-none-any.whl").write_bytes(b"older")
    done = run("--check")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("harm", ["cut off", "missing", "changed"])
def test_a_damaged_wheel_is_named(run, kit, harm):
    [wheel] = kit.glob("wheels/zapsim-*.whl")
    data = wheel.read_bytes()
    if harm == "missing":
        wheel.unlink()
    else:
        wheel.write_bytes(data[:100] if harm == "cut off" else data[:-1] + b"?")
    done = run("--check")
    assert done.returncode == 1
    assert f"The stick's copy is damaged: wheels/{wheel.name}. Copy" in done.stdout
    assert "Traceback" not in done.stdout


def test_a_list_that_was_cut_off_is_damage_too(kit, start, monkeypatch):
    monkeypatch.setattr(start, "KIT", kit)
    assert start.damaged(ABOUT) == []
    sums = kit / "SHA256SUMS"
    lines = sums.read_text(encoding="utf-8").splitlines(keepends=True)
    sums.write_text("".join(lines[:-2]), encoding="utf-8")
    with pytest.raises(start.Stop, match="damaged: SHA256SUMS. Copy"):
        start.damaged(ABOUT)
    sums.unlink()
    with pytest.raises(start.Stop, match="damaged: SHA256SUMS. Copy"):
        start.damaged(ABOUT)
    assert "SHA256SUMS and 1 more" in start.damage(["SHA256SUMS", "kit.json"])


def test_a_package_that_pip_refuses_is_said_and_nothing_counts_as_installed(run, kit):
    [wheel] = kit.glob("wheels/zapsim-*.whl")
    wheel.write_bytes(b"no zip")
    builder.write_sums(kit)
    done = run("--check")
    assert done.returncode == 1
    assert "It did not work. pip said: ERROR" in done.stdout
    assert "start.log. Show that file to your teacher." in done.stdout
    assert not (run.course / "env" / "ready.txt").exists()


def test_a_stick_that_was_damaged_after_the_installation_is_found_too(
    start, kit, tmp_path, monkeypatch
):
    course, log, about = tmp_path / "course", tmp_path / "start.log", start.read_kit(kit)
    course.mkdir()
    monkeypatch.setattr(start, "KIT", kit)
    monkeypatch.setattr(start, "is_ready", lambda _: True)
    start.mark(about, course)

    def set_up(told=about):
        start.set_up_alone(told, course, log)

    for name in (f"course/{start.FIRST}", "README.txt", "start.py", "kit.json"):
        data = (kit / name).read_bytes()
        (kit / name).write_bytes(data[:-1])
        with pytest.raises(start.Stop, match=f"copy is damaged: {re.escape(name)}. Copy"):
            set_up()
        assert not (course / name.removeprefix("course/")).exists() or name == "kit.json"
        (kit / name).write_bytes(data)
    shutil.move(kit / "course", tmp_path / "taken")
    (course / start.FIRST).unlink()
    with pytest.raises(start.Stop, match=f"copy is damaged: course/{start.FIRST}"):
        set_up()
    shutil.move(tmp_path / "taken", kit / "course")
    # A teacher's own is not in the list.
    (kit / "course" / "notebooks" / "ours.ipynb").write_text("ours")
    set_up()
    assert (course / start.FIRST).read_text() == "given"
    assert (course / "notebooks" / "ours.ipynb").read_text() == "ours"
    # Without the stick.
    monkeypatch.setattr(start, "KIT", course)
    set_up(start.read_kit(course))
    shutil.rmtree(course / "notebooks")
    with pytest.raises(start.Stop, match="There are no notebooks in .*Start from the stick"):
        set_up(start.read_kit(course))


@pytest.mark.parametrize("kind", builder.KINDS)
def test_notebooks_to_work_in_have_no_outputs_but_where_the_kit_cannot_run_them(kind, tmp_path):
    builder.add_course(tmp_path, builder.notebooks_for(kind))

    def outputs(pattern):
        paths = sorted((tmp_path / "notebooks").glob(pattern))
        read = {path.name[:2]: nbformat.read(path, 4) for path in paths}
        return {n for n, book in read.items() if any(c.get("outputs") for c in book.cells)}

    kept = {"02", "03", "08", "12"} if kind == "light" else set()
    assert outputs("*.ipynb") == kept
    assert len(outputs("solutions/*.ipynb")) >= 12


def test_nothing_that_was_done_in_the_folder_is_handed_out(tmp_path, monkeypatch):
    shutil.copytree(builder.ROOT / "notebooks", tmp_path / "notebooks")
    monkeypatch.setattr(builder, "ROOT", tmp_path)
    monkeypatch.setattr(builder.build_notebooks, "ROOT", tmp_path)
    monkeypatch.setattr(builder.build_notebooks, "NOTEBOOKS", tmp_path / "notebooks")
    path = tmp_path / "notebooks" / "02_open_the_network.ipynb"
    checkpoints = path.parent / ".ipynb_checkpoints"
    checkpoints.mkdir()
    for mine in (
        checkpoints / path.name,
        path.with_name("Untitled.ipynb"),
        path.with_name("me.md"),
    ):
        shutil.copyfile(path, mine)
    # In what a full kit has without outputs, one may work.
    work = nbformat.read(path, 4)
    work.cells[5].source += "\n# my answer"
    nbformat.write(work, path)
    taken = builder.notebooks_for("full")
    assert len(taken) == 2 * 13 + 1
    assert taken["notebooks/02_open_the_network.ipynb"].parent.parent.name == "course"
    monkeypatch.setattr(builder, "resolve", None)
    with pytest.raises(SystemExit, match="worked in notebooks/02_open_the_network.ipynb, which"):
        builder.main(["--platform", "linux", "--python", "3.12"])


def test_the_stick_can_be_ejected_while_the_course_is_open(start, kit, tmp_path, monkeypatch):
    monkeypatch.setenv("ZAPSIM_FOLDER", str(tmp_path / "home"))
    monkeypatch.setattr(start, "KIT", kit)
    monkeypatch.setattr(start, "set_up", lambda *_: None)
    monkeypatch.chdir(kit)
    inside = []
    monkeypatch.setattr(start, "open_course", lambda *_: inside.append(os.getcwd()) or 0)
    assert start.main([]) == 0
    assert inside == [str(tmp_path / "home")]


def contents(folder):
    """Return all that is in a folder: where, and what (dict)."""
    return {
        path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize("said", [True, False])
def test_a_folder_of_somebody_elses_is_not_touched(run, start, tmp_path, said):
    theirs = tmp_path / "theirs" if said else run.course
    (theirs / "env").mkdir(parents=True)
    for name in ("env/mine.txt", "env/pyvenv.cfg", "kit.json", "README.txt", "start.log"):
        (theirs / name).write_text('{"mine": 1}')
    before = contents(theirs)
    done = run("--check", **({"ZAPSIM_FOLDER": str(theirs)} if said else {}))
    assert done.returncode == 1
    told = f"{theirs} holds other files: choose another folder by ZAPSIM_FOLDER"
    assert told in done.stdout
    assert contents(theirs) == before
    # What file managers put there is nobody's.
    shutil.rmtree(theirs)
    theirs.mkdir()
    (theirs / ".DS_Store").touch()
    start.mark(ABOUT, theirs)
    assert start.read_kit(theirs) == ABOUT


@pytest.mark.parametrize(
    "theirs",
    [
        {"installed": 3, "name": "IKEA"},
        ABOUT | {"name": "IKEA"},
        {name: value for name, value in ABOUT.items() if name != "version"},
        ABOUT | {"version": 1},
        ABOUT | {"installed": True},
    ],
)
def test_a_kit_json_of_another_program_is_no_mark(start, tmp_path, theirs):
    (tmp_path / "kit.json").write_text(json.dumps(theirs))
    before = contents(tmp_path)
    with pytest.raises(start.Stop, match=r"holds other files.*Nothing was changed there\."):
        start.mark(ABOUT, tmp_path)
    assert contents(tmp_path) == before


@pytest.mark.unix
@pytest.mark.parametrize("name", ["start.log", "start.lock", "README.txt", "notebooks"])
def test_nothing_is_written_where_a_link_leads(run, kit, start, tmp_path, name):
    run.course.mkdir()
    start.mark(start.read_kit(kit), run.course)
    theirs = tmp_path / "theirs"
    if name == "notebooks":
        theirs.mkdir()
    else:
        theirs.write_text("theirs")
    (run.course / name).symlink_to(theirs)
    said = run("--check").stdout
    assert f"{run.course / name} is " in said
    assert (run.course / name).is_symlink()
    assert not contents(theirs) if name == "notebooks" else theirs.read_text() == "theirs"


@pytest.mark.unix
def test_links_are_not_written_through_whoever_puts_them_there(start, tmp_path, monkeypatch):
    """Not even by somebody who does so just in time."""
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    theirs.write_text("theirs")
    ours.symlink_to(theirs)
    start.put(ours, b"ours")
    assert not ours.is_symlink()
    assert ours.read_bytes() == b"ours"
    ours.unlink()
    ours.symlink_to(theirs)
    monkeypatch.setattr(start.os.path, "lexists", lambda _: False)
    with pytest.raises(OSError, match="symbolic link"):
        start.open_own(ours, "w")
    assert theirs.read_text() == "theirs"
    # A notebook on another stick, which is away just now.
    monkeypatch.undo()
    (tmp_path / "course").mkdir()
    (tmp_path / "course" / "ours").write_text("given")
    theirs.unlink()
    monkeypatch.setattr(start, "KIT", tmp_path)
    assert start.copy_new(tmp_path, {}) == []
    assert ours.is_symlink()


def test_files_of_a_participants_own_are_kept_and_the_kits_are_renewed(run, kit, start):
    run("--check")
    mine = run.course / "README.txt", run.course / "requirements.txt"
    for path in mine:
        path.write_text("mine")
    with open(kit / "start.sh", "a") as file:
        file.write("# newer\n")
    with open(kit / "README.txt", "a") as file:
        file.write("newer\n")
    builder.write_sums(kit)
    said = run("--check").stdout
    assert f"{mine[0]} is not the kit's, and is kept." in said
    assert said.count("is kept") == 1
    assert [path.read_text() for path in mine] == ["mine"] * 2
    assert (run.course / "start.sh").read_bytes() == (kit / "start.sh").read_bytes()
    # Without the stick, too.
    assert run("--check", kit=run.course).returncode == 0
    mine[0].unlink()
    run("--check")
    assert mine[0].read_bytes() == (kit / "README.txt").read_bytes()


@pytest.mark.parametrize("kind", ["link", "file", "folder", "environment"])
def test_an_env_that_the_kit_did_not_make_is_not_emptied(run, kit, start, tmp_path, kind):
    run.course.mkdir()
    start.mark(start.read_kit(kit), run.course)
    env, theirs = run.course / "env", tmp_path / "theirs"
    theirs.mkdir()
    kept = [theirs / "mine.txt"]
    if kind == "link":
        # Even if it is one that a kit has made.
        kept.append(theirs / start.SIGN)
    if kind == "environment":
        kept.append(theirs / "pyvenv.cfg")
    for path in kept:
        path.write_text("mine")
    if kind == "link":
        env.symlink_to(theirs)
    else:
        (kept[0] if kind == "file" else theirs).rename(env)
        kept = [env if kind == "file" else env / path.name for path in kept]
    done = run("--check")
    assert done.returncode == 1
    told = "is not the kit" if kind in ("link", "file") else "holds other files: move or rename it"
    assert f"{env} {told}" in done.stdout
    assert [path.read_text() for path in kept] == ["mine"] * len(kept)


@pytest.mark.parametrize("moment", ["marked", "begun", "emptied", "copied"])
def test_a_first_start_that_was_stopped_is_gone_on_with(run, kit, start, monkeypatch, moment):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setenv("ZAPSIM_FOLDER", str(run.course))
    monkeypatch.setattr(start, "KIT", kit)
    if moment == "marked":
        monkeypatch.setattr(start.shutil, "disk_usage", stop)
    elif moment == "begun":
        monkeypatch.setattr("venv.EnvBuilder.create", stop)
    elif moment == "emptied":
        assert run("--check").returncode == 0
        (run.course / "env" / "ready.txt").unlink()
        monkeypatch.setattr(start.shutil, "rmtree", stop)
    else:
        monkeypatch.setattr(start.subprocess, "Popen", stop)
    folder = os.getcwd()
    assert start.main(["--check"]) == 1
    os.chdir(folder)
    monkeypatch.undo()
    assert not start.mark_of(run.course).exists()
    done = run("--check")
    assert done.returncode == 0, done.stdout
    assert (run.course / start.FIRST).exists()


def test_what_is_in_the_way_is_named(run, kit, start, tmp_path):
    (tmp_path / "a file").write_text("mine")
    done = run("--check", ZAPSIM_FOLDER=str(tmp_path / "a file"))
    assert f"{tmp_path / 'a file'} is in the way: it is a file where a folder" in done.stdout
    run.course.mkdir()
    start.mark(start.read_kit(kit), run.course)
    (run.course / "notebooks").write_text("mine")
    done = run("--check")
    assert f"{run.course / 'notebooks'} is in the way" in done.stdout
    assert (run.course / "notebooks").read_text() == "mine"
    for text in ("[]", 100_000 * "["):
        (kit / "kit.json").write_text(text)
        assert "copy is damaged: kit.json. Copy" in run("--check").stdout


def test_a_second_double_click_waits_for_the_first(run, kit, start):
    run.course.mkdir()
    start.mark(start.read_kit(kit), run.course)
    with start.claimed(run.course):
        done = run("--check")
    assert done.returncode == 1
    assert "Another window is setting up the same folder" in done.stdout
    with start.claimed(run.course):
        pass


def test_what_macos_puts_on_a_stick_is_not_copied_and_what_is_read_only_there_is_not_here(
    start, tmp_path, monkeypatch
):
    source, target = tmp_path / "course", tmp_path / "to"
    monkeypatch.setattr(start, "KIT", tmp_path)
    source.mkdir()
    for name in ("00.ipynb", "._00.ipynb", ".DS_Store"):
        (source / name).write_text("given")
        (source / name).chmod(0o444)
    assert start.copy_new(target, {}) == ["00.ipynb"]
    assert (target / "00.ipynb").stat().st_mode & 0o200
    assert start.copy_new(target, {}) == []


def test_without_wheels_it_says_to_start_from_the_stick(run, kit):
    shutil.rmtree(kit / "wheels")
    assert f"The packages are not in {kit}. Start from the stick" in run("--check").stdout


def test_a_kit_in_pieces_says_so(run, kit):
    (kit / "kit.json").unlink()
    assert "kit.json is missing. If it is a zip, unpack" in run().stdout
    (kit / "start.py").unlink()
    assert "start.py is missing" in run().stdout


@pytest.mark.parametrize("field", ["python", "installed", "release"])
def test_a_kit_that_says_something_else_of_itself_is_damaged(run, kit, start, field):
    about = start.read_kit(kit)
    assert about.keys() == start.FIELDS.keys()
    for wrong in ({field: {}}, {"release": ["x"]}, {}):
        told = {name: value for name, value in about.items() if name != field}
        (kit / "kit.json").write_text(json.dumps(told | wrong))
        with pytest.raises(start.Stop, match=r"copy is damaged: kit\.json"):
            start.read_kit(kit)
    assert "copy is damaged: kit.json. Copy" in run("--check").stdout


def test_what_was_set_for_other_pythons_and_shells_changes_nothing(run, kit, tmp_path, monkeypatch):
    others = dict.fromkeys(("IOENCODING", "MALLOC", "HASHSEED", "UTF8"), "bogus")
    others |= {"OPTIMIZE": "2", "INSPECT": "1", "HOME": "/nowhere", "STARTUP": "/nowhere"}
    variables = {f"PYTHON{name}": value for name, value in others.items()}
    # What start.py imports may not come from where it lies.
    (kit / "argparse.py").write_text("raise SystemExit('not this one')")
    (tmp_path / "other" / kit.name).mkdir(parents=True)
    monkeypatch.chdir(kit.parent)
    variables |= {"CDPATH": str(tmp_path / "other"), "ZAPSIM_FOLDER": "~/a place"}
    done = run("--check", kit=Path(kit.name), **variables)
    assert done.returncode == 0, done.stdout
    assert (run.course.parent / "a place" / "start.py").exists()


def test_files_of_the_current_folder_do_not_run(run, kit, start, tmp_path, monkeypatch):
    here = tmp_path / "here"
    here.mkdir()
    run.course.mkdir()
    start.mark(start.read_kit(kit), run.course)
    # pip imports both; what stands for zapsim and JupyterLab imports json.
    for folder, name in itertools.product((here, run.course), ("json.py", "random.py")):
        (folder / name).write_text("raise SystemExit('not this one')")
    monkeypatch.chdir(here)
    done = run("--no-browser")
    assert done.returncode == 0, done.stdout
    assert "fine   Python" in done.stdout
    assert (run.course / "started.json").exists()


# --- which Python ----------------------------------------------------------------------------

FITS = {
    "system": "Windows",
    "machine": "amd64",
    "python": "3.12",
    "bits": 64,
    "implementation": "CPython",
    "threads": False,
    "release": [],
}
KIT = {"system": "Windows", "machine": "amd64", "python": "3.12", "release": []}


def test_the_python_it_was_built_for_fits(start, kit):
    assert start.misfit(KIT, FITS) == ""
    assert start.misfit(start.read_kit(kit), start.this_python()) == ""


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"python": "3.9"}, "needs Python 3.12; found was Python 3.9."),
        ({"python": "3.13"}, "needs Python 3.12; found was Python 3.13."),
        ({"bits": 32, "machine": "win32"}, "needs a Python of 64 bit; found was one of 32 bit."),
        ({"machine": "arm64"}, "for amd64 processors, and this Python is for arm64."),
        ({"system": "Darwin"}, "for Windows, and this is macOS. Ask your teacher"),
        ({"implementation": "PyPy"}, "is of a special kind"),
        ({"threads": True}, "is of a special kind"),
    ],
)
def test_another_python_is_told_why(start, found, said):
    assert said in start.misfit(KIT, FITS | found)


@pytest.mark.parametrize(
    ("system", "release", "said"),
    [
        ("Darwin", [13, 6], "needs macOS 14.0 or later; found was 13.6."),
        ("Darwin", [14, 0], ""),
        ("Darwin", [15, 1], ""),
        ("Linux", [], "needs a Linux with glibc 14.0 or later; found was none."),
    ],
)
def test_an_older_system_is_told_why(start, system, release, said):
    wanted = KIT | {"system": system, "release": [14, 0]}
    assert said in start.misfit(wanted, FITS | {"system": system, "release": release})
    assert bool(said) == bool(start.misfit(wanted, FITS | {"system": system, "release": release}))


def test_a_python_that_does_not_fit_gets_the_installer_on_the_stick_or_an_address(run, kit, start):
    about = json.loads((kit / "kit.json").read_text()) | {"python": "3.1"}
    (kit / "kit.json").write_text(json.dumps(about))
    done = run("--check")
    assert done.returncode == 1
    assert "This kit needs Python 3.1; found was Python 3." in done.stdout
    assert "Install Python 3.1, 64 bit, from https://www.python.org/downloads/" in done.stdout
    (kit / "python" / "python-3.1.exe").touch()
    assert "Install python-3.1.exe from the folder" in run("--check").stdout


def test_an_earlier_python_can_read_the_script_that_refuses_it():
    source = (builder.STICK / "start.py").read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 8))


@pytest.mark.skipif(os.name == "nt", reason="there, start.bat is it")
def test_without_any_python_the_shell_says_what_to_do(kit):
    def started():
        return subprocess.run(
            [shutil.which("sh"), kit / "start.sh"],
            env={"PATH": os.fspath(tools)},
            capture_output=True,
            text=True,
            timeout=60,
        )

    # Nothing but what the script itself calls.
    tools = kit / "bin"
    tools.mkdir()
    for name in ("dirname", "ls"):
        (tools / name).symlink_to(shutil.which(name))
    text = (kit / "start.sh").read_text(encoding="utf-8")
    (kit / "start.sh").write_text(text.replace("/Library", "/nowhere").replace("/opt", "/nowhere"))
    done = started()
    assert done.returncode == 1
    assert "No Python was found" in done.stderr
    assert "https://www.python.org/downloads/" in done.stderr
    (kit / "python" / "python.pkg").touch()
    assert 'from the folder "python" on the stick' in started().stderr


# --- where to --------------------------------------------------------------------------------


def test_home_comes_first_then_beside_the_kit(start, monkeypatch, tmp_path):
    monkeypatch.delenv("ZAPSIM_FOLDER", raising=False)
    (tmp_path / "home").write_text("a file, not a folder")
    monkeypatch.setattr(start.Path, "home", lambda: tmp_path / "home")
    monkeypatch.setattr(start, "KIT", tmp_path / "stick" / "kit")
    assert start.find_folder(ABOUT) == tmp_path / "stick" / start.NAME
    # A user whom the system does not know.
    monkeypatch.undo()
    monkeypatch.delenv("ZAPSIM_FOLDER", raising=False)
    monkeypatch.setattr(start, "KIT", tmp_path / "stick" / "kit")
    monkeypatch.setattr(start.os.path, "expanduser", lambda path: path)
    assert start.find_folder(ABOUT) == tmp_path / "stick" / start.NAME
    monkeypatch.setenv("ZAPSIM_FOLDER", str(tmp_path / "said"))
    assert start.find_folder(ABOUT) == tmp_path / "said"
    with pytest.raises(start.Stop, match=r"2,000,000,000,000 MB are needed, .* MB are free"):
        start.find_folder(ABOUT | {"installed": 2e18})


@pytest.mark.parametrize(("longest", "fits"), [(200, True), (201, False)])
def test_paths_that_windows_does_not_take_are_refused(start, monkeypatch, tmp_path, longest, fits):
    monkeypatch.setattr(start, "LONGEST", len(str(tmp_path)) + 1 + 200)
    # os.name itself would change how paths are made.
    monkeypatch.setattr(start, "WINDOWS", True)
    reason = start.unusable({"longest": longest, "installed": 1}, tmp_path)
    assert reason == ("" if fits else "its path is 1 characters too long for Windows.")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        pytest.param("ho:me", 'holds ":"', marks=pytest.mark.unix),
        ("h\udce4me", "holds bytes that are no letters of UTF-8"),
    ],
)
def test_a_folder_that_can_hold_no_environment_is_passed_over(
    start, monkeypatch, tmp_path, name, reason
):
    monkeypatch.delenv("ZAPSIM_FOLDER", raising=False)
    monkeypatch.setattr(start.Path, "home", lambda: tmp_path / name)
    monkeypatch.setattr(start, "KIT", tmp_path / "stick" / "kit")
    assert start.find_folder(ABOUT) == tmp_path / "stick" / start.NAME
    assert reason in start.unusable(ABOUT, tmp_path / name)
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "The disk is full. Make room"),
        (PermissionError(errno.EACCES, "Permission denied", "x"), "x may not be written by you."),
        (ValueError("what it was"), "ValueError: what it was."),
    ],
)
def test_errors_are_said_in_words(start, error, said):
    assert start.in_words(error).startswith(said)


# --- the builder -----------------------------------------------------------------------------


def test_what_has_no_wheel_is_named_and_there_is_no_kit(monkeypatch, tmp_path, capsys):
    listed = "".join(f"{name}==1.0 \\\n    --hash=sha256:{'0' * 64}\n" for name in "abc")
    monkeypatch.setattr(builder, "KITS", tmp_path)
    monkeypatch.setattr(builder, "resolve", lambda *_: listed)

    def run(command, **_):
        text = Path(command[-1]).read_text()
        return subprocess.CompletedProcess(command, int("b==" in text))

    monkeypatch.setattr(builder.subprocess, "run", run)
    with pytest.raises(SystemExit, match=r"1 of 3 packages have no wheel for macos.*3\.13: b$"):
        builder.main(["--platform", "macos", "--python", "3.13"])
    assert not (tmp_path / "zapsim-light-macos-3.13").exists()


def test_a_kit_that_is_built_again_keeps_the_installers_that_were_put_into_it(
    monkeypatch, tmp_path
):
    monkeypatch.setattr(builder, "KITS", tmp_path)
    for name in ("resolve", "download", "add_zapsim", "add_course", "describe", "report"):
        monkeypatch.setattr(builder, name, lambda *_: None)
    monkeypatch.setattr(builder, "write_texts", lambda place, *_: (place / "python").mkdir())
    target = tmp_path / "zapsim-light-linux-3.12"
    for installer in ("python.exe", "vc_redist.exe"):
        builder.main(["--platform", "linux", "--python", "3.12"])
        (target / "python" / installer).write_text("theirs")
        (target / "older.txt").touch()
    builder.main(["--platform", "linux", "--python", "3.12"])
    kept = {path.as_posix() for path in contents(target)}
    assert kept == {"SHA256SUMS", "python/python.exe", "python/vc_redist.exe"}
    assert [*tmp_path.iterdir()] == [target]


def test_a_kit_that_could_not_get_its_name_leaves_the_installers_to_the_next(monkeypatch, tmp_path):
    """As on Windows, while a virus scanner holds the new folder."""
    target, rename = tmp_path / "kit", Path.rename
    (target / "python").mkdir(parents=True)
    (target / "python" / "python.exe").write_text("theirs")

    def held(path, to):
        if path.suffix == ".part":
            raise PermissionError(13, "The process cannot access the file", str(path))
        return rename(path, to)

    for fails in (True, False):
        part = tmp_path / "kit.part"
        (part / "python").mkdir(parents=True, exist_ok=True)
        with monkeypatch.context() as patch:
            if fails:
                patch.setattr(Path, "rename", held)
            with pytest.raises(PermissionError) if fails else nullcontext():
                builder.replace(target, part)
        builder.shutil.rmtree(part, ignore_errors=True)
    assert (target / "python" / "python.exe").read_text() == "theirs"
    assert [*tmp_path.iterdir()] == [target]


def test_tensorflow_is_not_promised_where_there_is_none():
    with pytest.raises(SystemExit, match="TensorFlow is not released for Python 3.14"):
        builder.resolve("linux", "3.14", "full")


def test_files_are_counted_where_they_will_lie(tmp_path):
    files = {"a/b.py": "12345", "x-1.0.data/data/share/c": "1", "x-1.0.data/purelib/d.py": ""}
    write_wheel(tmp_path, "x", files)
    inside = builder.contents(tmp_path / "x-1.0-py3-none-any.whl")
    assert inside["env/Lib/site-packages/a/b.py"] == 5
    assert inside["env/share/c"] == 1
    assert inside["env/Lib/site-packages/d.py"] == 0


@pytest.mark.parametrize(
    ("wheel", "release"),
    [
        ("a-1-py3-none-any.whl", []),
        ("a-1-cp312-cp312-win_amd64.whl", []),
        ("a-1-cp312-cp312-macosx_14_0_arm64.whl", [(14, 0)]),
        ("a-1-cp312-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", [(2, 17)]),
        ("a-1-cp312-abi3-manylinux_2_28_x86_64.manylinux_2_27_x86_64.whl", [(2, 27)]),
    ],
)
def test_the_oldest_system_is_read_from_names(wheel, release):
    assert builder.releases_of(wheel) == release


def test_scripts_have_their_systems_line_ends_and_no_stamp_is_left(tmp_path):
    about = {"version": "1", "kind": "light", "python": "3.12", "installed": 1e9, "longest": 1}
    for target in builder.PLATFORMS:
        place = tmp_path / target
        (place / "wheels").mkdir(parents=True)
        builder.write_texts(place, target, about)
        for name in {"README.txt", *builder.PLATFORMS[target].scripts.values()}:
            text = (place / name).read_bytes()
            assert b"3.12" in text
            assert not re.search(rb"@[A-Z]+@", text)
            lines = text.count(b"\n")
            assert text.count(b"\r\n") == (lines if name.endswith((".bat", ".txt")) else 0)
            assert text.isascii()
            limit = 80 if name == "README.txt" else 120
            assert max(map(len, text.decode().splitlines())) <= limit
    assert os.access(tmp_path / "macos" / "start.command", os.X_OK) or os.name == "nt"


def test_every_notebook_that_needs_more_is_named():
    whole, parts = builder.importing("keras")
    sources = (builder.ROOT / "notebooks" / "src").glob("[0-9][0-9]_*.py")
    texts = {path.name[:2]: path.read_text(encoding="utf-8") for path in sources}
    assert sorted(whole + parts) == sorted(
        n for n in texts if "\nimport keras" in texts[n] or "\nfrom keras" in texts[n]
    )
    # What is extracted without Keras, and kept, can be followed there.
    assert "03" in parts
    light, full = builder.which_notebooks("light"), builder.which_notebooks("full")
    assert all(number in light for number in whole + parts)
    assert "Keras" not in full


def test_jupyterlab_takes_photos_as_large_as_with_make_lab(start):
    """Two places say it, for the stick has no make."""
    makefile = (builder.ROOT / "Makefile").read_text(encoding="utf-8")
    assert f"UPLOAD_MB := {start.UPLOAD_MB}\n" in makefile
    assert "{'websocket_max_message_size': $(UPLOAD_MB)_999_999}" in makefile


def test_sums_are_those_of_the_files(tmp_path):
    (tmp_path / "ä").mkdir()
    (tmp_path / "ä" / "b c").write_bytes(b"1")
    builder.write_sums(tmp_path)
    digest = hashlib.sha256(b"1").hexdigest()
    assert (tmp_path / "SHA256SUMS").read_text(encoding="utf-8") == f"{digest}  ä/b c\n"
