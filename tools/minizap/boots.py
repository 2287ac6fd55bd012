"""Ankle boots, and what all boots share: laces up the shaft, zippers, straps.

Each function takes a random generator and a variant number, and gives a `Sketch`.
"""

from __future__ import annotations

import numpy as np

from . import features as f
from .geometry import Last, curve, path, shift
from .sketch import Sketch
from .soles import lug_sole, slab_sole, thin_sole
from .uppers import Upper, boot_upper, draw_binding, draw_upper

Rng = np.random.Generator
SQUEEZE = 0.9


def start(last: Last, finish: str, genders=("Women",), soles=("dark", "tan")) -> Sketch:
    s = Sketch(
        heel=last.heel, colours="dress", genders=genders, soles=soles, squeeze=SQUEEZE, tilt=0.09
    )
    s.finish.update(upper=finish, accent=finish, trim="leather", heel="stacked")
    return s


def shaft_laces(s: Sketch, upper: Upper, count: int, hooks: int, style="cross") -> None:
    """Laces from the vamp up to the rim, with the tongue between the facings."""
    seat, high = upper.last.heel, upper.crest[-1, 1]
    base = upper.at(0.33, 0.78)
    steps = np.linspace(max(base[1] + 1.2, seat + 2.6), high - 0.25, 6)
    near = [upper.across(0.2, y) for y in steps]
    far = [upper.across(0.02, y) for y in steps]
    stay = curve(base, *near)
    ridge = curve(upper.at(0.31, 0.99), *far)
    s.fill(path(stay, ridge[::-1]), "tongue", clip="upper", shade=0.8)
    s.seam(stay, 0.14, strength=1.4)
    s.stitch(shift(stay, 0.34, -0.1)[6:])
    f.laces(s, shift(stay[6:], 0.14, -0.1), shift(ridge, 0.08, 0)[5:], count, style, hooks)


def counter(s: Sketch, upper: Upper, role="accent", height=2.3) -> None:
    """The stiffener around the heel."""
    last = upper.last
    low, seat = 0.74 * last.reach, last.heel
    edge = curve(
        (low, float(last.feather(low))),
        (low + 0.5, seat + 0.75 * height),
        (last.reach + 0.3, seat + height),
    )
    f.panel(s, path(edge, (12.5, 0), (low, 0)), role, stitched=False)
    s.stitch(shift(edge, 0.1, -0.12))


def side_zip(s: Sketch, upper: Upper, low=0.9, high=0.3, at=0.62) -> None:
    seat, top = upper.last.heel, upper.crest[-1, 1]
    levels = np.linspace(seat + low, top - high, 8)
    line = curve(*(upper.across(at, y) for y in levels), n=60)
    f.zipper(s, line)


def wrap(s: Sketch, upper: Upper, y: float, drop=0.4, width=0.5, at=0.55, closes="Buckle") -> None:
    """A buckled strap around the shaft."""
    a, b = upper.across(-0.03, y + drop), upper.across(1.03, y)
    f.buckled_strap(s, curve(a, 0.5 * (a + b) + (0, -0.25), b), width, "trim", at, closes)


def ankle(rng: Rng, k: int) -> Sketch:
    return (
        chelsea,
        combat,
        bootie,
        hiker,
        chukka,
        bootie,
        chelsea,
        bootie,
        lace_dress,
        strapped,
        bootie,
        combat,
        hiker,
    )[k % 13](rng, k)


def chelsea(rng: Rng, k: int) -> Sketch:
    toe = ("Round Toe", "Almond", "Square Toe")[(k // 2) % 3]
    last = Last(heel=rng.uniform(1.0, 1.7), sole=0.35, toe=toe)
    s = start(last, ("leather", "suede")[(k // 6) % 2], ("Men",) if k % 2 else ("Women", "Men"))
    s.insole = ("Leather", "Padded")[k % 2]
    upper = boot_upper(last, rng.uniform(4.4, 5.6), top=4.2, slope=0.3, gape=0.45)
    draw_upper(s, upper)
    seat, high = last.heel, upper.crest[-1, 1]
    wedge = path(
        curve(
            upper.across(0.36, high + 0.3),
            upper.across(0.42, seat + 2.8),
            upper.across(0.5, seat + 1.5),
        ),
        curve(
            upper.across(0.5, seat + 1.5),
            upper.across(0.62, seat + 2.8),
            upper.across(0.72, high + 0.3),
        ),
    )
    f.gore(s, wedge)
    s.seam(curve(upper.across(0.5, seat + 1.5), upper.at(0.6, 0.1), upper.at(0.6, 0)), 0.09)
    f.pull_tab(s, upper)
    if k % 4 == 2:
        lug_sole(s, last, 16, 0.17)
    else:
        thin_sole(s, last, 0.28, "stacked")
    s.closes_with("Pull-on")
    return s


def combat(rng: Rng, k: int) -> Sketch:
    last = Last(heel=rng.uniform(1.3, 1.7), sole=0.75, toe="Round Toe", spring=0.2)
    s = start(last, ("leather", "patent", "nubuck")[k % 3], ("Men", "Women"), ("dark", "gum"))
    s.insole = ("Removable", "Padded")[k % 2]
    tall = rng.uniform(5.2, 6.3) if k < 20 else rng.uniform(7.5, 9.5)
    upper = boot_upper(last, tall, top=4.6, slope=0.5)
    draw_upper(s, upper)
    if k % 2:
        f.toe_cap(s, upper, 0.2, "upper")
    counter(s, upper)
    shaft_laces(s, upper, 8, 0)
    s.seam(shift(upper.topline, 0, -0.7), 0.14)
    draw_binding(s, upper, "trim", 0.3)
    f.pull_tab(s, upper, "trim")
    lug_sole(s, last, 17, 0.19)
    if k % 4 == 3:
        side_zip(s, upper, 1.2, 0.5)
    return s


def hiker(rng: Rng, k: int) -> Sketch:
    last = Last(heel=rng.uniform(1.3, 1.6), sole=0.8, toe="Round Toe", spring=0.4)
    s = start(last, ("nubuck", "suede")[k % 2], (("Men",), ("Women",))[k % 2], ("dark", "bright"))
    s.finish.update(accent="synthetic", midsole="foam")
    s.colours, s.insole = "sport", "Removable"
    upper = boot_upper(last, rng.uniform(4.0, 4.7), top=4.7, slope=0.5, lean=-0.1)
    draw_upper(s, upper)
    rand = path(upper.line((0.4, 0.0), (0.3, 0.4), (0.12, 0.62), (-0.02, 0.8)), (-2, 0))
    f.panel(s, rand, "accent", stitched=False)
    counter(s, upper, "accent", 2.0)
    for u in (0.46, 0.56):
        s.stitch(upper.line((u, 0.0), (u + 0.04, 0.12), (u + 0.02, 0.3)))
    shaft_laces(s, upper, 7, 3)
    draw_binding(s, upper, "trim", 0.5)
    f.pull_tab(s, upper, "trim")
    lug_sole(s, last, 19, 0.2)
    return s


def chukka(rng: Rng, k: int) -> Sketch:
    last = Last(heel=rng.uniform(0.85, 1.0), sole=0.5, toe="Round Toe")
    s = start(last, "suede", ("Men",), ("natural", "tan"))
    s.insole = "Leather"
    upper = boot_upper(last, 3.6, top=4.6, slope=0.5, gape=0.5)
    draw_upper(s, upper)
    edge = upper.line((0.56, 0), (0.52, 0.3), (0.42, 0.55), (0.37, 0.8))
    s.seam(edge, 0.12, strength=1.3)
    s.stitch(shift(edge, 0.14, 0.06))
    shaft_laces(s, upper, 3, 0, "bar")
    slab_sole(s, last, "welt")
    return s


def lace_dress(rng: Rng, k: int) -> Sketch:
    last = Last(heel=1.15, sole=0.35, toe="Almond")
    s = start(last, "leather", ("Men",))
    s.insole = "Leather"
    upper = boot_upper(last, 5.3, top=4.5, slope=0.4)
    draw_upper(s, upper)
    f.wingtip(s, upper, "accent", 0.44)
    counter(s, upper)
    shaft_laces(s, upper, 7, 3)
    draw_binding(s, upper)
    thin_sole(s, last, 0.28, "stacked")
    return s


def bootie(rng: Rng, k: int) -> Sketch:
    """Women's ankle boots on a heel, plain, zipped, cuffed, or peep-toed."""
    heel = (3.6, 4.3, 2.5, 3.2, 1.9)[(k // 2) % 5] + rng.uniform(-0.15, 0.2)
    kind = ("block", "stiletto", "chunky", "cone", "wedge", "stacked")[(k * 5 // 3) % 6]
    toe = ("Almond", "Pointed Toe", "Round Toe")[k % 3]
    deep = 0.35 if k % 4 else 0.9
    last = Last(heel=heel + (deep - 0.35), sole=deep, toe=toe, spring=0.15, length=9.9)
    s = start(last, ("suede", "leather", "patent", "leather")[k % 4])
    s.finish["heel"] = "leather" if kind in ("stiletto", "cone") else "stacked"
    s.insole = ("Padded", "Leather", "", "Memory Foam")[k % 4]
    if k % 13 == 7:
        s.pattern["upper"] = "leopard"
    upper = boot_upper(last, rng.uniform(3.6, 4.8), ankle=0.57, top=4.0, slope=(-0.4, 0.5)[k % 2])
    draw_upper(s, upper)
    seat = last.heel
    s.seam(curve(upper.at(0.5, 0), upper.at(0.47, 0.5), upper.across(0.02, seat + 1.7)), 0.09)
    if k % 3 == 2:
        wrap(s, upper, seat + 1.9, 0.5)
    if k % 2 == 0 or k % 3 == 1:
        side_zip(s, upper, 0.6, 0.15, 0.6)
    else:
        s.seam(shift(upper.topline, 0, -0.5), 0.1)
        s.closes_with("Pull-on")
    thin_sole(s, last, 0.2, kind, welt=False)
    return s


def strapped(rng: Rng, k: int) -> Sketch:
    """Engineer and biker boots."""
    last = Last(heel=1.5, sole=0.6, toe="Round Toe")
    s = start(last, "leather", ("Men", "Women"))
    s.insole = "Removable"
    tall = 5.6 if k < 20 else rng.uniform(8.2, 10)
    upper = boot_upper(last, tall, calf=4.9, top=4.9, slope=0.3, gape=0.45)
    draw_upper(s, upper)
    counter(s, upper)
    wrap(s, upper, last.heel + 1.7, 0.9, 0.6)
    if tall > 7:
        wrap(s, upper, upper.crest[-1, 1] - 0.9, 0.0, 0.55, 0.7)
        f.folds(s, upper, last.heel + np.array([3.4, 4.4]))
    s.closes_with("Pull-on")
    lug_sole(s, last, 16, 0.15)
    return s
