"""Details on uppers: laces, buckles, zippers, seams, bows ...

In: a sketch and an upper (or a line on it). Out: parts added to the sketch; whatever closes the
shoe is noted in the sketch, so that the meta-data say what is drawn.
"""

from __future__ import annotations

import numpy as np

from .geometry import box, curve, disc, normals, path, ribbon, shift, smoothstep, spaced
from .sketch import Sketch
from .uppers import Upper


def laces(sketch: Sketch, stay, ridge, count=5, style="bar", hooks=0, bow=True) -> None:
    """Laces between a line of eyelets on the near side (`stay`) and the far side (`ridge`),
    both running from the toe upwards. The topmost `hooks` eyelets are metal hooks."""
    near = spaced(stay, count, 0.06, 0.95)
    far = spaced(ridge, count, 0.1, 0.98)
    for k in range(count):
        if style == "cross" and k + 1 < count:
            sketch.cord(curve(near[k + 1], far[k], n=8), "lace", 0.17)
        sketch.cord(
            curve(near[k], 0.5 * (near[k] + far[k]) + (-0.05, 0.08), far[k], n=10), "lace", 0.2
        )
    for k, place in enumerate(near):
        hook = k >= count - hooks
        sketch.fill(disc(place, 0.15 if hook else 0.13), "metal", rounding=0.12, lift=0.04)
        if not hook:
            sketch.fill(disc(place, 0.06), "hole")
    if bow:
        tie = 0.5 * (near[-1] + far[-1])
        loops = [(-0.5, 0.35), (-0.95, 0.0), (-0.55, -0.3)]
        sketch.cord(curve(tie, *(tie + p for p in loops), tie, n=24), "lace", 0.17)
        loops = [(0.4, 0.05), (0.75, -0.45), (0.35, -0.6)]
        sketch.cord(curve(tie, *(tie + p for p in loops), tie, n=24), "lace", 0.17)
        sketch.cord(curve(tie, tie + (0.05, -0.6), tie + (-0.1, -1.0), n=12), "lace", 0.15)
        sketch.fill(disc(tie, 0.16), "lace", rounding=0.14, lift=0.05)
    sketch.closes_with("Lace up")


def buckle(sketch: Sketch, place, turn=0.0, width=0.55, height=0.7, role="metal") -> None:
    """A metal frame with its prong."""
    frame = [box(place, width, height, turn)]
    sketch.fill(frame, role, rounding=0.1, lift=0.08)
    sketch.fill(box(place, 0.52 * width, 0.56 * height, turn), "hole", shade=1.0)
    sketch.cord(_segment(place, 0.45 * width, turn), role, 0.12)


def _segment(place, half, turn):
    step = np.array([np.cos(np.radians(turn)), np.sin(np.radians(turn))]) * half
    return np.array([place - step, place + step])


def buckled_strap(sketch: Sketch, line, width=0.5, role="accent", at=0.5, closes="Buckle") -> None:
    sketch.strap(line, width, role, plain=True)
    place = spaced(line, 3, at - 0.02, at + 0.02)
    step = place[2] - place[0]
    turn = float(np.degrees(np.arctan2(step[1], step[0])))
    for k in (0.12, 0.2):
        hole = spaced(line, 2, min(at + k, 0.97), 1)[0]
        sketch.fill(disc(hole, 0.06), "hole")
    buckle(sketch, place[1], turn, 0.62, 1.35 * width)
    if closes:
        sketch.closes_with(closes)


def zipper(sketch: Sketch, line, closes=True) -> None:
    """Tape, teeth and a pull at the upper end of the line."""
    sketch.strap(line, 0.34, "tape", lift=0.0, rounding=0.1)
    length = np.linalg.norm(np.diff(line, axis=0), axis=1).sum()
    sketch.cord(line, "metal", 0.13)
    side = normals(line)
    for k in range(0, len(line), max(int(len(line) * 0.28 / length), 1)):
        sketch.seam(np.array([line[k] - 0.09 * side[k], line[k] + 0.09 * side[k]]), 0.05, None)
    sketch.fill(box(line[-1] - (0, 0.35), 0.24, 0.6), "metal", rounding=0.1, lift=0.08)
    if closes:
        sketch.closes_with("Zipper")


def hook_strap(sketch: Sketch, line, width=0.75, role="accent") -> None:
    """A broad strap that sticks (hook and loop), with a stitched end."""
    sketch.strap(line, width, role, lift=0.09, plain=True)
    end = spaced(line, 12, 0.58, 0.95)
    for side in (-0.32, 0.32):
        sketch.stitch(end + side * width * normals(end), clip=None)
    sketch.closes_with("Hook and Loop")


def gore(sketch: Sketch, outline, closes=True) -> None:
    """An elastic panel."""
    sketch.fill(outline, "elastic", clip="upper", lift=0.0)
    sketch.seam(path(outline, outline[:1]), 0.1, "upper", 1.2)
    if closes:
        sketch.closes_with("Elastic Gore")


def panel(sketch: Sketch, outline, role="accent", stitched=True, lift=0.05) -> None:
    """A piece of material sewn onto the upper."""
    sketch.fill(outline, role, clip="upper", lift=lift)
    if stitched:
        closed = path(outline, outline[:1])
        inner = closed + (closed.mean(0) - closed) * 0.05
        sketch.stitch(inner, width=0.05)


def toe_cap(sketch: Sketch, upper: Upper, u=0.2, role="accent", stitched=True) -> None:
    edge = upper.line((u + 0.05, 0), (u + 0.035, 0.4), (u, 0.8), (u - 0.035, 1.05))
    front = np.array([(-2.0, edge[-1, 1] + 1), (-2.0, -1), (edge[0, 0], -1)])
    sketch.fill(path(edge, front), role, clip="upper", lift=0.05)
    if stitched:
        sketch.stitch(shift(edge, -0.14, 0))
    sketch.has_toe("Capped Toe")


def wingtip(sketch: Sketch, upper: Upper, role="accent", reach=0.5) -> None:
    """A brogue toe: a winged cap with rows of holes and a medallion."""
    edge = upper.line((reach, 0.06), (0.36, 0.36), (0.27, 0.68), (0.215, 0.93), (0.15, 1.04))
    front = np.array([(-2.0, edge[-1, 1] + 1), (-2.0, -1), (edge[0, 0], -1)])
    sketch.fill(path(edge, front), role, clip="upper", lift=0.05)
    perforate(sketch, shift(edge, -0.16, -0.08), 0.3)
    middle = upper.at(0.105, 0.8)
    for dx, dy in [(0, 0), (-0.3, -0.12), (0.3, 0.06), (0.05, -0.33), (-0.02, 0.25)]:
        sketch.fill(disc(middle + (dx, dy), 0.075), "hole", clip="upper")
    sketch.has_toe("Wingtip")


def perforate(sketch: Sketch, line, gap=0.28, radius=0.07) -> None:
    """A row of punched holes."""
    length = np.linalg.norm(np.diff(line, axis=0), axis=1).sum()
    for place in spaced(line, max(int(length / gap), 2), 0.03, 0.97):
        sketch.fill(disc(place, radius, n=12), "hole", clip="upper")


def moc_seam(sketch: Sketch, upper: Upper, end=0.46, low=0.62, plug=None) -> None:
    """The raised seam around the plug of a moccasin."""
    edge = upper.line((0.035, 0.93), (0.10, low + 0.12), (0.25, low), (end, low + 0.04))
    if plug:
        top = np.array([edge[-1] + (0.3, 3.0), edge[0] + (-0.6, 3.0)])
        sketch.fill(path(edge, top), plug, clip="upper")
    sketch.seam(edge, 0.2, strength=1.1)
    sketch.cord(shift(edge, 0, 0.06), "upper", 0.13, clip="upper")
    for place in spaced(edge, 13, 0.02, 0.98):
        sketch.seam([place + (-0.03, -0.08), place + (0.05, 0.16)], 0.08, strength=0.7)
    sketch.has_toe("Moc Toe")


def penny_strap(sketch: Sketch, upper: Upper, u=0.40, role="accent", slot=True) -> None:
    line = upper.line((u + 0.13, 0.0), (u + 0.075, 0.5), (u + 0.005, 0.93), (u - 0.02, 1.03))
    width = np.linspace(1.0, 0.85, len(line))
    sketch.strap(line, width, role, clip="upper", rounding=0.0, lift=0.07, plain=True)
    if slot:
        spot = spaced(line, 2, 0.66, 0.66)[0]
        sketch.fill(disc(spot, 0.36, 0.15, 30), "hole", clip="upper")


def tassels(sketch: Sketch, upper: Upper, u=0.39, role="accent") -> None:
    knot = upper.at(u, 0.97)
    for dx, dy in [(-0.55, -0.55), (0.1, -0.75)]:
        top = knot + (dx * 0.3, dy * 0.2)
        low = knot + (dx * 1.5, dy * 1.5)
        skirt = ribbon(np.linspace(top, low, 12), np.linspace(0.22, 0.62, 12))
        sketch.fill(skirt, role, rounding=0.2, lift=0.09)
        for s in (-0.12, 0.05, 0.2):
            sketch.seam([0.45 * top + 0.55 * low + (s * 0.6, 0), low + (s, 0)], 0.07, None, 1.1)
    sketch.fill(disc(knot + (0, -0.1), 0.28, 0.2), role, rounding=0.2, lift=0.08)


def bit(sketch: Sketch, upper: Upper, u=0.40) -> None:
    """The metal snaffle across a dress loafer."""
    line = upper.line((u + 0.05, 0.62), (u + 0.02, 0.85), (u - 0.01, 0.99))
    sketch.cord(line, "metal", 0.2)
    for place in spaced(line, 2, 0.1, 0.75):
        sketch.fill(disc(place, 0.3), "metal", rounding=0.15, lift=0.07)
        sketch.fill(disc(place, 0.15), "upper", rounding=0.0)


def bow(sketch: Sketch, place, size=0.8, role="trim", turn=-12.0) -> None:
    """A flat bow of ribbon."""
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    spin = np.array([(c, s), (-s, c)]) * size
    wing = np.array(
        [(0, 0.1), (0.55, 0.48), (1.0, 0.42), (0.92, 0.0), (1.0, -0.42), (0.55, -0.42), (0, -0.1)]
    )
    for sign in (-1, 1):
        sketch.fill(wing * (sign, 1) @ spin + place, role, rounding=0.2 * size, lift=0.08)
        crease = np.array([(0.15 * sign, 0.02), (0.6 * sign, 0.08)]) @ spin + place
        sketch.seam(crease, 0.09, None, 1.2)
    sketch.fill(disc(place, 0.2 * size, 0.24 * size), role, rounding=0.15, lift=0.06)


def rosette(sketch: Sketch, place, size=0.7, role="trim") -> None:
    """A fabric flower."""
    for ring, count in ((0.62, 6), (0.3, 4)):
        for k in range(count):
            angle = 2 * np.pi * (k + 0.3 * ring) / count
            petal = place + ring * size * np.array([np.cos(angle), np.sin(angle)])
            sketch.fill(disc(petal, 0.42 * size), role, rounding=0.22 * size, lift=0.05)
    sketch.fill(disc(place, 0.2 * size), role, rounding=0.12, lift=0.05, shade=0.8)


def fur_cuff(sketch: Sketch, line, height=0.9, role="fur", rng=None) -> None:
    """A fluffy collar along a rim."""
    rng = rng or np.random.default_rng(3)
    tufts = spaced(line, 40)
    sizes = height * rng.uniform(0.42, 0.58, 40)
    for back in (0.25, -0.15):
        outline = [
            disc(p + (0, back * height + rng.normal(0, 0.05)), r, n=14)
            for p, r in zip(tufts, sizes, strict=True)
        ]
        sketch.fill(outline, role, rounding=0.5 * height, lift=0.09)


def folds(sketch: Sketch, upper: Upper, heights, strength=0.7) -> None:
    """Soft creases across a shaft."""
    for k, y in enumerate(heights):
        a, b = upper.across(-0.05, y), upper.across(1.05, y)
        sag = (-1) ** k * 0.3
        middle = 0.5 * (a + b) + (0, -0.35)
        sketch.seam(curve(a + (0, sag), middle, b - (0, sag)), 0.3, "upper", strength)


def pull_tab(sketch: Sketch, upper: Upper, role="accent", front=False) -> None:
    top = upper.crest[-1] if front else upper.back[0]
    outline = curve(
        top + (-0.25, -0.5),
        top + (-0.2, 0.35),
        top + (0.05, 0.45),
        top + (0.16, 0.2),
        top + (0.14, -0.6),
    )
    sketch.fill(outline, role, rounding=0.15, lift=0.05)


def taper(n: int, start: float, end: float) -> np.ndarray:
    return start + (end - start) * smoothstep(np.linspace(0, 1, n))
