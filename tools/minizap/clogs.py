"""Clogs and mules: shoes that cover the front of the foot only.

`clog` takes a random generator and a variant number, and gives a `Sketch`; `backless` and
`draw_backless` serve the slippers, too.
"""

from __future__ import annotations

import numpy as np

from . import features as f
from .geometry import Last, curve, path, shift
from .sketch import Sketch
from .soles import slab_sole, thin_sole
from .uppers import Upper

Rng = np.random.Generator


def backless(last: Last, throat: tuple, end: float, volume=1.0, gape=0.75) -> Upper:
    """An upper that covers the front only and comes down to the sole at fraction `end`."""
    size = last.reach

    def place(u, h):
        return (u * size, float(last.feather(u * size)) + h)

    rising = [p for p in last.toe_points(volume) if p[0] < (throat[0] - 0.06) * size]
    if throat[0] > 0.42:
        rising.append(place(0.31, (0.45 + 0.55 * throat[1]) * volume**0.5))
    crest = curve(*rising, place(*throat), n=70)
    middle = 0.5 * (throat[0] + end) + 0.03
    topline = curve(
        place(*throat),
        place(throat[0] + 0.05, 0.84 * throat[1]),
        place(middle, 0.5 * throat[1]),
        place(end, 0.1),
    )
    rise = np.sin(np.linspace(0, np.pi, len(topline)))
    far = topline + np.column_stack([0.25 * rise, gape * rise])
    return Upper(last, crest, topline, far, curve(topline[-1], place(end, 0), n=6))


def draw_backless(s: Sketch, upper: Upper, heel_rim=0.0, rounding=1.5) -> None:
    """Foot-bed, far side, near side; optionally a low rim behind the heel."""
    last = upper.last
    size = last.reach
    end = upper.back[-1, 0] / size
    x = np.linspace(upper.crest[-1, 0], size + 0.05, 50)
    near = np.column_stack([x, last.feather(x)])
    swell = np.sqrt(np.clip(1 - ((x - x[0]) / (x[-1] - x[0])) ** 6, 0, 1))
    far = near + np.column_stack([0 * x, 0.85 * swell])
    if heel_rim:
        back = curve(
            far[20] + (0, 0.1),
            far[38] + (0.0, 0.5 * heel_rim),
            far[-6] + (0.1, heel_rim),
            near[-1] + (0.1, 0.4),
            near[-1],
        )
        s.fill(path(back, near[20:][::-1]), "upper", rounding=0.5, shade=0.85)
    s.fill(path(near - (0, 0.05), far[::-1]), "bed", rounding=0.35, tilt=(0.0, 0.35))
    s.fill(path(upper.topline, upper.far_rim[::-1]), "lining", rounding=0.4, shade=0.7)
    sole = last.feather_line(0.02, end)[::-1]
    outline = path(upper.crest, upper.topline, upper.back, sole)
    form = path(outline[: -len(sole)], shift(sole, 0, -1.6))
    s.fill(outline, "upper", rounding=rounding, form=form, name="upper", tilt=(0, 0.12))
    if heel_rim:
        low = curve(
            near[24],
            near[36] + (0, 0.35 * heel_rim),
            near[-4] + (0.1, heel_rim * 0.85),
            near[-1] + (0.15, 0.3),
            near[-1],
        )
        s.fill(path(low, near[24:][::-1]), "upper", rounding=0.4, lift=0.04)
    s.has_toe(last.toe)


def clog(rng: Rng, k: int) -> Sketch:
    kind = (
        "wood",
        "cork",
        "rubber",
        "mule",
        "wood",
        "heeled mule",
        "suede",
        "mule",
        "rubber",
        "wood",
        "cork",
        "heeled mule",
    )[k % 12]
    heel = {"wood": 2.1, "cork": 1.1, "rubber": 1.2, "mule": 0.8, "heeled mule": 2.9, "suede": 1.3}
    deep = {"wood": 1.0, "cork": 0.75, "rubber": 0.8, "suede": 0.7}.get(kind, 0.3)
    toe = ("Almond", "Pointed Toe")[k % 2] if "mule" in kind else "Round Toe"
    last = Last(heel=heel[kind] + rng.uniform(-0.15, 0.3), sole=deep, toe=toe, spring=0.2)
    s = Sketch(
        heel=last.heel,
        colours="casual",
        soles=("dark", "tan", "natural"),
        squeeze=0.85,
        genders=(("Women",), ("Men", "Women"), ("Women",))[k % 3],
    )
    s.finish["upper"] = {"rubber": "foam", "suede": "suede"}.get(
        kind, ("leather", "suede", "patent", "nubuck", "leather")[k % 5]
    )
    s.finish["accent"] = s.finish["trim"] = s.finish["upper"]
    s.insole = ("Leather", "Padded", "Orthotic Friendly", "")[k % 4]
    if kind == "mule" or k == 4:
        s.pattern["upper"] = ("floral", "leopard", "dots")[k % 3]
    roomy = "mule" not in kind
    throat = (rng.uniform(0.44, 0.49), rng.uniform(2.7, 3.0) if roomy else 2.3)
    upper = backless(last, throat, rng.uniform(0.62, 0.7), 1.25 if roomy else 1.0)
    rim = 1.1 if kind in ("suede", "rubber") else 0.0
    draw_backless(s, upper, rim)
    if kind == "rubber":
        for u, h in [
            (0.1, 0.66),
            (0.17, 0.72),
            (0.24, 0.74),
            (0.14, 0.42),
            (0.21, 0.45),
            (0.29, 0.5),
            (0.32, 0.75),
        ]:
            s.fill(f.disc(upper.at(u, h), 0.17), "hole", clip="upper")
        strap = curve(
            upper.topline[30], upper.topline[30] + (1.6, 0.75), (last.reach + 0.25, last.heel + 1.6)
        )
        s.strap(strap, 0.5, "accent")
        s.fill(f.disc(upper.topline[30] + (0.05, 0.0), 0.24), "trim", rounding=0.2, lift=0.06)
        s.closes_with("Sling Back")
    elif kind == "cork":
        line = upper.line((0.55, 0.15), (0.43, 0.7), (0.35, 1.02))
        f.buckled_strap(s, line, 0.7, "upper", 0.45)
    elif kind == "mule":
        f.moc_seam(s, upper, 0.44, 0.62)
        (f.bit if k % 2 else f.penny_strap)(s, upper, 0.38)
    elif kind == "heeled mule":
        f.bow(s, upper.at(0.4, 0.95), 0.8) if k % 2 else f.toe_cap(s, upper, 0.16)
    elif kind == "suede":
        f.moc_seam(s, upper, 0.4, 0.6)
    else:
        s.seam(upper.line((0.36, 0.02), (0.3, 0.5), (0.3, 1.0)), 0.12)
    s.edge_stitch(upper.topline, -0.22)
    if kind == "wood":
        s.finish["midsole"] = s.finish["heel"] = "wood"
        band = upper.last.feather_line(0.02, upper.back[-1, 0] / last.reach)
        thick_clog_sole(s, last)
        for place in f.spaced(shift(band, 0, 0.16), 13):
            s.fill(f.disc(place, 0.1), "metal", rounding=0.08, lift=0.04)
    elif kind == "heeled mule":
        thin_sole(s, last, 0.2, ("block", "cone")[k % 2], welt=False)
    elif kind == "mule":
        thin_sole(s, last, 0.25, "stacked", welt=False)
    else:
        s.finish["midsole"] = {"cork": "cork", "rubber": "foam"}.get(kind, "rubber")
        slab_sole(s, last, "upper" if kind == "rubber" else "midsole")
    s.closes_with("Slip-On")
    return s


def thick_clog_sole(s: Sketch, last: Last) -> None:
    """A carved wooden sole: platform, arch and heel in one piece."""
    size = last.reach
    top = shift(last.feather_line(-0.015, 1.015, 80), 0, 0.05)
    low = curve(
        (-0.15, last.sole + 0.1),
        (0.1, 0.25),
        (1.6, 0.04),
        (0.36 * size, 0.0),
        (0.44 * size, 0.16),
        (0.56 * size, 0.75),
        (0.66 * size, 0.7),
        (0.71 * size, 0.1),
        (0.76 * size, 0.0),
        (0.97 * size, 0.0),
        (size + 0.1, last.heel),
    )
    s.fill(path(top, low[::-1]), "midsole", rounding=0.5, lift=0.04, name="wall")
    for a, b in ((0.0, 0.4), (0.72, 1.0)):
        s.fill(
            np.array([(a * size, -0.1), (b * size, -0.1), (b * size, 0.16), (a * size, 0.16)]),
            "tip",
            clip="wall",
        )
