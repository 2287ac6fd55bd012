"""A few of all attacks; all of them: ``python -m benchmarks.hostile``."""

import re
from importlib import import_module

import pytest

from tests.hostile import attack as attack_module
from tests.hostile.attack import AREAS, Finding, attack, fuzz

# How many each area has at least.
AT_LEAST = {
    "pictures": 600,
    "archives": 400,
    "stores": 500,
    "metadata": 30,
    "mat": 200,
    "names": 40,
    "keys": 150,
    "faults": 20,
}


@pytest.mark.parametrize("area", AREAS)
def test_nothing_is_found(area):
    tally = attack(area, share=0.02, patience=6)
    assert tally.inputs
    assert not tally.findings, "\n".join(map(str, tally.findings))


@pytest.mark.parametrize("area", AREAS)
def test_there_are_enough(area, tmp_path):
    cases = import_module(f"tests.hostile.{area}").cases(tmp_path)
    assert len(cases) >= AT_LEAST[area]
    assert len({case.name for case in cases}) == len(cases)


def test_a_random_input_that_ends_the_process_is_kept_and_made_again():
    kept = attack_module.FUZZED / "pretended" / "number"
    with pytest.raises(Finding, match=r"run 1 of pretended ended with -?\d+.*tried\.txt") as found:
        fuzz("pretended", minutes=1)
    number = kept.read_text()
    assert int(number) > 300
    assert f"number={number}" in (kept.parent / "tried.txt").read_text()
    kept.unlink()
    seed = re.search(r"--seed (\d+)$", str(found.value))[1]
    with pytest.raises(Finding, match=f"--seed {seed}$"):
        fuzz("pretended", minutes=0.001, seed=int(seed))
    assert kept.read_text() == number


def test_each_finding_is_counted(monkeypatch):
    monkeypatch.setattr(attack_module, "ENDED", 3)
    tally = attack("pretended")
    row = tally.row()
    assert (row["inputs"], row["injections"], row["kills"]) == (9, 3, 2)
    assert row["hangs over 5 s"] == 2
    kinds = ("crashes", "good ones refused", "bad ones unnamed", "raw errors", "fired", "lost")
    assert {kind: row[kind] for kind in kinds} == dict.fromkeys(kinds, 1)
    assert row["peak MB"] > 5
    assert [name for kind, name, _ in tally.findings if kind == "crash"] == ["crash"]
