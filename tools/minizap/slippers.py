"""Slippers: flat ones, boots, heeled ones.

Each function takes a random generator and a variant number, and gives a `Sketch`.
"""

from __future__ import annotations

import numpy as np

from . import features as f
from .clogs import backless, draw_backless
from .geometry import Last, curve, path, shift
from .sketch import Sketch
from .soles import slab_sole, thin_sole
from .uppers import boot_upper, draw_binding, draw_upper, low_upper

Rng = np.random.Generator


def slipper_flat(rng: Rng, k: int) -> Sketch:
    """House shoes: fur-lined moccasins, felt scuffs, ballerina slippers, smoking slippers."""
    kind = (
        "moccasin",
        "scuff",
        "fluffy",
        "closed",
        "smoking",
        "scuff",
        "moccasin",
        "knit",
        "fluffy",
        "closed",
        "scuff",
        "smoking",
    )[k % 12]
    last = Last(
        heel=0.5 if kind == "smoking" else 0.45,
        sole=0.38,
        spring=0.08,
        toe="Almond" if kind == "smoking" else "Round Toe",
        length=9.8,
    )
    s = Sketch(
        heel=last.heel,
        colours="pastel",
        soles=("dark", "tan", "natural"),
        genders=(("Men",), ("Women",), ("Girls",), ("Men", "Women"))[k % 4],
    )
    s.finish["upper"] = {
        "moccasin": "suede",
        "knit": "knit",
        "smoking": "felt",
        "fluffy": "fur",
    }.get(kind, ("felt", "suede", "knit")[k % 3])
    s.finish.update(lining="fur", bed="fur", fur="fur", accent="felt", trim="satin")
    s.insole = ("Memory Foam", "Padded", "", "Padded")[k % 4]
    if kind in ("scuff", "closed") and k % 2:
        s.pattern["upper"] = ("tartan", "stripes", "dots", "leopard")[(k // 2) % 4]
    if kind in ("scuff", "fluffy"):
        upper = backless(last, (0.46, 2.5), rng.uniform(0.6, 0.68), 1.3, 0.8)
        draw_backless(s, upper, rounding=1.6)
        if kind == "fluffy":
            f.fur_cuff(s, upper.topline, 0.8, "upper", rng)
            f.fur_cuff(s, upper.crest[20:], 0.7, "upper", rng)
        elif k % 3 == 1:
            f.fur_cuff(s, shift(upper.topline, -0.1, -0.1), 0.65, "fur", rng)
        else:
            draw_binding(s, upper, "trim", 0.25)
    else:
        upper = low_upper(
            last, (0.42, 2.5), (0.66, 1.75), 2.2, 1.2 if kind != "smoking" else 1, gape=0.7
        )
        draw_upper(s, upper)
        if kind == "moccasin":
            f.moc_seam(s, upper, 0.4, 0.6)
            s.cord(curve(upper.at(0.41, 0.98), upper.at(0.34, 0.9), upper.at(0.36, 0.7)), "lace")
            s.cord(curve(upper.at(0.41, 0.98), upper.at(0.44, 0.75), upper.at(0.42, 0.6)), "lace")
        if kind == "smoking":
            f.panel(s, f.disc(upper.at(0.25, 0.78), 0.42), "trim", stitched=False)
            draw_binding(s, upper, "trim", 0.2)
        else:
            f.fur_cuff(s, shift(upper.topline, 0, -0.02), 0.62, "fur", rng)
    if kind == "smoking":
        thin_sole(s, last, 0.25, "stacked", welt=False)
    else:
        slab_sole(s, last, "sole", 0.08, tread=False)
    s.closes_with("Slip-On")
    return s


def slipper_boot(rng: Rng, k: int) -> Sketch:
    """House boots: soft, low-shafted, warm."""
    last = Last(heel=0.5, sole=0.42, spring=0.06, length=9.8)
    s = Sketch(
        heel=last.heel,
        colours="pastel",
        soles=("dark", "tan", "natural"),
        squeeze=0.88,
        genders=(("Women",), ("Men",), ("Girls",))[k % 3],
    )
    s.finish["upper"] = ("knit", "suede", "felt", "knit", "suede", "felt")[k % 6]
    s.finish.update(lining="fur", fur="fur", accent="suede", trim="knit")
    s.insole = ("Memory Foam", "Padded", "")[k % 3]
    if k % 3 == 2 or k == 3:
        s.pattern["upper"] = ("tartan", "stripes", "dots", "gingham")[k % 4]
    upper = boot_upper(
        last, rng.uniform(3.8, 6.4), top=rng.uniform(4.9, 5.5), gape=0.55, volume=1.2, slope=0.2
    )
    draw_upper(s, upper, rounding=2.2)
    if s.finish["upper"] != "suede":
        f.panel(
            s, path(upper.line((0.36, 0), (0.26, 0.5), (0.06, 1.0)), (-2, 2), (-2, 0)), "accent"
        )
    else:
        s.seam(curve(upper.at(0.5, 0), upper.at(0.46, 0.5), upper.across(0.1, 3.4)), 0.16)
    high = upper.crest[-1, 1]
    if k % 4 == 1:
        cuff = path(
            shift(upper.topline, 0, 0.05),
            upper.across(1.08, high - 1.6),
            upper.across(0.5, high - 1.95),
            upper.across(-0.08, high - 1.6),
        )
        s.fill(cuff, "fur", rounding=0.8, lift=0.12)
    else:
        f.fur_cuff(s, upper.topline, rng.uniform(0.75, 1.1), "fur", rng)
    if k % 4 == 2:
        f.hook_strap(
            s,
            curve(upper.across(0.9, 2.9), upper.across(0.5, 2.75), upper.across(0.02, 3.4)),
            0.75,
            "accent",
        )
    if k % 4 == 3:
        for at in (0.42, 0.54):
            place = upper.across(at, high - 2.2)
            s.cord(curve(upper.across(0.48, high - 0.4), place), "lace", 0.16)
            s.fill(f.disc(place, 0.4), "fur", rounding=0.35, lift=0.08)
    slab_sole(s, last, "sole", 0.08, tread=False)
    s.closes_with("Pull-on")
    return s


def slipper_heel(rng: Rng, k: int) -> Sketch:
    """Boudoir mules with a small heel and a fluffy band."""
    kind = ("kitten", "wedge", "cone")[k % 3]
    last = Last(
        heel=rng.uniform(1.7, 2.6),
        sole=0.3,
        spring=0.1,
        toe=("Almond", "Round Toe")[k % 2],
        length=9.6,
    )
    s = Sketch(heel=last.heel, colours="pastel", soles=("natural", "dark"), squeeze=0.86)
    s.finish["upper"] = s.finish["heel"] = ("satin", "felt", "satin", "suede")[k % 4]
    s.finish.update(fur="fur", trim="satin")
    s.insole = ("Padded", "Memory Foam", "")[k % 3]
    upper = backless(last, (0.36, 1.9), rng.uniform(0.46, 0.52), 1.05, 0.7)
    draw_backless(s, upper)
    if k % 3 != 1:
        f.fur_cuff(s, shift(upper.crest[30:], -0.1, 0.0), 0.8, "fur", rng)
    else:
        f.fur_cuff(s, shift(upper.topline[:40], 0, 0), 0.6, "fur", rng)
        f.bow(s, upper.at(0.24, 0.8), 0.7)
    thin_sole(s, last, 0.18, kind, welt=False)
    s.closes_with("Slip-On")
    return s
