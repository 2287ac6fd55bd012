"""Boots with a shaft: mid-calf, knee-high, over the knee.

Each function takes a random generator and a variant number, and gives a `Sketch`.
"""

from __future__ import annotations

import numpy as np

from . import features as f
from .boots import combat, counter, shaft_laces, side_zip, start, strapped, wrap
from .geometry import Last, curve, path, shift
from .sketch import Sketch
from .soles import cup_sole, lug_sole, slab_sole, thin_sole
from .uppers import boot_upper, draw_binding, draw_upper

Rng = np.random.Generator


def mid_calf(rng: Rng, k: int) -> Sketch:
    style = (western, shearling, combat, strapped, rain, western, duck, dress_boot, combat)[k % 9]
    s = style(rng, k + 20)
    return s


def western(rng: Rng, k: int) -> Sketch:
    toe = ("Pointed Toe", "Square Toe")[k % 2]
    last = Last(heel=rng.uniform(1.6, 1.95), sole=0.35, toe=toe, spring=0.35)
    s = start(last, ("leather", "suede")[(k // 5) % 2], ("Men",) if k % 3 else ("Women",))
    s.insole = ("Leather", "Padded")[k % 2]
    upper = boot_upper(last, rng.uniform(8.8, 10.6), calf=5.1, top=5.5, slope=0.0, gape=0.3)
    swing = np.linspace(0, 2 * np.pi, len(upper.topline))
    dip = np.column_stack([0 * swing, -0.55 * (1 - np.cos(swing)) / 2 * 1.6 + 0.25])
    upper.topline, upper.far_rim = upper.topline + dip, upper.far_rim + 0.8 * dip
    draw_upper(s, upper)
    vamp = curve(
        upper.at(0.62, 0),
        upper.at(0.55, 0.5),
        upper.across(0.2, last.heel + 3.0),
        upper.across(-0.05, last.heel + 3.9),
    )
    f.panel(s, path(vamp, (-2, 8), (-2, -1)), "accent", stitched=False)
    s.stitch(shift(vamp, -0.12, -0.08))
    counter(s, upper, "accent", 2.6)
    high = upper.crest[-1, 1]
    for grow in (0.0, 0.17, 0.34):
        flame = [
            upper.across(0.5 + side * (w + 0.32 * grow), high - d - grow)
            for side, w, d in [
                (-1, 0.18, 1.2),
                (-1, 0.3, 2.4),
                (-1, 0.12, 3.6),
                (1, 0, 5.2),
                (1, 0.12, 3.6),
                (1, 0.3, 2.4),
                (1, 0.18, 1.2),
            ]
        ]
        s.stitch(curve(*flame), width=0.09)
    s.seam(upper.line((0.24, 0.75), (0.3, 0.62), (0.36, 0.78)), 0.08)
    for at in (0.34, 0.66):
        tab = upper.across(at, high - 0.7)
        s.strap(curve(tab + (0, -0.9), tab + (0, 0.85)), 0.35, "trim")
    draw_binding(s, upper, "trim", 0.2)
    thin_sole(s, last, 0.25, "cuban")
    s.closes_with("Pull-on")
    return s


def shearling(rng: Rng, k: int) -> Sketch:
    last = Last(heel=0.8, sole=0.6, toe="Round Toe", spring=0.12)
    s = start(last, ("suede", "knit")[(k // 9) % 2], ("Women",), ("tan", "natural"))
    s.colours, s.insole = "pastel", ""
    upper = boot_upper(
        last, rng.uniform(8, 9.5), calf=5.4, top=5.6, slope=0.2, gape=0.5, volume=1.15
    )
    draw_upper(s, upper, rounding=2.3)
    f.folds(s, upper, last.heel + np.array([2.9, 3.9]), 0.6)
    s.seam(curve(upper.at(0.52, 0), upper.at(0.5, 0.5), upper.across(0.25, last.heel + 3.2)), 0.16)
    counter(s, upper, "accent", 2.4)
    f.fur_cuff(s, shift(upper.topline, 0, -0.05), 0.8)
    slab_sole(s, last, "sole", 0.12, tread=False)
    s.closes_with("Pull-on")
    return s


def rain(rng: Rng, k: int) -> Sketch:
    last = Last(heel=1.1, sole=0.55, toe="Round Toe", spring=0.2)
    s = start(last, "gloss rubber", ("Women",), ("dark", "white"))
    s.colours, s.insole = "casual", ("", "Removable")[k % 2]
    if k % 3 == 0:
        s.pattern["upper"] = ("dots", "floral", "tartan", "camo")[(k // 3) % 4]
    tall = rng.uniform(8.5, 10) if k < 40 else rng.uniform(13, 14.5)
    upper = boot_upper(last, tall, calf=5.3, top=5.7, gape=0.4)
    draw_upper(s, upper)
    s.seam(upper.line((0.22, 0.04), (0.2, 0.5), (0.16, 1.0)), 0.14)
    wrap(s, upper, upper.crest[-1, 1] - 1.0, 0.0, 0.45, 0.75)
    draw_binding(s, upper, "trim", 0.25)
    lug_sole(s, last, 19, 0.1, stitched=False)
    s.closes_with("Pull-on")
    return s


def duck(rng: Rng, k: int) -> Sketch:
    """Winter boots: rubber foot, laced shaft, warm collar."""
    last = Last(heel=1.1, sole=0.6, toe="Round Toe", spring=0.2)
    s = start(last, ("nubuck", "canvas")[k % 2], ("Men", "Women"), ("dark", "gum"))
    s.finish.update(accent="gloss rubber")
    s.insole = "Removable"
    upper = boot_upper(last, rng.uniform(7.6, 8.6), calf=5, top=5.0, volume=1.15)
    draw_upper(s, upper)
    rubber = upper.line((0.36, 1.0), (0.42, 0.72), (0.6, 0.38), (0.8, 0.3), (1.04, 0.28))
    shaft_laces(s, upper, 7, 0)
    foot = path(rubber, (12.5, 0), (-2, -1), (-2, 3.0), rubber[:1] + (0, 0.8))
    f.panel(s, foot, "accent", stitched=False, lift=0.08)
    s.stitch(shift(rubber, 0.0, -0.14))
    s.seam(upper.line((0.12, 0.1), (0.1, 0.5), (0.14, 0.8)), 0.12)
    f.fur_cuff(s, shift(upper.topline, 0, 0.0), 0.9)
    cup_sole(s, last, line=False, toothed=True, rise=0.0)
    return s


def dress_boot(rng: Rng, k: int) -> Sketch:
    last = Last(
        heel=rng.uniform(2.3, 3.9),
        sole=0.35,
        toe=("Almond", "Pointed Toe")[k % 2],
        spring=0.15,
        length=9.9,
    )
    s = start(last, ("leather", "suede", "patent")[k % 3])
    s.insole = "Padded"
    upper = boot_upper(last, 8.6, calf=4.6, top=4.7, slope=0.2)
    draw_upper(s, upper)
    side_zip(s, upper, 0.8, 0.2, 0.58)
    wrap(s, upper, last.heel + 2.2, 0.3, 0.4, 0.3)
    thin_sole(s, last, 0.2, ("block", "cone", "stacked")[k % 3], welt=False)
    return s


def tall_boot(rng: Rng, k: int, height: float, calf: float, top: float, slope: float) -> Sketch:
    """Riding, heeled, slouching and wedge boots with a long shaft."""
    heel = (1.2, 3.7, 0.9, 2.5, 4.2, 1.5, 3.2)[k % 7] + rng.uniform(-0.1, 0.15)
    kind = ("stacked", "stiletto", "stacked", "block", "cone", "stacked", "wedge")[k % 7]
    toe = ("Round Toe", "Pointed Toe", "Almond")[k % 3]
    deep = 1.0 if k % 7 == 4 else 0.35
    last = Last(
        heel=heel + deep - 0.35, sole=deep, toe=toe, spring=0.18, length=10.2 if heel < 2 else 9.9
    )
    s = start(last, ("leather", "suede", "leather", "patent")[(k // 2) % 4])
    s.finish["heel"] = "leather" if kind in ("stiletto", "cone") else "stacked"
    s.insole = ("Padded", "Leather", "", "Memory Foam", "Padded")[k % 5]
    upper = boot_upper(last, height, calf=calf, top=top, slope=slope, gape=0.4)
    draw_upper(s, upper)
    seat, high = last.heel, upper.crest[-1, 1]
    if heel < 2:
        counter(s, upper, "accent", 2.6)
        s.seam(curve(upper.at(0.5, 0), upper.at(0.48, 0.6), upper.across(0, seat + 3.6)), 0.1)
    if k % 4 == 1:
        f.folds(s, upper, seat + np.array([3.2, 4.4, 6.0, 7.8, 9.8]), 0.8)
    if k % 3 == 0:
        wrap(s, upper, seat + 2.3, 0.6, 0.5, 0.45)
    if k % 5 in (0, 3):
        wrap(s, upper, high - 1.3, 0.0, 0.55, 0.7)
    if k % 2 == 0:
        side_zip(s, upper, 0.9, 0.4 + 1.4 * (k % 5 in (0, 3)), 0.66)
    else:
        s.closes_with("Pull-on")
    if k % 4 == 2:
        cuff = path(upper.topline, upper.across(1.1, high - 1.7), upper.across(-0.1, high - 1.7))
        f.panel(s, cuff, "trim", stitched=False, lift=0.08)
    draw_binding(s, upper, "upper", 0.18)
    if k % 6 == 5 and heel < 2:
        lug_sole(s, last, 17, 0.14)
    else:
        thin_sole(s, last, 0.24, kind, welt=heel < 2)
    return s


def knee_high(rng: Rng, k: int) -> Sketch:
    if k % 8 == 6:
        return rain(rng, k + 40)
    return tall_boot(
        rng,
        k,
        rng.uniform(13.6, 15.4),
        rng.uniform(5.0, 5.5),
        rng.uniform(5.1, 5.7),
        rng.uniform(0.1, 0.6),
    )


def over_the_knee(rng: Rng, k: int) -> Sketch:
    s = tall_boot(
        rng,
        k * 2 + 1,
        rng.uniform(20, 23.5),
        rng.uniform(5.0, 5.4),
        rng.uniform(6.0, 6.9),
        rng.uniform(0.8, 2.0),
    )
    return s
