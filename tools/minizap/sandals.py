"""Sandals: flat ones, heeled ones, athletic ones.

Each function takes a random generator and a variant number, and gives a `Sketch`.
"""

from __future__ import annotations

import numpy as np

from . import features as f
from .geometry import Camera, Last, curve, path
from .sketch import Sketch
from .stand import (
    Stand,
    band,
    flat_base,
    heel_base,
    heel_cup,
    heel_strap,
    rings,
    spine,
    thin_strap,
    thong,
    treads,
)

Rng = np.random.Generator


def sandal_sketch(last: Last, colours: str, genders, insole: str, **finish) -> Sketch:
    s = Sketch(
        heel=last.heel,
        colours=colours,
        genders=genders,
        insole=insole,
        squeeze=0.9,
        tilt=0.0,
        soles=("dark", "tan", "natural"),
    )
    s.finish.update(heel="stacked", sole="rubber", midsole="foam", bed="soft leather", **finish)
    s.has_toe("Open Toe")
    return s


def flat_sandal(rng: Rng, k: int) -> Sketch:
    kind = (
        "flip-flop",
        "slide",
        "gladiator",
        "footbed",
        "thong",
        "t-strap",
        "flip-flop",
        "cross",
        "footbed",
        "ankle",
        "thong",
        "flip-flop",
        "slide",
        "gladiator",
        "cross",
    )[k % 15]
    thick = 0.75 if kind in ("flip-flop", "footbed") else 0.4
    last = Last(
        heel=rng.uniform(0.95, 1.15) * thick,
        sole=thick * rng.uniform(0.8, 1.0),
        spring=0.12,
        length=10.2,
    )
    finish = (
        "rubber"
        if kind == "flip-flop" and k % 2 == 0
        else ("leather", "suede", "metallic", "patent")[k % 4]
    )
    s = sandal_sketch(
        last,
        "casual" if k % 2 else "pastel",
        (("Women",), ("Men",), ("Girls",))[k % 3],
        ("", "Padded", "Leather", "Orthotic Friendly")[k % 4],
        upper=finish,
        accent=finish,
    )
    stand = Stand(last)
    if kind == "flip-flop":
        s.finish["bed"] = "foam"
        if k % 3 == 0:
            s.pattern["bed"] = ("stripes", "floral", "dots")[(k // 3) % 3]
        flat_base(s, stand, "bed", ("midsole", "sole"))
    elif kind == "footbed":
        s.finish.update(midsole="cork", bed="suede")
        flat_base(s, stand, "bed", ("midsole", "sole"))
    else:
        flat_base(s, stand, "bed", ("sole",))
    if kind in ("flip-flop", "thong"):
        thong(s, stand, rng, ornate=kind == "thong")
    elif kind == "slide":
        if k % 2:
            s.pattern["upper"] = ("leopard", "floral", "stripes")[(k // 2) % 3]
        band(s, stand, (0.14, 0.46), (0.12, 0.4), 1.0)
    elif kind == "footbed":
        for a in (0.14, 0.34):
            band(s, stand, (a, a + 0.13), (a - 0.02, a + 0.1), 1.0)
            line = stand.arch(a + 0.065, a + 0.045, 1.03)[4:22]
            f.buckle(s, line[9], 55, 0.7, 0.75)
        s.closes_with("Buckle")
    elif kind == "gladiator":
        for a in np.linspace(0.14, 0.62, int(rng.integers(4, 6))):
            thin_strap(s, stand.arch(a, a - 0.02, 1.0), 0.42)
        rings(s, stand, 2.9, k)
        s.strap(spine(stand, 2.9), 0.42)
    elif kind == "t-strap":
        thin_strap(s, stand.arch(0.2, 0.14, 1.0), 0.55)
        rings(s, stand, 2.7, k)
        s.strap(spine(stand, 2.7), 0.4)
        s.closes_with("T-Strap")
    elif kind == "cross":
        band(s, stand, (0.14, 0.3), (0.34, 0.5), 1.0, "accent")
        band(s, stand, (0.36, 0.5), (0.1, 0.24), 1.04)
    elif kind == "ankle":
        band(s, stand, (0.14, 0.25), (0.11, 0.22), 1.0)
        rings(s, stand, 2.6, k)
        heel_cup(s, stand, 1.5)
    if not s.closures:
        s.closes_with("Slip-On")
    return s


def heel_sandal(rng: Rng, k: int) -> Sketch:
    kind = (
        "ankle",
        "slide",
        "wedge",
        "strappy",
        "platform",
        "sling",
        "espadrille",
        "t-strap",
        "cork",
        "ankle",
        "mule",
        "strappy",
        "block",
    )[k % 13]
    wedge = kind in ("wedge", "espadrille", "cork")
    heel_kind = (
        "wedge" if wedge else ("stiletto", "block", "cone", "stiletto", "flare", "kitten")[k % 6]
    )
    deep = {"platform": 1.2, "espadrille": 0.9, "cork": 1.0, "wedge": 0.6}.get(kind, 0.25)
    heel = {"kitten": 1.9, "flare": 2.5, "wedge": 2.9, "block": 3.1}.get(heel_kind, 3.8)
    last = Last(
        heel=heel + rng.uniform(-0.2, 0.5) + 0.7 * (deep - 0.25), sole=deep, spring=0.1, length=9.8
    )
    finish = ("leather", "suede", "patent", "metallic", "satin")[k % 5]
    s = sandal_sketch(
        last,
        "pastel",
        ("Women",),
        ("Padded", "Leather", "")[k % 3],
        upper=finish,
        accent=finish,
        trim="satin",
    )
    s.finish["heel"] = {"espadrille": "jute", "cork": "cork", "wedge": "wood"}.get(
        kind, "stacked" if heel_kind in ("block", "flare") else finish
    )
    s.finish["midsole"] = finish
    stand = Stand(last, Camera(14, 14))
    heel_base(s, stand, heel_kind)
    closed_heel = kind in ("ankle", "espadrille", "platform") and k % 2 == 0
    if closed_heel:
        heel_cup(s, stand, 1.9)
    if kind in ("slide", "mule"):
        band(s, stand, (0.12, 0.36), (0.1, 0.32), 1.0)
        if k % 2 == 0:
            f.bow(s, stand.arch(0.24, 0.2)[18], 0.85)
    elif kind == "strappy":
        for a in np.linspace(0.12, 0.44, 4):
            thin_strap(s, stand.arch(a, a + (0.1, -0.08)[k % 2], 1.0), 0.3)
        rings(s, stand, 2.9, k)
    elif kind == "t-strap":
        thin_strap(s, stand.arch(0.2, 0.14, 1.0), 0.5)
        rings(s, stand, 2.8, k)
        s.strap(spine(stand, 2.8), 0.36)
        s.closes_with("T-Strap")
    elif kind == "sling":
        band(s, stand, (0.1, 0.34), (0.08, 0.3), 1.0)
        for way, shade in ((1, 0.72), (-1, 1.0)):
            t = np.linspace(0, 1, 30)
            line = stand.at(0.42 + 0.56 * t, way * (1 - 0.6 * t**3), 0.5 + 1.7 * t)
            s.strap(line, 0.32, "upper", shade=shade)
        f.buckle(s, line[12], 30, 0.5, 0.55)
        s.closes_with("Sling Back")
    else:
        if k % 4 == 2:
            band(s, stand, (0.12, 0.24), (0.3, 0.42), 1.0, "accent")
            band(s, stand, (0.3, 0.42), (0.1, 0.22), 1.04)
        else:
            band(s, stand, (0.12, 0.28), (0.1, 0.25), 1.0)
        rings(s, stand, 2.7, k)
    if not s.closures:
        s.closes_with("Slip-On")
    return s


def athletic_sandal(rng: Rng, k: int) -> Sketch:
    """Trekking sandals with hook-and-loop straps; closed-toe water sandals; sporty slides."""
    last = Last(heel=rng.uniform(1.2, 1.5), sole=rng.uniform(0.8, 0.95), spring=0.3, length=10.6)
    s = sandal_sketch(
        last,
        "sport",
        (("Men",), ("Women",), ("Boys", "Girls"))[k % 3],
        ("Removable", "", "Orthotic Friendly")[k % 3],
        upper=("synthetic", "nubuck", "mesh")[k % 3],
        accent="synthetic",
    )
    s.finish.update(bed="foam", trim="mesh")
    s.colours = "sport"
    stand = Stand(last)
    flat_base(s, stand, "bed", ("midsole", "sole"))
    treads(s, stand)
    kind = ("three", "cross", "slide", "toe guard", "three", "cross")[k % 6]
    if kind == "slide":
        band(s, stand, (0.15, 0.48), (0.13, 0.43), 1.0)
        line = stand.arch(0.3, 0.26, 1.05)[4:32]
        f.hook_strap(s, line, 1.3, "accent")
        s.closes_with("Slip-On")
        return s
    near = heel_strap(s, stand, 2.2)
    if k % 2:
        heel_cup(s, stand, 1.5)
    if kind == "cross":
        band(s, stand, (0.14, 0.24), (0.34, 0.44), 1.0, "accent")
        band(s, stand, (0.36, 0.46), (0.12, 0.22), 1.05)
    else:
        band(s, stand, (0.15, 0.29), (0.12, 0.26), 1.0)
        f.hook_strap(s, stand.arch(0.22, 0.19, 1.06)[8:32], 0.85, "accent")
    if kind == "toe guard":
        u = np.linspace(0.0, 0.2, 30)
        rim = stand.arch(0.2, 0.18, 1.0)
        cap = path(
            stand.at(u, -1.05),
            rim[: int(np.argmax(rim[:, 1])) + 8],
            stand.at(0.04, 0.6, 0.75),
            stand.at(-0.01, 0.0, 0.45),
        )
        s.fill(cap, "sole", rounding=0.5, lift=0.06, tilt=(-0.05, 0.1))
        s.toes = ["Round Toe"]
    s.strap(near, 0.55, "upper")
    s.strap(curve(stand.at(0.72, -1)[0], stand.at(0.66, -0.95, 1.0)[0], near[6]), 0.5, "upper")
    band(s, stand, (0.48, 0.6), (0.42, 0.54), 1.08)
    f.hook_strap(s, stand.arch(0.54, 0.49, 1.14)[6:34], 0.9, "accent")
    return s
