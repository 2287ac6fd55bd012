"""Plane and space geometry of shoes, in inches.

In: a few control points and lengths. Out: dense polylines as (n, 2) arrays, x running from the
toe (0) to the heel, y upwards from the ground. `Camera` turns points in space into such a plane.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import Akima1DInterpolator

Curve = np.ndarray


def curve(*points, n: int = 48) -> Curve:
    """A smooth curve through the given points."""
    pts = np.asarray(points, float)
    steps = np.r_[0, np.cumsum(np.maximum(np.linalg.norm(np.diff(pts, axis=0), axis=1), 1e-6))]
    if len(pts) == 2:
        return np.linspace(pts[0], pts[1], n)
    spline = Akima1DInterpolator(steps, pts, method="makima")
    return spline(np.linspace(0, steps[-1], n))


def loop(*points, n: int = 96) -> Curve:
    """A smooth closed outline through the given points."""
    pts = [*points[-2:], *points, *points[:3]]
    dense = curve(*pts, n=3 * n)
    first, last = (
        np.argmin(np.linalg.norm(dense[a:b] - points[0], axis=1)) + a
        for a, b in ((0, 3 * n // 2), (3 * n // 2, 3 * n))
    )
    return dense[first:last]


def path(*pieces) -> Curve:
    """Curves and points joined end to end."""
    return np.concatenate([np.atleast_2d(np.asarray(p, float)) for p in pieces])


def shift(points, dx: float, dy: float) -> Curve:
    return np.asarray(points, float) + (dx, dy)


def spaced(line: Curve, n: int, start: float = 0.0, stop: float = 1.0) -> Curve:
    """`n` points at equal distances along a line, between two fractions of its length."""
    steps = np.r_[0, np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))]
    at = np.linspace(start, stop, n) * steps[-1]
    return np.column_stack([np.interp(at, steps, line[:, k]) for k in (0, 1)])


def normals(line: Curve) -> Curve:
    """Unit vectors at the left hand of somebody walking along the line."""
    along = np.gradient(line, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    return np.column_stack([-along[:, 1], along[:, 0]])


def ribbon(line: Curve, width) -> Curve:
    """The outline of a band of given width (a number, or one per point) around a line."""
    half = np.broadcast_to(np.asarray(width, float) / 2, len(line))[:, None] * normals(line)
    return path(line + half, (line - half)[::-1])


def disc(centre, rx: float, ry: float | None = None, turn: float = 0.0, n: int = 40) -> Curve:
    """An ellipse, turned by an angle in degrees."""
    t = np.linspace(0, 2 * np.pi, n, endpoint=False)
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    x, y = rx * np.cos(t), (rx if ry is None else ry) * np.sin(t)
    return np.column_stack([centre[0] + c * x - s * y, centre[1] + s * x + c * y])


def box(centre, width: float, height: float, turn: float = 0.0) -> Curve:
    """A rectangle, turned by an angle in degrees."""
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * (width / 2, height / 2)
    return corners @ np.array([(c, s), (-s, c)]) + centre


def smoothstep(x):
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)


# Side views of toes: x, and height above the sole, from the sole's edge up to the vamp.
TOES = {
    "Round Toe": [(0.22, 0.0), (0.0, 0.42), (0.1, 0.82), (0.55, 1.24), (1.5, 1.55)],
    "Almond": [(0.05, 0.0), (-0.15, 0.25), (0.1, 0.58), (0.75, 0.98), (1.8, 1.36)],
    "Pointed Toe": [(-0.45, 0.0), (-0.66, 0.16), (-0.45, 0.4), (0.45, 0.76), (1.8, 1.22)],
    "Square Toe": [(-0.1, 0.0), (-0.2, 0.3), (-0.17, 0.72), (0.15, 0.95), (1.5, 1.25)],
}


@dataclass(frozen=True)
class Last:
    """The form a shoe is built on: where the sole's upper edge (the feather line) runs."""

    heel: float = 1.0  # height of the heel seat above the ground
    sole: float = 0.35  # thickness of the sole under the ball of the foot
    spring: float = 0.25  # how far the toe lifts off the ground
    toe: str = "Round Toe"
    length: float = 10.4

    @property
    def reach(self) -> float:
        """Length on the ground: a foot on a high heel is steeper, so shorter from the side."""
        return float(np.sqrt(self.length**2 - (0.9 * (self.heel - self.sole)) ** 2))

    def ground(self, x):
        """Underside of a flat sole: only the toe lifts."""
        return self.spring * np.clip(1 - np.asarray(x, float) / (0.24 * self.length), 0, 1.3) ** 2

    def feather(self, x):
        x = np.asarray(x, float)
        rise = smoothstep((x / self.reach - 0.26) / 0.6)
        return self.ground(x) + self.sole + (self.heel - self.sole) * rise

    def feather_line(self, start: float = 0.0, stop: float = 1.0, n: int = 60) -> Curve:
        x = np.linspace(start, stop, n) * self.reach
        return np.column_stack([x, self.feather(x)])

    def toe_points(self, volume: float = 1.0) -> list:
        return [(x, float(self.feather(x)) + volume * h) for x, h in TOES[self.toe]]


@dataclass(frozen=True)
class Camera:
    """Looks at the shoe from a little before and above it."""

    yaw: float = 18.0
    pitch: float = 20.0

    def project(self, x, y, z) -> Curve:
        """Points in space (z: away from the viewer) as points in the picture plane."""
        yaw, pitch = np.radians(self.yaw), np.radians(self.pitch)
        x, y, z = np.broadcast_arrays(*(np.asarray(v, float) for v in (x, y, z)))
        depth = x * np.sin(yaw) + z * np.cos(yaw)
        across = x * np.cos(yaw) - z * np.sin(yaw)
        return np.column_stack([across, y * np.cos(pitch) + depth * np.sin(pitch)])
