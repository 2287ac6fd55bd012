"""What sandals are built from, seen a little from above: a sole in space, and straps over it.

In: a `Last` (and a `Camera`). Out: `Stand`, which knows places on the foot-bed and on the foot
above it; functions that add bases and straps to a sketch.
"""

from __future__ import annotations

import numpy as np

from . import features as f
from .geometry import Camera, Curve, Last, curve, path, smoothstep
from .sketch import Sketch
from .soles import HEELS

CAMERA = Camera(yaw=16, pitch=21)

# Half the width of the foot along its length, and its height above the foot-bed.
WIDTH = (
    [0.0, 0.03, 0.1, 0.22, 0.34, 0.5, 0.65, 0.82, 0.93, 0.98, 1.0],
    [0.0, 0.85, 1.35, 1.66, 1.7, 1.42, 1.22, 1.24, 1.02, 0.62, 0.0],
)
INSTEP = ([0.0, 0.1, 0.3, 0.5, 0.62, 1.0], [0.6, 0.95, 1.6, 2.5, 3.4, 3.6])


class Stand:
    """The sole and its foot-bed, with places on it and on the foot above it."""

    def __init__(self, last: Last, camera: Camera = CAMERA):
        self.last, self.camera = last, camera

    def half_width(self, u):
        return np.interp(u, *WIDTH)

    def bed(self, u):
        return self.last.feather(np.asarray(u) * self.last.reach)

    def at(self, u, z, height=0.0) -> Curve:
        """Points at fraction u of the length; z from -1 (near edge) to 1 (far edge)."""
        u, z, height = (np.atleast_1d(np.asarray(v, float)) for v in (u, z, height))
        return self.camera.project(
            u * self.last.reach, self.bed(u) + height, z * self.half_width(np.clip(u, 0, 1))
        )

    def rim(self, drop=0.0, grow=1.0) -> Curve:
        """The outline of the foot-bed, or of the same shape `drop` inches below it."""
        u = (1 - np.cos(np.linspace(0, np.pi, 70))) / 2
        depth = drop(u) if callable(drop) else drop
        edges = [
            self.camera.project(
                u * self.last.reach, self.bed(u) - depth, side * grow * self.half_width(u)
            )
            for side in (-1, 1)
        ]
        return path(edges[0], edges[1][::-1])

    def layer(self, top, bottom, steps=14) -> list[Curve]:
        """A slab between two depths below the foot-bed, as a pile of thin outlines."""

        def between(t):
            return lambda u: (1 - t) * top(u) + t * bottom(u)

        return [self.rim(between(t), 1.02) for t in np.linspace(0, 1, steps)]

    def arch(self, u_near, u_far, loft=1.0, swell=0.0) -> Curve:
        """A line from the near edge over the foot to the far edge."""
        t = np.linspace(0, 1, 60)
        u = u_near + (u_far - u_near) * t + swell * np.sin(np.pi * t)
        height = loft * np.interp(u, *INSTEP) * np.sin(np.pi * t) ** 0.75
        return self.at(u, -1.02 * np.cos(np.pi * t), height)

    def ring(self, height: float, u=0.84, rx=1.6, rz=1.2) -> tuple[Curve, Curve]:
        """A ring around the ankle: its far and its near half."""
        t = np.linspace(0, np.pi, 40)
        base = float(self.bed(0.9)) + height
        halves = []
        for sign in (1, -1):
            x = u * self.last.reach - rx * np.cos(t)
            halves.append(self.camera.project(x, base + 0.25 * np.cos(t), sign * rz * np.sin(t)))
        return halves[0], halves[1]


def band(s: Sketch, stand: Stand, near, far, loft=1.0, role="upper", lift=0.07) -> None:
    """A wide band over the foot: `near` and `far` give its front and back ends at either edge."""
    front = stand.arch(near[0], far[0], loft)
    back = stand.arch(near[1], far[1], loft)
    # The part beyond the highest point shows its inside.
    turn_f, turn_b = (int(np.argmax(line[:, 1])) for line in (front, back))
    inside = path(front[turn_f:], back[turn_b:][::-1])
    s.parts.insert(_behind(s), _fill(s, inside, "lining", rounding=0.3, shade=0.72))
    outside = path(front[: turn_f + 3], back[: turn_b + 3][::-1])
    s.fill(outside, role, rounding=0.55, lift=lift, tilt=(-0.05, 0.1))
    for line, way in ((front, 1), (back, -1)):
        place = line[3:turn_f] + (0.13 * way, 0)
        if abs(near[1] - near[0]) > 0.09:
            s.stitch(place, clip=None, width=0.05)


def _fill(s: Sketch, *args, **kwargs):
    s.fill(*args, **kwargs)
    return s.parts.pop()


def _behind(s: Sketch) -> int:
    """Where in the list the foot-bed has been painted: far parts go right after it."""
    for k, part in enumerate(s.parts):
        if getattr(part, "name", None) == "bed":
            return k + 1
    return len(s.parts)


def thin_strap(s: Sketch, line: Curve, width=0.36, role="upper") -> None:
    """A narrow strap along a line over the foot, its far end behind the near one."""
    turn = int(np.argmax(line[:, 1]))
    if 2 < turn < len(line) - 3:
        s.strap(line[turn:], 0.85 * width, role, shade=0.72)
        s.parts.insert(_behind(s), s.parts.pop())
        s.strap(line[: turn + 2], width, role)
    else:
        s.strap(line, width, role)


def flat_base(s: Sketch, stand: Stand, bed_role="bed", layers=("sole",), edge=0.0) -> None:
    """A sole down to the ground, in one or two layers, and the foot-bed on it."""
    last = stand.last

    def down(u):
        return stand.bed(u) - last.ground(u * last.reach)

    def share(f):
        return lambda u: f * down(u)

    cuts = np.linspace(0, 1, len(layers) + 1) if len(layers) != 2 else (0, 0.72, 1)
    for k in range(len(layers) - 1, -1, -1):
        s.fill(
            stand.layer(share(cuts[k]), share(cuts[k + 1])),
            layers[k],
            rounding=0.25,
            tilt=(0, 0.02),
        )
    s.fill(stand.rim(0, 1.02), layers[0], rounding=0.15, tilt=(0, 0.4))
    s.fill(
        stand.rim(-0.03, 0.95 - edge), bed_role, rounding=0.3, tilt=(0, 0.45), name="bed", lift=0.03
    )


def heel_base(s: Sketch, stand: Stand, kind: str, thickness=0.22) -> None:
    """A thin sole with a separate heel (or a wedge), and a platform if the last has one."""
    last, size = stand.last, stand.last.reach
    low = max(thickness, last.sole)

    def slim(u):
        return np.interp(u, [0, 0.4, 0.55, 1], [low, low, thickness, thickness])

    if kind == "wedge":

        def down(u):
            return np.maximum(stand.bed(u) - last.ground(u * size), thickness)

        s.fill(stand.layer(lambda u: 0 * u, down, 40), "heel", rounding=0.5, tilt=(0, 0.03))
    else:
        start, foot, end = HEELS[kind]
        outlines = []
        for t in np.linspace(0, 1, 48):
            drop = 1 - t
            shrink = np.array([t**0.6, t**0.8, t])[
                {"stiletto": 0, "kitten": 0, "cone": 1}.get(kind, 2)
            ]
            front = start + (foot - start) * shrink
            rear = 1.0 + (end - 1.0) * shrink
            u = (1 - np.cos(np.linspace(0, np.pi, 24))) / 2
            x = (front + (rear - front) * u) * size
            top = last.feather(x) - thickness
            wide = 1.15 * (1 - shrink) + shrink * min(0.55 * (end - foot) * size, 1.0)
            z = wide * np.sqrt(np.clip(1 - (2 * u - 1) ** 2, 0, 1))
            sides = [stand.camera.project(x, top * drop, way * z) for way in (-1, 1)]
            outlines.append(path(sides[0], sides[1][::-1]))
        s.fill(outlines, "heel", rounding=0.35)
        s.fill(
            stand.layer(lambda u: 0 * u, slim, 16),
            "midsole" if last.sole > 0.5 else "sole",
            rounding=0.25,
            tilt=(0, 0.05),
        )
    s.fill(stand.rim(-0.02, 0.97), "bed", rounding=0.3, tilt=(0, 0.4), name="bed", lift=0.03)


def heel_cup(s: Sketch, stand: Stand, height=1.7, role="upper") -> None:
    """A closed back around the heel."""
    t = np.linspace(0, 1, 30)
    for way, shade in ((1, 0.72), (-1, 1.0)):
        u = np.interp(t, [0, 0.7, 1], [0.74, 0.97, 1.0])
        tall = height * smoothstep(t * 1.3)
        low, high = stand.at(u, way * 1.0), stand.at(u, way * 1.0, tall)
        high[:, 0] += 0.0
        s.fill(path(low, high[::-1]), role, rounding=0.35, shade=shade, lift=0.04)


def thong(s: Sketch, stand: Stand, rng: np.random.Generator, ornate: bool) -> None:
    """The Y-shaped strap between the first toes."""
    post = stand.at(0.16, 0.12, 0.95)[0]
    hole = stand.at(0.15, 0.12)[0]
    t = np.linspace(0, 1, 40)
    width = f.taper(40, 0.36, 0.62) * (0.8 if ornate else 1.0)
    for way, shade in ((1, 0.82), (-1, 1.0)):
        u = 0.16 + 0.36 * t
        z = 0.12 + (way * 0.97 - 0.12) * t**1.15
        height = 0.95 * (1 - t) + 0.75 * np.sin(np.pi * t**0.85)
        s.strap(stand.at(u, z, height), width, "upper", shade=shade)
    s.strap(curve(hole, post), 0.26, "upper")
    if ornate:
        if rng.random() < 0.5:
            f.rosette(s, post + (0.15, 0.0), 0.5)
        else:
            f.bow(s, post + (0.15, 0.05), 0.8)


def spine(stand: Stand, height: float) -> Curve:
    """A line along the middle of the foot, from the toes up to the ankle ring."""
    places = [stand.at(u, 0.0, np.interp(u, *INSTEP) + 0.05)[0] for u in (0.16, 0.26, 0.38, 0.5)]
    return curve(*places, stand.ring(height)[1][0])


def rings(s: Sketch, stand: Stand, height: float, k: int) -> None:
    """The ankle strap and the strap or cup that carries it at the heel."""
    far, near = stand.ring(height)
    s.strap(far, 0.32, "upper", shade=0.72)
    s.parts.insert(_behind(s), s.parts.pop())
    for way, shade in ((1, 0.72), (-1, 1.0)):
        u = np.linspace(0.78, 0.965, 20)
        t = np.linspace(0, 1, 20)
        line = stand.at(u, way * (1 - 0.75 * t), (height - 0.2) * t)
        s.strap(line, 0.34, "upper", shade=shade)
    f.buckled_strap(s, near, 0.36, "upper", 0.42, "Ankle Strap" if k % 2 else "Buckle")


def heel_strap(s: Sketch, stand: Stand, height: float) -> Curve:
    """A strap from the instep around the heel; paints its far half, returns the near one."""
    t = np.linspace(0, 1, 40)
    u = 0.52 + 0.50 * np.sin(0.5 * np.pi * t)
    high = 1.2 + (height - 1.2) * t
    z = np.cos(0.5 * np.pi * t**1.5) * 1.02
    halves = []
    for way in (1, -1):
        width = np.interp(u, [0.5, 0.85, 1.1], [1.42, 1.2, 1.1])
        halves.append(
            stand.camera.project(u * stand.last.reach, stand.bed(0.9) + high - 0.1, way * z * width)
        )
    s.strap(halves[0], 0.55, "upper", shade=0.72)
    s.parts.insert(_behind(s), s.parts.pop())
    return halves[1]


def treads(s: Sketch, stand: Stand) -> None:
    for u in np.linspace(0.08, 0.95, 14):
        place = stand.camera.project(
            u * stand.last.reach,
            stand.last.ground(u * stand.last.reach),
            -1.02 * stand.half_width(u),
        )[0]
        s.seam(np.array([place, place + (0.0, 0.3)]), 0.13, None, 1.3)
