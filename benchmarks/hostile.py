"""Try what someone hostile would send, and count what became of it: zeros are meant to be zero.

    python -m benchmarks.hostile [--areas pictures archives] [--share 0.1]
    python -m benchmarks.hostile --fuzz metadata [--minutes 10] [--seed 123]

The attacks are those of ``tests/hostile``; a share takes every so manieth of them. It ends with 1
if there was a finding. Random inputs are kept in ``build/hostile`` until others take their place,
and a seed makes the same ones again.
"""

import argparse
import sys
import time

from benchmarks.measure import machine, save, table
from tests.hostile.attack import AREAS, Finding, attack, fuzz


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--areas", nargs="+", choices=AREAS, default=AREAS)
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--patience", type=float, default=1, help="for busy machines: 6")
    parser.add_argument("--fuzz", choices=AREAS)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, help="of a run that is to be made again")
    options = parser.parse_args()
    if options.fuzz:
        try:
            turns = fuzz(options.fuzz, options.minutes, options.seed)
        except Finding as finding:
            sys.exit(f"\n{finding}")
        how = "with this seed" if options.seed else f"in {options.minutes:g} minutes"
        print(f"{options.fuzz}: {turns} runs {how}, no finding")
        return
    rows, findings = [], []
    for area in options.areas:
        start = time.perf_counter()
        tally = attack(area, options.share, options.patience)
        rows.append(tally.row() | {"seconds": round(time.perf_counter() - start)})
        findings += [(area, *finding) for finding in tally.findings]
        print(table(rows[-1:]).splitlines()[-1], flush=True)
    print(f"\n{table(rows)}")
    for finding in findings:
        print(*finding, sep=" | ")
    save("hostile", {"machine": machine(), "share": options.share, "rows": rows})
    sys.exit(bool(findings))


if __name__ == "__main__":
    main()
