"""The laced front of a shoe: tongue, facing, eyelets, laces."""

from __future__ import annotations

from . import features as f
from .geometry import curve, path, shift
from .sketch import Sketch
from .uppers import Upper


def tongue(sketch: Sketch, upper: Upper, height=0.6, role="upper") -> None:
    """The tongue's end, standing up out of the opening (drawn before the upper)."""
    front = upper.crest[-1]
    outline = curve(
        front + (-1.2, -1.0),
        front + (-0.5, -0.3),
        front + (-0.1, 0.6 * height),
        front + (0.3, height),
        front + (0.8, 0.95 * height),
        front + (1.15, 0.5 * height),
        front + (1.25, -0.4),
        front + (0.8, -1.2),
    )
    sketch.fill(outline, role, rounding=0.4, tilt=(-0.1, 0.1))


def lacing(sketch: Sketch, upper: Upper, start=0.32, drop=0.66, count=5, facing="accent", **how):
    """The slit with its tongue, the facing with eyelets beside it, and the laces."""
    end = upper.crest[-1]
    stay = path(
        upper.line((start, 0.86), (start + 0.06, drop + 0.02), n=12)[:-1],
        curve(upper.at(start + 0.06, drop), end + (0.42, -0.75), n=30),
    )
    u_end = end[0] / upper.last.reach
    ridge = upper.line((start - 0.01, 1.0), (0.5 * (start + u_end), 1.0), (u_end, 1.0))
    slit = path(stay, end + (0.25, 0.6), ridge[::-1])
    if facing:
        under = path(shift(stay, 0.42, -0.42)[::-1], shift(stay, -0.1, 0.2))
        sketch.fill(under, facing, clip="upper", lift=0.05)
        sketch.stitch(shift(stay, 0.36, -0.34)[6:])
    sketch.fill(slit, "tongue", clip="upper", shade=0.8)
    sketch.seam(stay, 0.14, strength=1.4)
    f.laces(sketch, shift(stay[8:], 0.16, -0.16), shift(ridge, 0.05, -0.05)[6:], count, **how)
