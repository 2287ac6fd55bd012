"""Laced and slip-on shoes: oxfords, loafers, boat shoes.

Each function takes a random generator and a variant number, and gives a `Sketch`.
"""

from __future__ import annotations

import itertools

import numpy as np

from . import features as f
from .geometry import Last, curve, path, shift
from .lacing import lacing, tongue
from .sketch import Sketch
from .soles import cup_sole, lug_sole, slab_sole, thin_sole
from .uppers import draw_binding, draw_upper, low_upper

Rng = np.random.Generator


def oxford(rng: Rng, k: int) -> Sketch:
    toe = ("Round Toe", "Almond", "Round Toe", "Square Toe", "Almond", "Pointed Toe")[k % 6]
    chunky = k % 4 == 3
    monk = k % 7 == 5
    last = Last(
        heel=1.05 if not chunky else 1.3,
        sole=0.32 if not chunky else 0.6,
        toe=toe,
        length=rng.uniform(10.2, 11.4),
        spring=0.28,
    )
    s = Sketch(
        heel=last.heel,
        colours="dress",
        genders=("Women",) if k % 5 == 4 else ("Men",),
        soles=("dark", "tan", "dark", "natural"),
    )
    s.finish["upper"] = ("leather", "patent", "leather", "suede", "leather", "nubuck")[(k // 2) % 6]
    s.finish["accent"] = s.finish["upper"]
    s.finish["heel"] = "stacked" if k % 3 else "rubber"
    s.insole = ("Leather", "Padded", "Leather", "Removable", "")[k % 5]
    throat = (rng.uniform(0.49, 0.53), rng.uniform(2.9, 3.2))
    upper = low_upper(last, throat, (0.74, rng.uniform(1.9, 2.15)), rng.uniform(2.4, 2.7))
    tongue(s, upper, role="tongue")
    draw_upper(s, upper)
    detail = ("cap", "wing", "plain", "cap brogue", "apron", "saddle")[k % 6]
    if detail.startswith("cap"):
        f.toe_cap(s, upper, rng.uniform(0.19, 0.23))
        if "brogue" in detail:
            f.perforate(s, upper.line((0.25, 0.02), (0.235, 0.4), (0.2, 0.8), (0.165, 1.0)))
    elif detail == "wing":
        f.wingtip(s, upper)
    elif detail == "apron":
        f.moc_seam(s, upper, 0.36, 0.66)
        s.toes[-1] = "Apron Toe"
    counter = upper.line((0.79, 0), (0.8, 0.4), (0.86, 0.72), (1.02, 0.82))
    f.panel(s, path(counter, (12.5, 0)), "accent", stitched=False)
    s.stitch(shift(counter, 0.12, -0.04))
    if detail == "saddle":
        saddle = path(
            upper.line((0.36, 0), (0.4, 0.5), (0.37, 1.1)),
            upper.line((0.62, 1.2), (0.6, 0.5), (0.66, 0)),
        )
        f.panel(s, saddle, "trim")
    quarter = upper.line((0.56, 0.0), (0.47, 0.3), (0.38, 0.62), (0.34, 0.86))
    if not monk:
        s.seam(quarter, 0.09, strength=1.2)
        if detail in ("wing", "cap brogue"):
            f.perforate(s, shift(quarter, 0.16, 0.06))
        else:
            s.stitch(shift(quarter, 0.14, 0.05))
        lacing(
            s,
            upper,
            0.33,
            count=int(rng.integers(3, 7)),
            facing=None if k % 2 else "accent",
            style=("bar", "cross")[k % 2],
            bow=k % 3 != 1,
        )
    else:
        ends = [(0.66, 0.38), (0.55, 0.66), (0.40, 0.98)]
        line = upper.line(*ends)
        s.seam(upper.line((0.62, 0.0), (0.47, 0.4), (0.36, 1.0)), 0.1, strength=1.3)
        f.buckled_strap(s, line, 0.85, "upper", 0.42, "Monk Strap")
    draw_binding(s, upper, "upper", 0.13)
    if chunky:
        lug_sole(s, last, 16, 0.14)
    else:
        thin_sole(s, last, 0.26, "stacked")
    return s


def loafer(rng: Rng, k: int) -> Sketch:
    kind = ("penny", "tassel", "bit", "driver", "venetian", "gore", "kiltie")[k % 7]
    toe = ("Round Toe", "Almond", "Square Toe")[k % 3]
    flat = kind == "driver"
    last = Last(
        heel=0.45 if flat else rng.uniform(0.8, 1.3),
        sole=0.3,
        toe=toe,
        spring=0.22,
        length=rng.uniform(10, 11),
    )
    s = Sketch(
        heel=last.heel,
        colours="dress",
        soles=("dark", "tan", "dark"),
        genders=("Men",) if k % 3 else ("Women",),
    )
    s.finish["upper"] = ("leather", "suede", "patent", "soft leather", "nubuck")[k % 5]
    s.finish["accent"] = s.finish["trim"] = s.finish["upper"]
    s.finish["heel"] = "stacked"
    s.insole = ("Leather", "Padded", "Memory Foam", "")[k % 4]
    if k % 9 == 8:
        s.pattern["upper"] = "leopard"
    upper = low_upper(
        last,
        (rng.uniform(0.43, 0.47), rng.uniform(2.35, 2.6)),
        (0.7, rng.uniform(1.65, 1.9)),
        rng.uniform(2.2, 2.45),
        gape=0.62,
        scoop=0.62,
    )
    draw_upper(s, upper)
    counter = upper.line((0.82, 0), (0.83, 0.4), (0.88, 0.75), (1.02, 0.85))
    if kind != "venetian":
        f.moc_seam(s, upper, 0.44, rng.uniform(0.55, 0.66), "accent" if k % 4 == 1 else None)
    if kind == "penny":
        f.penny_strap(s, upper, 0.37)
    elif kind == "bit":
        f.bit(s, upper, 0.38)
    elif kind in ("tassel", "kiltie"):
        f.penny_strap(s, upper, 0.37, slot=False)
        f.tassels(s, upper, 0.37)
    elif kind == "gore":
        wedge = path(upper.line((0.43, 1.1), (0.46, 0.5)), upper.line((0.53, 0.5), (0.56, 1.2)))
        f.gore(s, wedge)
    elif kind == "driver":
        f.penny_strap(s, upper, 0.37, "trim", slot=False)
    s.seam(counter, 0.1, strength=1.2)
    s.edge_stitch(upper.topline, -0.22)
    draw_binding(s, upper, "accent" if k % 2 else "upper", 0.15)
    if flat:
        slab_sole(s, last, "sole", 0.02, tread=False)
        for u in np.linspace(0.12, 0.92, 11):
            s.fill(
                f.disc((u * last.reach, 0.16 + last.ground(u * last.reach)), 0.1), "tip", lift=0.03
            )
    else:
        thin_sole(s, last, 0.26, "stacked")
    s.closes_with("Slip-On")
    return s


def boat_shoe(rng: Rng, k: int) -> Sketch:
    last = Last(
        heel=rng.uniform(0.55, 0.9),
        sole=0.5,
        toe="Round Toe",
        spring=0.18,
        length=rng.uniform(10, 10.8),
    )
    s = Sketch(
        heel=last.heel,
        colours="casual",
        soles=("white", "natural", "white", "tan"),
        genders=(("Men",), ("Women",), ("Boys",), ("Men", "Women"))[k % 4],
    )
    s.finish["upper"] = ("leather", "nubuck", "canvas", "suede", "soft leather")[k % 5]
    s.finish["accent"] = ("leather", "leather", "leather", "nubuck")[k % 4]
    s.insole = ("Leather", "Removable", "", "Padded")[k % 4]
    if k % 5 == 2:
        s.pattern["upper"] = ("stripes", "tartan", "gingham")[k % 3]
    upper = low_upper(
        last, (rng.uniform(0.43, 0.46), 2.45), (0.72, 1.75), 2.25, gape=0.6, scoop=0.5
    )
    tongue(s, upper, 0.5, "upper")
    draw_upper(s, upper)
    f.moc_seam(s, upper, 0.42, rng.uniform(0.52, 0.62), "accent" if k % 3 == 1 else None)
    vamp = upper.line((0.52, 0), (0.46, 0.4), (0.42, 0.75), (0.42, 1.05))
    heel = path(vamp, upper.line((0.6, 1.3), (0.7, 1.2)), (12.5, 4), (12.5, 0))
    f.panel(s, heel, "accent" if k % 3 == 2 else "upper", stitched=False)
    s.seam(vamp, 0.1, strength=1.2)
    s.stitch(shift(vamp, 0.14, 0))
    counter = upper.line((0.84, 0), (0.85, 0.5), (0.92, 0.66), (1.02, 0.7))
    f.panel(s, path(counter, (12.5, 0)), "accent", stitched=False)
    collar = upper.topline - (0, 0.5)
    s.seam(collar[12:], 0.07)
    marks = np.linspace(14, len(collar) - 5, 6).astype(int)
    for a, b in itertools.pairwise(marks):
        piece = shift(collar[a + 1 : b - 1], 0, 0.24)
        s.cord(piece, "lace", 0.2)
    end = upper.crest[-1]
    stay = curve(upper.at(0.385, 0.8), end + (0.3, -0.55))
    ridge = curve(upper.at(0.36, 1.0), end)
    if k % 6 == 5:
        line = upper.line((0.6, 0.5), (0.5, 0.72), (0.4, 0.98))
        f.hook_strap(s, line, 0.75, "accent")
    else:
        f.laces(s, stay, ridge, 2, bow=True)
    draw_binding(s, upper, "accent", 0.17)
    cup_sole(s, last, line=k % 2 == 0, toothed=True, rise=0.1)
    return s
