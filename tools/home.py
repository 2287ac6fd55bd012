"""Where zapsim lives on GitHub, if anywhere; and what depends on it in every notebook.

``python -m tools.home --owner NAME [--repository NAME] [--branch NAME]``, or ``--origin`` for the
clone's own, writes it to ``[tool.zapsim]`` in pyproject.toml and stamps badges and first cells of
all notebooks, running none; whatever else was written there stays. As long as nobody has said so,
there is no badge, and nothing is fetched from anywhere: an address whose owner is made up could be
registered by a stranger.
"""

import argparse
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from zapsim import __version__

ROOT = Path(__file__).resolve().parent.parent
# Less than GitHub allows: nothing in them needs quoting in addresses or shells.
FORMS = {
    "owner": r"[A-Za-z0-9]([-_]?[A-Za-z0-9]){0,38}",
    "repository": r"(?!.*\.git$)[A-Za-z0-9_][A-Za-z0-9._-]{0,99}",
    "branch": r"(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9._-]{0,99}",
}
ORIGIN = r"(?:https://(?:[^/@]*@)?|ssh://git@|git@)github\.com[:/]([^/]+)/([^/]+?)(?:\.git)?/?"
# A Drive holds what others share, too. So only one place is looked at, a shortcut to somebody
# else's folder is refused there and left out below, and what is there has to say that it is zapsim
# of this very version. It is copied, not installed: pip would run what a folder brings along to be
# built with. Nothing else is copied: in its folder may lie gigabytes of pictures, and what Python
# once compiled, which need not be what the files say.
FIRST_CELL = """\
# Set-up: nothing to do here. On Colab, this mounts your Drive and brings zapsim.
import sys

if "google.colab" in sys.modules:
    import shutil
    from pathlib import Path

    from google.colab import drive

    place, refused, todo = None, None, "Upload it again."
    try:
        drive.mount("/content/drive")
    except Exception as error:
        refused = error
    try:
        from zapsim.colab import welcome
    except ImportError:
        place, copy = Path("/content/drive/MyDrive/zapsim"), Path("/content/zapsim-{version}")
        parts = {{"zapsim": "", "data": ("minizap", "vgg16")}}
        name, version = 'name = "zapsim"', '__version__ = "{version}"'

        def foreign(folder, names):
            ours = parts.get(Path(folder).name, "") if Path(folder).parent == place else ""
            left = [n for n in names if n == "__pycache__" or Path(folder, n).is_symlink()]
            return left + [n for n in names if not n.startswith(ours)]

        try:
            own = name in (place / "pyproject.toml").read_text().split("\\n")
            own = own and version in (place / "zapsim/__init__.py").read_text().split("\\n")
            own = own and (place / "data").is_dir()
        except (OSError, ValueError):
            own = False
        if own and not any(path.is_symlink() for path in (place, *map(place.joinpath, parts))):
            try:
                for part in parts:
                    shutil.copytree(place / part, copy / part, ignore=foreign, dirs_exist_ok=True)
            except OSError as error:
                said = f"{{place}} could not be copied ({{error!s:.300}}). Run this cell again."
                raise OSError(said) from None
            sys.path.insert(0, str(copy))
        else:
{otherwise}
        # A mere folder of that name, such as a clone's, may have been taken for the package.
        sys.modules.pop("zapsim", None)
        try:
            from zapsim.colab import welcome
        except ImportError as error:
            raise ImportError(f"{{place}} gave no whole zapsim ({{error}}). {{todo}}") from error

    welcome(place, refused)\
"""
WITHOUT_HOME = """\
            raise FileNotFoundError(
                "zapsim {version} is not in your Drive. Upload the whole folder that this notebook "
                "came with (zapsim, data, pyproject.toml and the rest) to My Drive, as a folder "
                f"named zapsim, not a shortcut. Then run this cell again. {{refused or ''}}"
            ) from None\
"""
# --no-deps: Colab has everything else, and no package there may move.
WITH_HOME = """\
            place = "https://github.com/{owner}/{repository}/archive/{branch}.zip"
            get_ipython().system(f"{{sys.executable}} -m pip install --quiet --no-deps {{place}}")
            todo = "Above stands why. Is that address open to all? Then run this cell again."\
"""
BADGE = (
    "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]"
    "(https://colab.research.google.com/github/{owner}/{repository}/blob/{branch}/{path})"
)

# For a README, a mail or a blackboard: both build what .binder and .devcontainer say.
WAYS_IN = """\
zapsim is at home on https://github.com/{owner}/{repository}, {branch}
Binder: https://mybinder.org/v2/gh/{owner}/{repository}/{branch}?labpath=notebooks/00_the_whole_story.ipynb
Codespaces: https://codespaces.new/{owner}/{repository}/tree/{branch}"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--owner", help="the account on GitHub")
    parser.add_argument("--repository", help="its repository (default: as it is)")
    parser.add_argument("--branch", help="the branch (default: as it is)")
    parser.add_argument("--origin", action="store_true", help="take owner and repository of origin")
    arguments = parser.parse_args()
    said = {name: getattr(arguments, name) for name in FORMS if getattr(arguments, name)}
    if arguments.origin:
        owner, repository = of_origin()
        said = {"owner": owner, "repository": repository} | said
    if "owner" not in said:
        parser.error("say whose it is: make home OWNER=… [REPO=… BRANCH=…], or make home ORIGIN=1")
    try:
        write(said)
    except ValueError as error:
        parser.error(str(error))
    # It reads what was just written.
    from tools import build_notebooks

    left = build_notebooks.stamp()
    print(WAYS_IN.format(**home()))
    if left:
        sys.exit(
            f"Without a badge, for want of a notebook with its line of links: {', '.join(left)}. "
            "Take them from git again, or build all anew, without what was written in them: make "
            "notebooks"
        )


def home():
    """Return owner, repository and branch (dict); the owner is "" while nobody has set it."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    return checked(tomllib.loads(text)["tool"]["zapsim"])


def checked(place):
    """Return a home as it is; ValueError if it is none that can be stamped as it is."""
    for name, form in FORMS.items():
        if not re.fullmatch(form, place[name], re.ASCII) and (name, place[name]) != ("owner", ""):
            raise ValueError(f"No {name} on GitHub that zapsim can take. Received: {place[name]!r}")
    return place


def write(said):
    """Change what was said in pyproject.toml, and nothing else."""
    checked(home() | said)
    path = ROOT / "pyproject.toml"
    before, mark, after = path.read_text(encoding="utf-8").partition("[tool.zapsim]\n")
    for name, value in said.items():
        after = re.sub(rf'(?m)^{name} = ".*"$', f'{name} = "{value}"', after, count=1)
    text = before + mark + after
    if tomllib.loads(text)["tool"]["zapsim"] != home() | said:
        lines = ", ".join(f'{name} = "…"' for name in said)
        raise ValueError(
            f"[tool.zapsim] in {path} must have lines such as {lines}, and nothing else."
        )
    path.write_text(text, encoding="utf-8")


def of_origin():
    """Return owner and repository of the clone's ``origin``."""
    command = ["git", "-C", str(ROOT), "remote", "get-url", "origin"]
    address = subprocess.run(command, capture_output=True, text=True).stdout.strip()
    found = re.fullmatch(ORIGIN, address)
    if not found:
        # It may hold a password.
        address = re.sub("//[^/@]*@", "//…@", address)
        raise SystemExit(f"The clone's origin is not on github.com. Received: {address!r}")
    return found.groups()


def first_cell():
    """Return the set-up cell's code; it has an address only where a home was set."""
    place = home() | {"version": __version__}
    otherwise = (WITH_HOME if place["owner"] else WITHOUT_HOME).format(**place)
    return FIRST_CELL.format(otherwise=otherwise, **place)


def badge(path):
    """Return the badge that opens a notebook in Colab; none where no home was set."""
    place = home()
    return [BADGE.format(path=path, **place)] if place["owner"] else []


if __name__ == "__main__":
    main()
