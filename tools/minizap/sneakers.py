"""Sneakers: runners, court shoes, canvas plimsolls, high tops, slip-ons.

Each function takes a random generator and a variant number, and gives a `Sketch`.
"""

from __future__ import annotations

import numpy as np

from . import features as f
from .boots import counter as heel_counter
from .boots import shaft_laces
from .geometry import Last, path, shift
from .lacing import lacing, tongue
from .sketch import Sketch
from .soles import cup_sole, runner_sole
from .uppers import Upper, boot_upper, draw_binding, draw_upper, low_upper

Rng = np.random.Generator


def sneaker(rng: Rng, k: int) -> Sketch:
    kind = ("runner", "court", "canvas", "slip", "runner", "hightop", "strap", "trainer")[k % 8]
    return {"runner": runner, "trainer": runner, "slip": slip_sneaker}.get(kind, court)(
        rng, k, kind
    )


def _stripes(s: Sketch, upper: Upper, rng: Rng, k: int) -> None:
    """Invented side markings: bars, a sweep, or a chevron."""
    style = k % 4
    if style == 0:
        for u in (0.46, 0.535, 0.61):
            bar = path(
                upper.line((u, 0.92), (u + 0.06, 0.0)),
                upper.line((u + 0.1, 0.0), (u + 0.035, 0.92)),
            )
            f.panel(s, bar, "stripe", stitched=False, lift=0.04)
    elif style == 1:
        sweep = path(
            upper.line((0.36, 0.25), (0.55, 0.2), (0.75, 0.45), (0.95, 0.8)),
            upper.line((0.95, 0.6), (0.75, 0.2), (0.55, 0.02), (0.36, 0.18)),
        )
        f.panel(s, sweep, "stripe", stitched=False, lift=0.04)
    elif style == 2:
        for u in (0.5, 0.6):
            chevron = upper.line((u - 0.04, 0.85), (u + 0.07, 0.45), (u + 0.01, 0.02))
            s.strap(chevron, 0.36, "stripe", clip="upper", rounding=0, lift=0.04)
    else:
        f.panel(s, f.disc(upper.at(0.6, 0.4), 0.62), "stripe", lift=0.04)


def runner(rng: Rng, k: int, kind: str) -> Sketch:
    last = Last(
        heel=rng.uniform(1.15, 1.5),
        sole=rng.uniform(0.7, 0.85),
        toe="Round Toe",
        spring=0.42,
        length=rng.uniform(10.4, 11.2),
    )
    s = Sketch(
        heel=last.heel,
        colours="sport",
        soles=("dark", "gum", "bright"),
        genders=(("Men",), ("Women",), ("Boys", "Girls"))[k % 3],
    )
    s.finish["upper"] = "mesh" if kind == "runner" else "knit"
    s.finish["accent"], s.finish["trim"], s.finish["midsole"] = "synthetic", "synthetic", "foam"
    s.insole = ("Removable", "Orthotic Friendly", "Memory Foam", "Padded")[k % 4]
    upper = low_upper(last, (rng.uniform(0.5, 0.54), 3.1), (0.76, 2.15), rng.uniform(2.8, 3.1))
    tongue(s, upper, 0.75, "trim")
    draw_upper(s, upper)
    guard = path(upper.line((0.3, 0.0), (0.22, 0.35), (0.1, 0.62), (-0.02, 0.75)), (-2, 0))
    f.panel(s, guard, "accent", stitched=False)
    counter = upper.line((0.68, 0), (0.72, 0.5), (0.84, 0.72), (1.03, 0.95))
    f.panel(s, path(counter, (12.5, 0)), "accent", stitched=False)
    s.stitch(shift(counter, 0.14, -0.05))
    saddle = path(
        upper.line((0.43, 0.0), (0.4, 0.5), (0.42, 1)), upper.line((0.56, 0.8), (0.56, 0))
    )
    if k % 2:
        f.panel(s, saddle, "trim")
    _stripes(s, upper, rng, k // 2)
    lacing(s, upper, 0.3, 0.62, int(rng.integers(5, 7)), "accent", style="cross", bow=k % 2 == 0)
    heel = path(upper.line((0.93, 0.35), (0.94, 1.0)), (12, 6), (12, 0.5))
    f.panel(s, heel, "trim", stitched=False)
    draw_binding(s, upper, "trim", 0.28)
    runner_sole(s, last, rng)
    return s


def court(rng: Rng, k: int, kind: str) -> Sketch:
    """Flat-soled sneakers: court shoes, canvas plimsolls, high tops, strapped ones."""
    high = kind == "hightop"
    last = Last(
        heel=rng.uniform(0.75, 1.05),
        sole=rng.uniform(0.6, 0.7),
        toe="Round Toe",
        spring=0.2,
        length=rng.uniform(10.2, 11.0),
    )
    s = Sketch(
        heel=last.heel,
        colours="sport",
        soles=("gum", "white", "dark"),
        genders=(("Men",), ("Women",), ("Boys", "Girls"), ("Men", "Women"))[k % 4],
    )
    canvas = kind == "canvas" or (high and k % 2)
    s.finish["upper"] = "canvas" if canvas else ("leather", "suede", "synthetic")[k % 3]
    s.finish["accent"] = "canvas" if canvas else "leather"
    s.finish["midsole"] = "rubber"
    s.insole = ("Padded", "", "Memory Foam")[k % 3]
    if canvas and k % 3 == 1:
        s.pattern["upper"] = ("tartan", "dots", "camo")[k % 3 if k < 9 else 2]
    if high:
        upper = boot_upper(last, rng.uniform(3.7, 4.4), top=4.3, slope=0.7, gape=0.5)
    else:
        upper = low_upper(last, (0.5, 2.9), (0.76, 1.95), 2.5)
    tongue(s, upper, 0.7, "tongue")
    draw_upper(s, upper)
    if not canvas:
        f.toe_cap(s, upper, 0.24, "accent" if k % 2 else "upper")
        s.toes.pop()
        f.perforate(s, upper.line((0.09, 0.92), (0.16, 0.8), (0.22, 0.72)), 0.3)
    if high:
        heel_counter(s, upper, "accent", 2.2)
    else:
        counter = upper.line((0.82, 0), (0.82, 0.5), (0.88, 0.8), (1.03, 0.9))
        f.panel(s, path(counter, (12.5, 0)), "accent", stitched=False)
    quarter = upper.line((0.56, 0), (0.46, 0.35), (0.36, 0.6), (0.3, 0.8))
    s.seam(quarter, 0.09)
    s.stitch(shift(quarter, 0.13, 0.05))
    if not canvas:
        _stripes(s, upper, rng, k)
    if kind == "strap":
        s.toes = s.toes[:1]
        for base in (0.36, 0.47):
            line = upper.line((base + 0.17, 0.22), (base + 0.09, 0.66), (base - 0.01, 1.0))
            f.hook_strap(s, line, 0.9, "trim")
    elif high:
        shaft_laces(s, upper, 7, 0, "bar")
    else:
        lacing(
            s,
            upper,
            0.31,
            0.7,
            int(rng.integers(5, 7)),
            None if canvas else "accent",
            style="bar" if k % 2 else "cross",
        )
    if canvas:
        f.toe_cap(s, upper, 0.15, "midsole", stitched=False)
    if canvas and high:
        f.panel(s, f.disc(upper.across(0.62, last.heel + 2.9), 0.62), "trim")
    draw_binding(s, upper, "trim" if k % 2 else "accent", 0.2)
    cup_sole(s, last, line=k % 2 == 0)
    return s


def slip_sneaker(rng: Rng, k: int, kind: str) -> Sketch:
    last = Last(heel=0.85, sole=0.6, spring=0.2, length=rng.uniform(10.2, 10.8))
    s = Sketch(
        heel=last.heel,
        colours="sport",
        soles=("gum", "white"),
        genders=("Men", "Women") if k % 2 else ("Boys",),
    )
    s.finish["upper"], s.finish["midsole"] = "canvas", "rubber"
    s.insole = "Padded"
    s.pattern["upper"] = ("gingham", "leopard", "floral")[(k // 8) % 3]
    upper = low_upper(last, (0.45, 2.45), (0.7, 1.85), 2.3, gape=0.6)
    draw_upper(s, upper)
    wedge = path(upper.line((0.47, 1.2), (0.44, 0.45)), upper.line((0.53, 0.42), (0.6, 1.2)))
    f.gore(s, wedge)
    s.seam(upper.line((0.48, 0), (0.42, 0.5), (0.4, 1)), 0.08)
    draw_binding(s, upper, "accent", 0.28)
    cup_sole(s, last, line=True)
    s.closes_with("Slip-On")
    return s
