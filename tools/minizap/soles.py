"""Soles and heels, drawn below the feather line of a last.

In: a sketch and a last. Out: parts added to the sketch. Colour roles: "sole" (the outsole),
"midsole" (rubber sidewall, platform, cork), "heel" (a separate heel), "welt".
"""

from __future__ import annotations

import itertools

import numpy as np

from .geometry import Last, curve, path, shift, smoothstep
from .sketch import Sketch

# Heel shapes: where the top begins and the foot begins and ends (fractions of the length).
HEELS = {
    "stacked": (0.74, 0.76, 0.995),
    "block": (0.76, 0.80, 0.985),
    "chunky": (0.68, 0.72, 1.0),
    "cuban": (0.73, 0.80, 0.97),
    "flare": (0.76, 0.75, 1.03),
    "cone": (0.76, 0.875, 0.965),
    "kitten": (0.80, 0.905, 0.955),
    "stiletto": (0.81, 0.925, 0.965),
}


def wall(x, top, low, radius=0.32) -> np.ndarray:
    """The outline between two edges of a sole, its ends rounded."""
    end = np.minimum(x - x[0], x[-1] - x)
    bulge = np.sqrt(1 - np.clip(1 - end / radius, 0, 1) ** 2)
    share = 0.45 + 0.55 * bulge
    middle = 0.5 * (top + low)
    above, below = middle + share * (top - middle), middle + share * (low - middle)
    return path(np.column_stack([x, above]), np.column_stack([x, below])[::-1])


def along(start: float, stop: float, n: int = 90) -> np.ndarray:
    """Places along a sole, dense at its ends, where it is round."""
    return start + (stop - start) * (1 - np.cos(np.linspace(0, np.pi, n))) / 2


def thin_sole(sketch: Sketch, last: Last, thickness=0.25, heel="stacked", welt=True) -> None:
    """A leather sole along the foot with a heel below its rear end."""
    thickness = min(thickness, last.sole)
    out = 0.1 if welt else 0.0
    tip = {"Pointed Toe": -0.55, "Almond": -0.15, "Square Toe": -0.22}.get(last.toe, 0.0)
    size = last.reach
    if last.sole - thickness > 0.12:
        platform(sketch, last, last.sole - thickness)
    if last.heel - last.sole > 0.3:
        draw_heel(sketch, last, heel, thickness)
    x = np.linspace(tip - out, size + 0.06 + out, 70)
    high = last.feather(x) + 0.04
    top, low = np.column_stack([x, high]), np.column_stack([x, high - thickness - 0.04])
    sketch.fill(path(top, low[::-1]), "sole", rounding=0.14, tilt=(0, 0.15))
    if welt:
        band = path(top, shift(top[::-1], 0, -0.14))
        sketch.fill(band, "welt", rounding=0.1, lift=0.04, tilt=(0, 0.3))


def platform(sketch: Sketch, last: Last, height: float) -> None:
    """A raised forefoot, tapering away under the arch."""
    x = np.linspace(-0.1, 0.52 * last.reach, 50)
    top = np.column_stack([x, last.feather(x) - (last.sole - height) + 0.05])
    low = np.maximum(last.ground(x), top[:, 1] - height * 1.02 * (1 - smoothstep((x - 3.6) / 1.8)))
    outline = path(top, np.column_stack([x, low])[::-1])
    sketch.fill(outline, "midsole", rounding=0.3, tilt=(0, 0.05))


def draw_heel(sketch: Sketch, last: Last, kind: str, thickness: float) -> None:
    size = last.reach
    if kind == "wedge":
        x = np.linspace(0.2 * size, size + 0.05, 60)
        top = np.column_stack([x, last.feather(x) - thickness + 0.03])
        low = np.column_stack([x, np.minimum(last.ground(x), top[:, 1])])
        low[-4:, 0] -= 0.12
        sketch.fill(path(top, low[::-1]), "heel", rounding=0.45, tilt=(0, 0.05))
        return
    start, foot, end = (f * size for f in HEELS[kind])
    x = np.linspace(start, size + 0.06, 24)
    top = np.column_stack([x, last.feather(x) - thickness + 0.04])
    high = float(top[0, 1])
    slim = kind in ("stiletto", "kitten", "cone")
    if slim:
        front = curve(
            top[0],
            (foot - 0.12 * (1 + high / 6), 0.66 * high),
            (foot - 0.03, 0.3 * high),
            (foot, 0),
            n=24,
        )
        rear = curve(
            (end, 0), (end + 0.03, 0.35 * high), (size - 0.1, 0.78 * top[-1, 1]), top[-1], n=24
        )
    else:
        front = curve(top[0], (0.5 * (start + foot) + 0.06, 0.5 * high), (foot, 0), n=12)
        rear = curve((end, 0), (0.5 * (end + size) - 0.02, 0.5 * high), top[-1], n=12)
    sketch.fill(path(top, rear[::-1], front[::-1]), "heel", rounding=0.3 if slim else 0.55)
    tap = [(foot, 0), (end, 0), (end + 0.01, 0.13), (foot, 0.13)]
    sketch.fill(np.array(tap), "tip", rounding=0.08)


def cup_sole(sketch: Sketch, last: Last, line=True, toothed=False, rise=0.22) -> None:
    """A rubber sidewall standing straight on the ground, as on court shoes and plimsolls."""
    size = last.reach
    x = along(-0.24, size + 0.2)
    top = last.feather(x) + rise
    low = last.ground(np.maximum(x, 0)) + 0.25 * np.clip((x - size + 0.5) / 0.7, 0, 1) ** 2
    sketch.fill(
        wall(x, top, low, 0.4), "midsole", rounding=0.3, lift=0.06, name="wall", tilt=(0, 0.05)
    )
    tread = path(np.column_stack([x, low + 0.2]), np.column_stack([x, low])[::-1])
    sketch.fill(tread, "sole", clip="wall")
    if line:
        mid = np.column_stack([x, low + 0.7 * (top - low)])
        sketch.fill(path(mid, shift(mid[::-1], 0, -0.1)), "stripe", clip="wall")
    if toothed:
        for k in np.linspace(0.04, 0.97, 22):
            at = k * size
            sketch.seam([(at, last.ground(at) + 0.05), (at, last.ground(at) + 0.3)], 0.1, "wall")


def runner_sole(sketch: Sketch, last: Last, rng: np.random.Generator) -> None:
    """A sculpted foam midsole over a thin dark outsole, flared at the heel."""
    size = last.reach
    x = along(-0.2, size + 0.3)
    wave = 0.14 * np.sin(x * rng.uniform(0.7, 1.1) + rng.uniform(0, 6))
    top = last.feather(x) + 0.12 + wave
    low = last.ground(np.maximum(x, 0)) + 0.5 * np.clip((x - size + 0.9) / 1.2, 0, 1) ** 2
    sketch.fill(
        wall(x, top, low, 0.45), "midsole", rounding=0.35, lift=0.06, name="wall", tilt=(0, 0.08)
    )
    tread = path(np.column_stack([x, low + 0.26]), np.column_stack([x, low])[::-1])
    sketch.fill(tread, "sole", clip="wall", lift=0.03)
    mid = np.column_stack([x, 0.5 * (top + low) + 0.1 + wave])
    style = rng.integers(3)
    if style == 0:
        sketch.fill(
            path(mid[45:], shift(mid[45:][::-1], 0, -0.3)), "stripe", clip="wall", lift=0.03
        )
    elif style == 1:
        sketch.seam(mid[8:], 0.1, "wall", 1.3)
    else:
        for k in np.linspace(0.6, 0.93, 6):
            at = k * size
            sketch.seam([(at, low[40] + 0.3), (at + 0.35, float(last.feather(at)))], 0.12, "wall")
    nick = [0.42 * size, 0.5 * size, 0.46 * size]
    sketch.fill(np.array([(nick[0], -0.1), (nick[1], -0.1), (nick[2], 0.14)]), "tip", clip="wall")


def lug_sole(sketch: Sketch, last: Last, lugs=13, depth=0.26, heel=True, stitched=True) -> None:
    """A thick rubber sole with deep treads, and a step before the heel."""
    size = last.reach
    low, x = [], []
    edge = np.linspace(0.0, size + 0.1, 2 * lugs + 1)
    for k, (a, b) in enumerate(itertools.pairwise(edge)):
        arch = heel and 0.55 < a / size < 0.70
        drop = 0.0 if k % 2 == 0 else depth
        drop = min(0.42, 0.9 * last.sole) if arch else drop
        x += [a + 0.02, b - 0.02]
        low += [last.ground(a) + drop, last.ground(b) + drop]
    wide = np.linspace(-0.2, size + 0.22, 60)
    top = np.column_stack([wide, last.feather(wide) + 0.06])
    sketch.fill(path(top, np.column_stack([x, low])[::-1]), "sole", rounding=0.22, tilt=(0, 0.1))
    band = path(top, shift(top[::-1], 0, -0.24))
    sketch.fill(band, "welt", rounding=0.12, lift=0.05, name="band", tilt=(0, 0.3))
    if stitched:
        sketch.stitch(shift(top, 0, -0.1), "thread", "band", gap=0.2)


def slab_sole(sketch: Sketch, last: Last, role="midsole", overhang=0.1, tread=True) -> None:
    """A plain solid sole, as on crepe soles, clogs and slippers."""
    size = last.reach
    x = along(-overhang - 0.05, size + 0.1 + overhang)
    top = last.feather(x) + 0.06
    low = last.ground(np.maximum(x, 0))
    sketch.fill(wall(x, top, low), role, rounding=0.28, lift=0.05, name="wall", tilt=(0, 0.08))
    if tread:
        thin = path(np.column_stack([x, low + 0.2]), np.column_stack([x, low])[::-1])
        sketch.fill(thin, "sole", clip="wall")
