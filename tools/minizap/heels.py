"""Pumps and their kin, and ballet flats: shoes with a wide opening.

Each function takes a random generator and a variant number, and gives a `Sketch`.
"""

from __future__ import annotations

import numpy as np

from . import features as f
from .boots import counter
from .geometry import Last, curve, disc, path, shift
from .lacing import lacing
from .sketch import Sketch
from .soles import thin_sole
from .uppers import Upper, low_upper

Rng = np.random.Generator


def foot_bed(s: Sketch, upper: Upper) -> None:
    """The insole, seen through the opening."""
    line = 0.55 * upper.topline + 0.45 * upper.far_rim
    s.fill(
        path(line[4:-3], upper.topline[4:-3][::-1] - (0, 0.2)),
        "bed",
        rounding=0.3,
        shade=0.85,
        tilt=(0.0, 0.3),
    )


def open_upper(s: Sketch, upper: Upper, rounding=1.2) -> None:
    """Like `draw_upper`, with the insole between the far side and the near side."""
    rim = path(upper.far_rim, shift(upper.topline[::-1], 0, -0.25))
    s.fill(rim, "lining", rounding=0.4, shade=0.7, tilt=(0.1, -0.2))
    foot_bed(s, upper)
    s.fill(upper.outline, "upper", rounding=rounding, form=upper.form, name="upper", tilt=(0, 0.12))
    s.has_toe(upper.last.toe)


def peep(s: Sketch, upper: Upper) -> None:
    """An opening at the toe tip."""
    s.fill(disc(upper.at(0.015, 0.5), 0.42, 0.36, 20), "hole", clip="upper")
    s.fill(disc(upper.at(0.03, 0.28), 0.42, 0.2, 0), "bed", clip="upper")
    s.toes = ["Peep Toe"]


def ankle_strap(s: Sketch, upper: Upper, height=2.6, closes="Ankle Strap") -> None:
    """A thin strap around the ankle: its far half, then its near half with a buckle."""
    seat, size = upper.last.heel, upper.last.reach
    centre, rx, ry = np.array([size - 1.6, seat + height]), 1.7, 0.4
    t = np.linspace(0, np.pi, 30)
    far = centre + np.column_stack([rx * np.cos(t), ry * np.sin(t)])
    near = centre + np.column_stack([-rx * np.cos(t), -ry * np.sin(t)])
    s.strap(far, 0.3, "upper", shade=0.7)
    s.parts.insert(0, s.parts.pop())
    carrier = curve(upper.back[0] + (-0.25, -0.2), centre + (rx - 0.1, -0.25), n=12)
    s.strap(carrier, 0.5, "upper")
    f.buckled_strap(s, near, 0.34, "upper", 0.62, closes)


def heel_shoe(rng: Rng, k: int) -> Sketch:
    """Pumps and their kin: sling backs, Mary Janes, T-straps, D'Orsays, peep toes."""
    kind = (
        "pump",
        "platform",
        "mary jane",
        "pump",
        "sling",
        "peep",
        "t-strap",
        "lace",
        "ankle",
        "bow",
        "pump",
        "wedge",
        "ankle",
    )[k % 13]
    heel_kind = ("stiletto", "cone", "block", "kitten", "stiletto", "flare")[k % 6]
    heel = {"kitten": 1.9, "flare": 2.4, "block": 2.9, "cone": 3.4}.get(heel_kind, 3.9)
    if kind == "wedge":
        heel_kind, heel = "wedge", 3.2
    deep = 1.1 if kind in ("platform", "peep") else 0.3
    last = Last(
        heel=heel + rng.uniform(-0.2, 0.5) + deep - 0.3,
        sole=deep,
        spring=0.12,
        length=9.7,
        toe=("Pointed Toe", "Almond", "Round Toe")[k % 3],
    )
    s = Sketch(heel=last.heel, colours="pastel", soles=("dark", "natural"), squeeze=0.88)
    s.finish["upper"] = ("patent", "suede", "leather", "satin", "leather", "metallic")[k % 6]
    s.finish["accent"] = s.finish["trim"] = s.finish["midsole"] = s.finish["upper"]
    s.finish["heel"] = ("covered", "stacked")[heel_kind in ("block", "wedge", "flare")]
    s.finish["heel"] = s.finish["heel"] if s.finish["heel"] == "stacked" else s.finish["upper"]
    s.insole = ("Padded", "Leather", "", "Memory Foam")[k % 4]
    if k % 5 == 4:
        s.pattern["upper"] = ("leopard", "dots", "floral")[(k // 5) % 3]
    closed = kind == "lace"
    throat = (0.5, 2.9) if closed else (rng.uniform(0.25, 0.3), rng.uniform(1.35, 1.6))
    upper = low_upper(
        last,
        throat,
        (0.66 if closed else 0.56, 1.7 if closed else 1.15),
        rng.uniform(2.1, 2.4),
        volume=0.92,
        gape=0.45,
        scoop=0.85,
    )
    sling = kind == "sling"
    if sling:
        cut = upper.topline[:, 0] < 0.56 * last.reach
        heel_end = upper.topline[-1]
        near, far = upper.topline[cut], upper.far_rim[cut]
        band = curve(far[-1], 0.5 * (far[-1] + heel_end) + (0, -0.05), heel_end + (0.1, 0))
        s.strap(band, 0.3, "upper", shade=0.75)
        upper.topline, upper.far_rim = near, far
        end = (0.6 * last.reach, float(last.feather(0.6 * last.reach)))
        upper.back = curve(near[-1], end, n=10)
        bed = last.feather_line(0.5, 1.0)
        s.fill(path(bed, shift(bed[::-1], -0.1, 0.4)), "bed", rounding=0.3, tilt=(0, 0.3))
        sole = last.feather_line(0.02, 0.6)[::-1]
        outline = path(upper.crest, upper.topline, upper.back, sole)
        s.fill(path(far, near[::-1]), "lining", rounding=0.4, shade=0.7)
        s.fill(
            outline,
            "upper",
            rounding=1.2,
            form=path(outline, shift(sole, 0, -1.2)),
            name="upper",
            tilt=(0, 0.12),
        )
        s.has_toe(last.toe)
        strap = curve(
            near[-1] + (-0.1, -0.15), 0.5 * (near[-1] + heel_end) + (0, -0.35), heel_end + (0.1, 0)
        )
        f.buckled_strap(s, strap, 0.3, "upper", 0.35, "Sling Back")
    else:
        open_upper(s, upper)
    if kind == "peep":
        peep(s, upper)
    if kind == "mary jane":
        line = curve(
            upper.at(0.5, 0.92), upper.at(0.46, 1.0) + (0, 0.7), upper.at(0.42, 1) + (0, 1.1)
        )
        f.buckled_strap(s, line, 0.42, "upper", 0.3)
    if kind in ("ankle", "t-strap"):
        ankle_strap(s, upper, 3.0 if kind == "ankle" else 2.7)
    if kind == "t-strap":
        top = (last.reach - 3.1, last.heel + 2.6)
        s.strap(
            curve(upper.crest[-1] + (-0.1, -0.1), 0.5 * (upper.crest[-1] + top) + (-0.1, 0.2), top),
            0.36,
        )
        s.closes_with("T-Strap")
    if kind == "lace":
        f.toe_cap(s, upper, 0.2)
        counter(s, upper, "accent", 1.6)
        lacing(s, upper, 0.3, count=4)
    if kind == "bow":
        f.bow(s, upper.crest[-1] + (-0.5, -0.1), 0.85)
    if k % 4 == 3 and not closed:
        f.toe_cap(s, upper, 0.12)
    s.cord(shift(upper.topline, 0, -0.04), "upper", 0.12)
    thin_sole(s, last, 0.16, heel_kind, welt=False)
    if not s.closures:
        s.closes_with("Slip-On")
    return s


def flat(rng: Rng, k: int) -> Sketch:
    kind = (
        "bow",
        "plain",
        "mary jane",
        "cap",
        "ankle",
        "rosette",
        "elastic",
        "strap",
        "d'orsay",
        "buckle",
        "plain",
        "bow",
        "gather",
    )[k % 13]
    last = Last(
        heel=rng.uniform(0.4, 0.8),
        sole=0.25,
        spring=0.1,
        length=9.6,
        toe=("Round Toe", "Almond", "Pointed Toe")[(k // 2) % 3],
    )
    s = Sketch(heel=last.heel, colours="pastel", soles=("dark", "natural", "tan"))
    s.finish["upper"] = ("leather", "patent", "suede", "canvas", "metallic", "satin")[k % 6]
    s.finish["accent"] = ("patent", "leather")[k % 2]
    s.finish["trim"], s.finish["heel"] = ("satin", "leather")[k % 2], "stacked"
    s.insole = ("Padded", "Memory Foam", "Leather", "", "Orthotic Friendly")[k % 5]
    if k % 4 == 2:
        s.pattern["upper"] = ("dots", "leopard", "floral", "stripes")[(k // 4) % 4]
    upper = low_upper(
        last,
        (rng.uniform(0.23, 0.3), rng.uniform(1.3, 1.55)),
        (0.52, 1.2),
        rng.uniform(1.9, 2.15),
        volume=0.92,
        gape=0.85,
        scoop=0.85,
    )
    open_upper(s, upper)
    place = upper.crest[-1] + (-0.55, -0.2)
    if kind == "bow":
        f.bow(s, place, 0.85)
    elif kind == "rosette":
        f.rosette(s, place + (-0.1, -0.1), 0.62)
    elif kind == "buckle":
        f.buckle(s, place + (-0.1, -0.1), -25, 0.9, 0.7)
    elif kind == "cap":
        f.toe_cap(s, upper, 0.15, "accent", stitched=False)
    elif kind in ("mary jane", "strap"):
        for u in (0.44, 0.54)[: 1 + (kind == "strap")]:
            line = curve(
                upper.at(u + 0.05, 0.85),
                upper.at(u + 0.01, 1.0) + (0, 0.55),
                upper.at(u - 0.03, 1) + (0, 0.95),
            )
            if kind == "strap":
                f.hook_strap(s, line, 0.6, "upper")
            else:
                f.buckled_strap(s, line, 0.42, "upper", 0.3)
    elif kind == "ankle":
        ankle_strap(s, upper, 2.4)
    elif kind == "gather":
        for at in np.linspace(0.55, 0.95, 6):
            top = f.spaced(upper.crest, 2, at, at)[0]
            s.seam(curve(top, top + (0.2, -0.6)), 0.1)
    elif kind == "elastic":
        f.gore(s, path(upper.topline[8:36], shift(upper.topline[8:36][::-1], 0, -0.3)))
    s.cord(shift(upper.topline, 0, -0.04), "accent" if k % 3 == 1 else "upper", 0.16)
    s.seam(curve(upper.at(0.5, 0.0), upper.at(0.52, 1.0)), 0.06)
    thin_sole(s, last, 0.2, "stacked", welt=False)
    if not s.closures:
        s.closes_with("Slip-On")
    return s
