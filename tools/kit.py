"""Build the folder for a USB stick: the course, all packages it needs, and a script to start it.

``python -m tools.kit [--platform windows] [--python 3.12] [--kind light]``, or ``make kit``. The
whole pipeline, in order:

1. List what the target needs, with uv: pip alone asks this machine which packages a system needs.
   Versions are those of ``.ci/lock``, which CI has tried.
2. Download the target's wheels with pip, by hash. What has none is named, and there is no kit.
3. Build zapsim's own wheel: without an index, nothing could build it there.
4. Add notebooks without outputs, what is handed out, and ``tools/stick``, the scripts that set
   all this up.
5. Measure sizes and paths, and write ``kit.json``, ``README.txt`` and ``SHA256SUMS``.
"""

import argparse
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple
from zipfile import ZipFile

import jupytext
import nbformat

import zapsim
from tools import build_notebooks, teaching

ROOT = Path(__file__).resolve().parent.parent
STICK = ROOT / "tools" / "stick"
KITS = ROOT / "build" / "kit"
# The extras of pyproject.toml, and the lock that has tried versions of them.
KINDS = {"light": (["kit"], "light"), "full": (["kit", "keras"], "test")}
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
# A folder in the home of somebody with a name as long as Windows allows, and the most it allows.
HOME, LONGEST = "C:\\Users\\" + 20 * "x" + "\\zapsim-course\\", 259
# What files take beyond their bytes.
SLACK = 1.15
LIGHT_MB = 300


class Platform(NamedTuple):
    """What a target is called: by people, by Python, by uv, and in wheels' names, oldest first."""

    system: str
    machine: str
    processor: str
    for_uv: str
    tags: list
    scripts: dict
    start: str
    elsewhere: str


PLATFORMS = {
    "linux": Platform(
        "Linux",
        "x86_64",
        "for Intel and AMD processors",
        "x86_64-manylinux_2_28",
        [
            "manylinux1_x86_64",
            "manylinux2010_x86_64",
            "manylinux2014_x86_64",
            *(f"manylinux_2_{minor}_x86_64" for minor in range(5, 29)),
        ],
        {"start.sh": "start.sh"},
        "In a terminal, in this folder: sh start.sh",
        "In a terminal, in this folder:\n    ZAPSIM_FOLDER=/var/tmp/zapsim sh start.sh",
    ),
    "windows": Platform(
        "Windows",
        "amd64",
        "for Intel and AMD processors",
        "x86_64-pc-windows-msvc",
        ["win_amd64"],
        {"start.bat": "start.bat"},
        "Double click start.bat.",
        "In a Command Prompt (cmd), in this folder:\n"
        "    set ZAPSIM_FOLDER=C:\\zapsim\n"
        "    start.bat",
    ),
    "macos": Platform(
        "Darwin",
        "arm64",
        "for Apple's own processors (M1 and later)",
        "aarch64-apple-darwin",
        [f"macosx_{major}_0_arm64" for major in range(11, 15)],
        {"start.sh": "start.command"},
        "Double click start.command. If macOS refuses: right click, Open. Or type\n"
        '   "sh " in the Terminal, drag start.command there, and press Enter.',
        "In the Terminal, in this folder:\n    ZAPSIM_FOLDER=/Users/Shared/zapsim sh start.command",
    ),
}


def main(arguments=None):
    here = {"Linux": "linux", "Windows": "windows", "Darwin": "macos"}.get(platform.system())
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--platform", choices=PLATFORMS, default=here)
    parser.add_argument(
        "--python", choices=PYTHONS, default=".".join(platform.python_version_tuple()[:2])
    )
    parser.add_argument("--kind", choices=KINDS, default="light")
    said = parser.parse_args(arguments)
    # Before the downloads, which take minutes.
    notebooks = notebooks_for(said.kind)
    name = name_of(said.platform, said.python, said.kind)
    # Under its name only when it is whole.
    part, target = KITS / f"{name}.part", KITS / name
    shutil.rmtree(part, ignore_errors=True)
    (part / "wheels").mkdir(parents=True)
    needed = resolve(said.platform, said.python, said.kind)
    missing = download(needed, said.platform, said.python, part / "wheels")
    if missing:
        sys.exit(
            f"No kit: {len(missing)} of {len(names_in(needed))} packages have no wheel for "
            f"{said.platform}, Python {said.python}: {', '.join(missing)}"
        )
    add_zapsim(part / "wheels")
    add_course(part / "course", notebooks)
    kit = describe(part, said.platform, said.python, said.kind)
    write_texts(part, said.platform, kit)
    write_sums(part)
    replace(target, part)
    problems = report(target, kit)
    if problems:
        sys.exit("This kit is not usable: " + " ".join(problems))


def name_of(target, python, kind):
    return f"zapsim-{kind}-{target}-{python}"


def replace(target, part):
    """Put a new kit in an older one's place, with the installers that somebody put into that."""
    old = target.with_name(f"{target.name}.old")
    if old.exists() and not target.exists():
        # An earlier call came no further, and left them there.
        old.rename(target)
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        if (target / "python").is_dir():
            shutil.copytree(target / "python", part / "python", dirs_exist_ok=True)
        # They are in one whole folder at any time: to delete takes long, and may be interrupted.
        target.rename(old)
    part.rename(target)
    shutil.rmtree(old, ignore_errors=True)


# --- packages -------------------------------------------------------------------------------------


def resolve(target, python, kind):
    """Return what the target needs, as the text of a requirements file with hashes."""
    extras, lock = KINDS[kind]
    if kind == "full" and python == "3.14":
        sys.exit("TensorFlow is not released for Python 3.14. Build the light kit: KIND=light")
    command = [*uv(), "pip", "compile", "--quiet", "--no-header", "--no-annotate"]
    command += ["--generate-hashes", "--python-version", python]
    command += ["--python-platform", PLATFORMS[target].for_uv]
    command += ["--constraint", ROOT / ".ci" / "lock" / f"{lock}.txt"]
    command += [part for extra in extras for part in ("--extra", extra)]
    environment = {**os.environ, "MACOSX_DEPLOYMENT_TARGET": "14.0"}
    # pip itself: it installs all this, and it is there for what a person adds later.
    command += [ROOT / "pyproject.toml", "-"]
    done = subprocess.run(
        command, input="pip\n", env=environment, text=True, stdout=subprocess.PIPE
    )
    if done.returncode:
        sys.exit(f"uv could not list what {target}, Python {python} needs; it says why above.")
    return done.stdout


def uv():
    try:
        from uv import find_uv_bin
    except ImportError:
        found = shutil.which("uv")
        if not found:
            sys.exit("This needs uv, which knows what other systems need: pip install uv")
        return [found]
    return [find_uv_bin()]


def names_in(requirements):
    return re.findall(r"^([\w.-]+)==", requirements, re.MULTILINE)


def download(requirements, target, python, folder):
    """Download wheels for a target; return the names of packages that have none."""
    listed = folder.with_name("needed.txt")
    options = ["--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:"]
    options += ["--implementation", "cp", "--python-version", python, "--dest", folder]
    for abi in (f"cp{python.replace('.', '')}", "abi3", "none"):
        options += ["--abi", abi]
    for tag in PLATFORMS[target].tags:
        options += ["--platform", tag]

    def fetch(text):
        listed.write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "pip", "download", *options, "-r", listed]
        return subprocess.run(command).returncode == 0

    print(f"Downloading {len(names_in(requirements))} packages for {target}, Python {python}")
    missing = []
    # pip stops at the first that is missing.
    if not fetch(requirements):
        each = re.split(r"^(?=[\w.-]+==)", requirements, flags=re.MULTILINE)
        missing = [names_in(text)[0] for text in each if text.strip() and not fetch(text)]
    listed.unlink()
    return missing


def add_zapsim(folder):
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder]
    subprocess.run([*command, ROOT], check=True)


# --- what else is in it ---------------------------------------------------------------------------


def notebooks_for(kind):
    """Return what is copied of both copies of the notebooks, by where it will lie (dict of paths).

    Those to work in have no outputs: what a room is asked before it runs a cell is not answered
    there. What does not run from a light kit keeps its outputs, to be read. Whoever builds a kit
    may have worked in the folder; that is nobody else's, and no kit is built of it.
    """
    whole, parts = importing("keras")
    kept = whole + parts if kind == "light" else []
    sources = sorted((ROOT / "notebooks" / "src").glob("[0-9][0-9]_*.py"))
    taken, worked = {"notebooks/glossary.md": ROOT / "notebooks" / "glossary.md"}, []
    for source in sources:
        for solved in (False, True):
            path = build_notebooks.target(source, solved)
            name = path.relative_to(ROOT).as_posix()
            with_outputs = solved or source.stem[:2] in kept
            taken[name] = path if with_outputs else build_notebooks.fresh(source)
            if not build_notebooks.is_as_built(
                nbformat.read(taken[name], 4), source, sources, solved
            ):
                worked.append(name)
    if worked:
        sys.exit(
            f"No kit: somebody worked in {', '.join(worked)}, which all would see. Put your copies "
            "elsewhere and take these from git again, or build them anew: make notebooks"
        )
    return taken


def add_course(folder, notebooks):
    """Copy the notebooks (see `notebooks_for`); write the hand-out, the worksheet and its page."""
    for name, path in notebooks.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / name)
    teaching.make_handout(folder)
    teaching.make_worksheet(folder)


def describe(place, target, python, kind):
    """Return what `start.py` has to know of a kit (dict)."""
    wheels = sorted((place / "wheels").glob("*.whl"))
    inside = {wheel: contents(wheel) for wheel in wheels}
    course = sum(path.stat().st_size for path in (place / "course").rglob("*") if path.is_file())
    size = sum(size for files in inside.values() for size in files.values())
    releases = [release for wheel in wheels for release in releases_of(wheel.name)]
    return {
        "name": name_of(target, python, kind),
        "version": zapsim.__version__,
        "kind": kind,
        "system": PLATFORMS[target].system,
        "machine": PLATFORMS[target].machine,
        "python": python,
        "release": list(max(releases, default=())),
        "packages": len(wheels),
        "installed": round(SLACK * (size + course)),
        "longest": max(len(name) for files in inside.values() for name in files),
    }


def contents(wheel):
    """Return where a wheel's files will lie, below the course's folder, and their sizes (dict)."""
    with ZipFile(wheel) as archive:
        sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
    place = {"data": "", "scripts": "Scripts/", "headers": "Include/"}

    def installed(name):
        inner = re.fullmatch(r"[^/]+\.data/([^/]+)/(.*)", name)
        if not inner:
            return f"env/Lib/site-packages/{name}"
        return f"env/{place.get(inner[1], 'Lib/site-packages/')}{inner[2]}"

    return {installed(name): size for name, size in sizes.items()}


def releases_of(wheel):
    """Return the oldest macOS or glibc that a wheel runs on; none if any does."""
    aliases = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}
    tags = re.findall(r"(macosx|manylinux)_(\d+)_(\d+)_|(manylinux\d+)_", wheel)
    found = [aliases[alias] if alias else (int(a), int(b)) for _, a, b, alias in tags]
    return [min(found)] if found else []


def write_texts(place, target, kit):
    """Write what is stamped: the scripts, the README, and the list of packages."""
    about = PLATFORMS[target]
    stamps = {
        "VERSION": kit["version"],
        "KIND": kit["kind"],
        "SYSTEM": "macOS" if target == "macos" else about.system,
        "PYTHON": kit["python"],
        "MACHINE": about.processor,
        "START": about.start,
        "SET": about.elsewhere,
        "INSTALLED": f"{kit['installed'] / 1e6:,.0f}",
        "NOTEBOOKS": which_notebooks(kit["kind"]),
        "MORE": more_help(target),
    }
    scripts = {"start.py": "start.py", "README.txt": "README.txt"} | about.scripts
    for source, name in scripts.items():
        text = (STICK / source).read_text(encoding="utf-8")
        for stamp, value in stamps.items():
            text = text.replace(f"@{stamp}@", value)
        # Windows' command line loses its way in files with short line ends.
        ends = "\r\n" if name.endswith((".bat", ".txt")) else "\n"
        (place / name).write_text(text.strip() + "\n", encoding="utf-8", newline=ends)
        if name.endswith((".sh", ".command")):
            (place / name).chmod(0o755)
    named = [wheel.name.split("-")[:2] for wheel in sorted((place / "wheels").glob("*.whl"))]
    listed = "".join(f"{name}=={version}\n" for name, version in named)
    (place / "requirements.txt").write_text(listed, encoding="utf-8", newline="\n")
    (place / "kit.json").write_text(json.dumps(kit, indent=1) + "\n", encoding="utf-8")
    # For an installer of Python, which is not ours to pass on.
    (place / "python").mkdir()


def which_notebooks(kind):
    """Say what the kit is too small for: notebooks that import Keras, Ray or LanceDB."""
    lines = ["all, but for what is named here."]
    whole, parts = importing("keras")
    if kind == "light":
        lines.append(f"Keras, which is not in this kit, is needed by {', '.join(whole)}")
        lines.append(
            f"and parts of {', '.join(parts)}. These show what comes out; the others are empty."
        )
    whole, parts = importing("ray|lancedb")
    lines.append(f"Parts of {', '.join(whole + parts)} need Ray and LanceDB, which no kit has.")
    return "\n".join(lines)


def importing(packages):
    """Return the numbers of notebooks that import packages in their first cell, and later."""
    line = re.compile(rf"^\s*(import|from) ({packages})\b", re.MULTILINE)
    whole, parts = [], []
    for path in sorted((ROOT / "notebooks" / "src").glob("[0-9][0-9]_*.py")):
        first, *later = [c.source for c in jupytext.read(path).cells if c.cell_type == "code"]
        if line.search(first):
            whole.append(path.name[:2])
        elif any(map(line.search, later)):
            parts.append(path.name[:2])
    return whole, parts


def more_help(target):
    if target == "windows":
        return (
            "- Windows says that it protected your PC: More info, Run anyway.\n"
            '- "DLL load failed": install Microsoft\'s Visual C++ Redistributable (x64), from\n'
            '  the folder "python" or https://aka.ms/vs/17/release/vc_redist.x64.exe.'
        )
    if target == "macos":
        return (
            '- A window wants to install "command line developer tools": say no. Install\n'
            "  Python as in 1."
        )
    return ""


def write_sums(place):
    """List the SHA-256 of all files, as ``sha256sum --check`` reads it."""
    lines, target = [], place / "SHA256SUMS"
    for path in sorted(path for path in place.rglob("*") if path.is_file() and path != target):
        with open(path, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        lines.append(f"{digest}  {path.relative_to(place).as_posix()}\n")
    target.write_text("".join(lines), encoding="utf-8", newline="\n")


def report(place, kit):
    """Print what was built; return why it cannot be used (list of sentences)."""
    files = [path for path in place.rglob("*") if path.is_file()]
    total = sum(path.stat().st_size for path in files) / 1e6
    wheels = sorted(place.glob("wheels/*.whl"), key=lambda path: -path.stat().st_size)
    largest = ", ".join(f"{w.name.split('-')[0]} {w.stat().st_size / 1e6:.0f}" for w in wheels[:5])
    print(f"{place.relative_to(ROOT)}: {total:,.0f} MB, {kit['packages']} wheels, none is missing")
    print(f"Largest, in MB: {largest}. Installed: {kit['installed'] / 1e6:,.0f} MB")
    if kit["release"]:
        oldest = "macOS" if kit["system"] == "Darwin" else "a Linux with glibc"
        print(f"Needs {oldest} {'.'.join(map(str, kit['release']))} or later")
    problems = []
    if kit["kind"] == "light" and total > LIGHT_MB:
        problems.append(f"{total:,.0f} MB are more than a light kit's {LIGHT_MB}.")
    if kit["system"] == "Windows":
        longest = len(HOME) + kit["longest"]
        print(f"Longest path: {longest} characters for a long name; Windows allows {LONGEST}")
        if longest > LONGEST:
            problems.append(f"Installed, paths are {longest - LONGEST} characters too long.")
    return problems


if __name__ == "__main__":
    main()
