import os
import subprocess
import sys
from pathlib import Path

import pytest

from zapsim.io.apart import read_apart

ROOT = Path(__file__).resolve().parents[2]
ANSWER = """
import sys
import zapsim.io
print(zapsim.io.__file__, sys.stdin.read())
"""
RELATIVE = """
import sys
sys.path[:] = [place for place in sys.path if place != sys.argv[1]]
sys.path.insert(0, sys.argv[2])
from zapsim.io.apart import read_apart
with read_apart(sys.argv[3], [], b"bytes", 60, "the test") as printed:
    print(printed.read().decode())
"""


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "answer.py"
    path.write_text(ANSWER)
    return str(path)


@pytest.mark.parametrize(("place", "folder"), [("", ROOT), ("..", ROOT / "docs")])
def test_the_zapsim_that_runs_is_the_one_that_reads(place, folder, script, tmp_path):
    # What is installed is another one, which must not be taken.
    other = tmp_path / "other" / "zapsim"
    other.mkdir(parents=True)
    (other / "__init__.py").write_text("raise SystemExit('another zapsim was taken')")
    command = [sys.executable, "-c", RELATIVE, str(ROOT), place, script]
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(other.parent)},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert not done.stderr
    assert done.stdout.split() == [str(ROOT / "zapsim" / "io" / "__init__.py"), "bytes"]


@pytest.mark.parametrize(
    ("name", "value"), [("frozen", True), ("executable", "/opt/shop/shop"), ("executable", None)]
)
def test_a_program_that_carries_its_python_inside_is_not_started_again(
    name, value, script, monkeypatch
):
    monkeypatch.setattr(sys, name, value, raising=False)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("it was started"))
    with (
        pytest.raises(ValueError, match="this program has none: it runs as .* installed Python"),
        read_apart(script, [], b"", 60, "the test"),
    ):
        pass


def test_what_a_script_says_gives_no_orders_to_a_terminal(tmp_path):
    script = tmp_path / "fail.py"
    script.write_text(r'import sys; sys.exit("a name \x1b[2J " + "x" * 9_000 + " is wrong")')
    with (
        pytest.raises(ValueError, match=r"^a name \\x1b\[2J x+ … x+ is wrong$") as error,
        read_apart(str(script), [], b"", 60, "the test"),
    ):
        pass
    assert len(str(error.value)) < 2_010
