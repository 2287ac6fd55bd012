"""Set the course up from the folder this lies in, and open it. start.bat and start.sh call it.

In: a kit, as `tools/kit.py` builds it. Out: the folder ``zapsim-course`` with notebooks and a
Python environment of their own, and JupyterLab. No network is asked for anything. Nothing but
Python's own library is used. The edge rule: what a participant has written is never overwritten,
and nothing is written where a link leads.
"""

import argparse
import errno
import hashlib
import json
import os
import platform
import re
import secrets
import shutil
import subprocess
import sys
import sysconfig
import traceback
from contextlib import contextmanager, suppress
from pathlib import Path

# Not resolve(): it turns a drive's letter into a server's address.
KIT = Path(os.path.abspath(__file__)).parent
NAME = "zapsim-course"
FIRST = "notebooks/00_the_whole_story.ipynb"
# So that the course starts again when the stick has gone on to the next person.
TO_START_AGAIN = ("start.py", "start.sh", "start.command", "start.bat", "README.txt")
# What kit.json says, as `describe` in tools/kit.py measures it.
FIELDS = {
    **dict.fromkeys(("name", "version", "kind", "system", "machine", "python"), str),
    **dict.fromkeys(("packages", "installed", "longest"), int),
    "release": list,
}
WINDOWS = os.name == "nt"
# Windows takes no longer paths, unless it was set up to.
LONGEST = 259
PYTHON_ORG = "https://www.python.org/downloads/"
# As `make lab` has it.
UPLOAD_MB = 200
# What a folder may hold before it is the kit's: what file managers put there, and files that were
# being written.
NOTHING = {".DS_Store", "desktop.ini"}
PART = (".zapsim-", ".part")
# In an environment that the kit has made; any other has a pyvenv.cfg, too.
SIGN = "made-by-zapsim-kit.txt"
FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


class Stop(Exception):
    """Something that a participant or a teacher can mend; it says how."""


def main(arguments=None):
    parser = argparse.ArgumentParser(description=f"Open {NAME}.", allow_abbrev=False)
    parser.add_argument("--check", action="store_true", help="do all but open JupyterLab")
    ours, for_jupyter = parser.parse_known_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")
    log = None
    try:
        kit = read_kit(KIT)
        unfit = misfit(kit, this_python())
        if unfit:
            raise Stop(unfit + " " + how_to_get_python(kit))
        folder = find_folder(kit)
        log = folder / "start.log"
        set_up(kit, folder, log)
        if not os.path.samefile(KIT, folder):
            # Linux ejects no stick that somebody works in.
            os.chdir(folder)
            say(log, "The stick is free: eject it, hand it on.")
        if ours.check:
            say(log, "Ready. Without --check, JupyterLab would open now.")
            return 0
        return open_course(folder, log, for_jupyter)
    except KeyboardInterrupt:
        say(log, "Stopped. Start again whenever you like.")
    except Stop as error:
        say(log, f"\nIt did not work. {error}")
    except Exception as error:
        say(log, f"\nIt did not work. {in_words(error)}")
        write(log, traceback.format_exc())
    if log:
        print(f"Details are in {log}. Show that file to your teacher.")
    return 1


def set_up(kit, folder, log):
    """Let a folder hold the environment, the notebooks, and what starts them again."""
    with claimed(folder):
        set_up_alone(kit, folder, log)


def set_up_alone(kit, folder, log):
    open_own(log, "w").close()
    say(log, f"zapsim {kit['version']} ({kit['kind']}), Python {kit['python']}. Folder: {folder}")
    fresh = not is_ready(folder)
    if fresh:
        if not (KIT / "wheels").is_dir():
            raise Stop(
                f"The packages are not in {KIT}. Start from the stick, or from a whole copy of it."
            )
        check_copy(kit, log)
        install(kit, folder, log)
    # A folder that was set up has neither what is copied nor the list of it.
    if "given" not in kit:
        sums = listed(kit)
        new = copy_new(folder, sums)
        if new:
            say(log, f"Copied {len(new)} files to {folder}.")
        if not os.path.samefile(KIT, folder):
            copy_what_starts(kit, folder, log, sums)
    if not any((folder / FIRST).parent.glob("*.ipynb")):
        raise Stop(
            f"There are no notebooks in {(folder / FIRST).parent}. Start from the stick, or from a "
            "whole copy of it: it copies them again."
        )
    if fresh:
        preflight(folder, log)


# --- which Python ---------------------------------------------------------------------------------


def read_kit(place):
    """Return what the kit says of itself (dict); Stop if another program may have written it."""
    try:
        kit = json.loads((place / "kit.json").read_text(encoding="utf-8"))
        if not isinstance(kit, dict):
            raise ValueError
        if not all(type(kit.get(name)) is kind for name, kind in FIELDS.items()):
            raise ValueError
        if not (kit["name"].startswith("zapsim-") and all(type(n) is int for n in kit["release"])):
            raise ValueError
        return kit
    except FileNotFoundError:
        raise Stop(
            f"{place} is not a whole kit: kit.json is missing. If it is a zip, unpack all of it "
            "first, and start from the unpacked folder."
        ) from None
    except (ValueError, RecursionError):
        raise Stop(damage(["kit.json"])) from None


def this_python():
    """Return what a kit's packages depend on (dict)."""
    system, machine = platform.system(), platform.machine().lower()
    if system == "Windows":
        # Of this Python, not of the processor: an Arm machine runs both kinds.
        machine = sysconfig.get_platform().rpartition("-")[2]
    at_least = ""
    if system != "Windows":
        at_least = platform.mac_ver()[0] if system == "Darwin" else platform.libc_ver()[1]
    return {
        "system": system,
        "machine": machine,
        "python": f"{sys.version_info[0]}.{sys.version_info[1]}",
        "bits": 64 if sys.maxsize > 2**32 else 32,
        "implementation": platform.python_implementation(),
        "threads": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
        "release": [int(part) for part in at_least.split(".")[:2] if part.isdigit()],
    }


def misfit(kit, found):
    """Say why a Python does not fit a kit; "" if it does."""
    names = {"Darwin": "macOS", "win32": "32 bit"}
    if found["system"] != kit["system"]:
        wanted, got = (names.get(each["system"], each["system"]) for each in (kit, found))
        return f"This kit is for {wanted}, and this is {got}. Ask your teacher for the other kit."
    if found["implementation"] != "CPython" or found["threads"]:
        return f"The Python that was found ({sys.executable}) is of a special kind."
    if found["python"] != kit["python"]:
        return f"This kit needs Python {kit['python']}; found was Python {found['python']}."
    if found["bits"] != 64:
        return f"This kit needs a Python of 64 bit; found was one of {found['bits']} bit."
    if found["machine"] != kit["machine"]:
        wanted, got = kit["machine"], found["machine"]
        return f"This kit is for {wanted} processors, and this Python is for {got}."
    if kit["release"] > found["release"] and kit["system"] != "Windows":
        kind = "macOS" if kit["system"] == "Darwin" else "a Linux with glibc"
        wanted, got = (".".join(map(str, each["release"])) for each in (kit, found))
        return f"This kit needs {kind} {wanted} or later; found was {got or 'none'}."
    return ""


def how_to_get_python(kit):
    """Say where a Python that fits comes from: the stick, or the web."""
    installers = sorted((KIT / "python").glob("[!.]*"))
    if installers:
        return f"Install {installers[0].name} from the folder {installers[0].parent}, start again."
    return f"Install Python {kit['python']}, 64 bit, from {PYTHON_ORG}, and start again."


# --- where to -------------------------------------------------------------------------------------


def candidates():
    """Return folders to try, the best first."""
    said = os.environ.get("ZAPSIM_FOLDER")
    if said:
        # In quotes, no shell has seen that "~" is the home folder.
        return [Path(os.path.abspath(os.path.expanduser(said)))]
    if (KIT / "env").is_dir():
        return [KIT]
    # Not Documents, which may be copied to a cloud, file by file; not AppData, where a Python from
    # the Store is given another one; and a short path.
    places = [KIT.parent / NAME]
    # A user whom the system does not know has no home.
    with suppress(RuntimeError):
        places.insert(0, Path(os.path.abspath(Path.home() / NAME)))
    return places


def find_folder(kit):
    """Return the first folder that can hold the course."""
    reasons = []
    for folder in candidates():
        reason = unusable(kit, folder)
        if not reason:
            return folder
        reasons.append(f"{folder}: {reason}")
    raise Stop(
        "There is no place for the course. "
        + " ".join(reasons)
        + " Or set ZAPSIM_FOLDER to another folder, and start again."
    )


def unusable(kit, folder):
    """Say why a folder cannot hold the course; "" if it can."""
    too_long = len(str(folder)) + 1 + kit["longest"] - LONGEST
    if WINDOWS and too_long > 0:
        return f"its path is {too_long} characters too long for Windows."
    if os.pathsep in str(folder):
        return f'its path holds "{os.pathsep}", which stands between two paths.'
    if re.search("[\ud800-\udfff]", str(folder)):
        return "its path holds bytes that are no letters of UTF-8."
    try:
        folder.mkdir(parents=True, exist_ok=True)
        mark(kit, folder)
        open_own(folder / "start.log", "a").close()
    except OSError as error:
        return in_words(error)
    if is_ready(folder):
        return ""
    free, needed = shutil.disk_usage(folder).free, kit["installed"]
    if free < needed:
        return f"{needed / 1e6:,.0f} MB are needed, {free / 1e6:,.0f} MB are free; make room."
    return ""


def mark(kit, folder):
    """Make a folder the kit's own before all else, so that one that was begun is gone on with.

    What is there already is somebody else's, unless it carries the mark.
    """
    try:
        read_kit(folder)
    except Stop:
        inside = {path.name for path in folder.iterdir()} - NOTHING
        if not all(name.startswith(PART[0]) and name.endswith(PART[1]) for name in inside):
            raise Stop(
                f"{folder} holds other files: choose another folder by ZAPSIM_FOLDER, and start "
                "again. Nothing was changed there."
            ) from None
        put(folder / "kit.json", json.dumps(kit).encode())


@contextmanager
def claimed(folder):
    """Keep a second double click out meanwhile; the system ends this in any case."""
    with open_own(folder / "start.lock", "w") as lock:
        try:
            if WINDOWS:
                import msvcrt

                msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            raise Stop(
                "Another window is setting up the same folder. Wait until it opens JupyterLab."
            ) from None
        except OSError:
            # A server's disk may know no locks.
            pass
        yield


# --- packages -------------------------------------------------------------------------------------


def python_in(folder):
    """Return what begins each command for the environment's Python (list)."""
    parts = ("Scripts", "python.exe") if WINDOWS else ("bin", "python")
    # A participant's random.py in the current folder would run in place of Python's own. Not by a
    # variable, which kernels would get, too: a notebook may import what lies beside it.
    return [folder.joinpath("env", *parts), "-P"]


def mark_of(folder):
    return folder / "env" / "ready.txt"


def is_ready(folder):
    """Tell whether all packages of this kit are installed there."""
    try:
        installed = mark_of(folder).read_bytes()
        # Without wheels there is nothing else to install.
        if (KIT / "wheels").is_dir() and installed != (KIT / "requirements.txt").read_bytes():
            return False
        # Its Python may have been removed since.
        return subprocess.call([*python_in(folder), "-c", ""], env=own_environment(folder)) == 0
    except OSError:
        return False


def check_copy(kit, log):
    """Stop if a file of the kit is not the one that was built."""
    say(log, "Checking that the copy on the stick is whole.")
    bad = damaged(kit)
    if bad:
        raise Stop(damage(bad))


def damaged(kit):
    """Return the names of the files that are missing or were changed, as SHA256SUMS lists them."""
    bad = []
    for name, digest in listed(kit).items():
        try:
            with open(KIT / name, "rb") as file:
                whole = hashlib.file_digest(file, "sha256").hexdigest() == digest
        except OSError:
            whole = False
        if not whole:
            bad.append(name)
    return bad


def listed(kit):
    """Return the SHA-256 of each file of the kit, by its name (dict); Stop if not all are there."""
    try:
        lines = (KIT / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        lines = []
    sums = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    # Wheels are last: without all of them, the list was cut off.
    if sum(name.endswith(".whl") for name in sums) != kit["packages"]:
        raise Stop(damage(["SHA256SUMS"]))
    return sums


def read_whole(name, sums):
    """Return the bytes of a file of the kit; Stop if they are not those that are listed."""
    try:
        data = (KIT / name).read_bytes()
    except OSError:
        raise Stop(damage([name])) from None
    # What a teacher has added is not listed.
    if name in sums and hashlib.sha256(data).hexdigest() != sums[name]:
        raise Stop(damage([name]))
    return data


def damage(names):
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return (
        f"The stick's copy is damaged: {names[0]}{more}. Copy the whole folder again, and take the "
        "stick out only after ejecting it."
    )


def install(kit, folder, log):
    """Make the environment anew, with pip from the stick: not every Python brings one."""
    import venv

    env = folder / "env"
    try:
        empty(env)
        venv.EnvBuilder(symlinks=not WINDOWS, with_pip=False).create(env)
    except PermissionError as error:
        raise Stop(
            f"{in_words(error)} Close all windows of JupyterLab and all other Pythons, start again."
        ) from error
    say(log, f"Installing {kit['packages']} packages from the stick; this can take some minutes.")
    # Not what lies there: a newer kit may have been copied over an older one.
    [pip] = [KIT / name for name in listed(kit) if name.startswith("wheels/pip-")]
    # As a module: on Windows, what calls itself pip refuses to install pip.
    run = "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); runpy.run_module('pip', None, "
    run += "'__main__', True)"
    # All packages are listed, so none has to be looked for. Compiled when first used.
    options = "--no-index --no-deps --no-compile --no-warn-script-location --isolated"
    command = [*python_in(folder), "-X", "utf8", "-c", run, pip, "install", *options.split()]
    command += ["--find-links", KIT / "wheels", "-r", KIT / "requirements.txt"]
    with open_own(log, "a") as file:
        running = subprocess.Popen(
            command, stdout=file, stderr=file, stdin=subprocess.DEVNULL, env=own_environment(folder)
        )
        while running.poll() is None:
            print(".", end="", flush=True)
            try:
                running.wait(2)
            except subprocess.TimeoutExpired:
                pass
            except BaseException:
                running.kill()
                raise
    print()
    if running.returncode:
        # Somebody else may have filled the disk meanwhile; a stick may have been pulled out.
        if shutil.disk_usage(folder).free < 50e6:
            raise Stop(in_words(OSError(errno.ENOSPC, "")))
        bad = damaged(kit)
        last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1]
        raise Stop(damage(bad) if bad else f"pip said: {last}")
    put(mark_of(folder), (KIT / "requirements.txt").read_bytes())


def empty(env):
    """Delete what is in the kit's environment; never in another's, nor where a link leads."""
    # What tells that it is the kit's goes last and comes first, for this may be interrupted.
    sign = env / SIGN
    # On Windows, not every link to a folder says that it is one.
    linked = env.resolve() != env.parent.resolve() / env.name
    if linked or (os.path.lexists(env) and not env.is_dir()):
        raise Stop(f"{env} is not the kit's own: move or rename it, and start again.")
    env.mkdir(exist_ok=True)
    inside = [*env.iterdir()]
    if inside and sign not in inside:
        raise Stop(f"{env} holds other files: move or rename it, and start again.")
    sign.touch()
    for path in inside:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path != sign:
            path.unlink()


def own_environment(folder):
    """Return variables (dict) without what other Pythons and JupyterLabs of the person's need."""
    prefixes = ("PIP_", "PYTHON", "JUPYTER", "VIRTUAL_ENV", "CONDA")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}
    jupyter = folder / "env" / "jupyter"
    return {
        **kept,
        "PIP_CONFIG_FILE": os.devnull,
        "JUPYTER_CONFIG_DIR": str(jupyter / "config"),
        "JUPYTER_DATA_DIR": str(jupyter / "data"),
        # Of a photo of one's own, in MB; Jupyter's option below lets it through.
        "ZAPSIM_UPLOAD_MB": str(UPLOAD_MB),
    }


# --- notebooks and other files --------------------------------------------------------------------


def put(target, data, mode=0o666):
    """Write a file, which is there whole or not at all; what it replaces may be a link itself."""
    # Nobody can have put a link in its place, for the name cannot be guessed.
    part = target.with_name(PART[0] + secrets.token_hex(16) + PART[1])
    try:
        with open(part, "xb", opener=lambda path, flags: os.open(path, flags, mode)) as file:
            file.write(data)
        part.replace(target)
    finally:
        if part.exists():
            part.unlink()


def open_own(path, mode):
    """Open a text file of the kit's own to write to; Stop if it is a link, or no file."""
    if os.path.lexists(path) and (path.is_symlink() or not path.is_file()):
        raise Stop(f"{path} is a link, or no file: rename it, and start again.")

    def opener(path, flags):
        # It may be one by now.
        return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)

    return open(path, mode, encoding="utf-8", errors="replace", opener=opener)


def copy_new(folder, sums):
    """Copy the files of the course that a folder does not have yet; return their names."""
    new = []
    # macOS puts files of its own beside each one on a stick: ._name.
    found = [p for p in (KIT / "course").rglob("[!.]*") if p.is_file()]
    given = {path.relative_to(KIT).as_posix() for path in found}
    given.update(name for name in sums if name.startswith("course/"))
    for name in sorted(given):
        inner = Path(name).relative_to("course")
        target = folder / inner
        # What is there may be a link to what is not there just now.
        if not os.path.lexists(target):
            data = read_whole(name, sums)
            if target.parent.resolve() != (folder.resolve() / inner).parent:
                raise Stop(f"{target.parent} is a link: rename it, and start again.")
            target.parent.mkdir(parents=True, exist_ok=True)
            put(target, data)
            new.append(inner.as_posix())
    return new


def copy_what_starts(kit, folder, log, sums):
    """Copy what starts the course without the stick; what is there and not the kit's, is kept."""
    given = read_kit(folder).get("given")
    given = given if isinstance(given, dict) else {}
    names = [name for name in TO_START_AGAIN if name in sums]
    # All are looked at before one is written; kit.json was read already.
    whole = {name: read_whole(name, sums) for name in (*names, "kit.json")}
    for name in names:
        target, data = folder / name, whole[name]
        if not os.path.lexists(target) or digest_of(target) == given.get(name, ""):
            # Its bytes alone: on a stick, files may be read-only.
            put(target, data, 0o777 if target.suffix in (".sh", ".command") else 0o666)
        elif digest_of(target) != sums[name]:
            say(log, f"{target} is not the kit's, and is kept. For the kit's, rename yours.")
            continue
        given[name] = sums[name]
    put(folder / "kit.json", json.dumps({**kit, "given": given}).encode())


def digest_of(path):
    """Return the SHA-256 of a file; None of a link, and of what is no file."""
    if path.is_symlink() or not path.is_file():
        return None
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def preflight(folder, log):
    """Let zapsim look at this machine, and go on whatever it says."""
    say(log, "Looking at this machine.")
    command = [*python_in(folder), "-m", "zapsim"]
    if subprocess.call(command, env=own_environment(folder), cwd=folder):
        say(log, "Not all is well: see above. The course opens anyway.")


def quiet_news(folder):
    """Let JupyterLab not ask, in a window of its own, whether it may fetch news."""
    settings = folder / "env" / "share" / "jupyter" / "lab" / "settings"
    settings.mkdir(parents=True, exist_ok=True)
    said = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false"}}
    put(settings / "overrides.json", json.dumps(said).encode())


def open_course(folder, log, more=()):
    """Run JupyterLab until it is stopped; return its exit code."""
    quiet_news(folder)
    root = ["--allow-root"] if not WINDOWS and os.geteuid() == 0 else []
    options = [
        *root,
        # Only what has to be seen, such as the address.
        "--ServerApp.log_level=ERROR",
        "--LabApp.log_level=ERROR",
        f"--ServerApp.tornado_settings={{'websocket_max_message_size': {UPLOAD_MB}_999_999}}",
        # It would ask the web for all three.
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
        "--ServerApp.answer_yes=True",
    ]
    say(log, "Opening JupyterLab in your browser. Leave this window open: closing it stops it all.")
    say(log, "To stop: Ctrl+C in this window, or File > Shut Down in JupyterLab.")
    command = [*python_in(folder), "-m", "jupyterlab", *options, *more, FIRST]
    running = subprocess.Popen(command, env=own_environment(folder), cwd=folder)
    while True:
        try:
            return running.wait()
        except KeyboardInterrupt:
            # It reached JupyterLab as well, which ends its kernels first.
            pass


# --- words ----------------------------------------------------------------------------------------


def in_words(error):
    """Say what an error means to somebody who does not program."""
    where = getattr(error, "filename", None)
    if isinstance(error, OSError) and error.errno in FULL:
        return "The disk is full. Make room, and start again."
    if isinstance(error, (FileExistsError, NotADirectoryError, IsADirectoryError)):
        return (
            f"{where} is in the way: it is a file where a folder is needed, or the other way "
            "round. Rename it, and start again."
        )
    if isinstance(error, PermissionError):
        return f"{where or 'A file'} may not be written by you."
    return f"{type(error).__name__}: {error}."


def say(log, text):
    """Print a line, and keep it."""
    print(text, flush=True)
    write(log, text.strip() + "\n")


def write(log, text):
    if log:
        try:
            with open_own(log, "a") as file:
                file.write(text)
        except (OSError, Stop):
            # The message matters more.
            pass


if __name__ == "__main__":
    sys.exit(main())
