"""The drawing list: what is painted, back to front, before any colour is chosen.

In: calls such as `sketch.fill(outline, "upper")`. Out: a `Sketch` holding parts (in inches, with
colour *roles* such as "upper" or "sole") and the facts that those parts show (closures, heel
height, toe, materials), from which the meta-data are derived.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .geometry import Curve, normals, ribbon, spaced


@dataclass(frozen=True)
class Fill:
    """One surface: an outline (or several) in one colour role."""

    outlines: tuple[Curve, ...]
    role: str
    rounding: float = 0.0  # radius of the edges in inches; 0 keeps the surface painted below
    form: tuple[Curve, ...] | None = None  # outlines that give the roundness, if not its own
    lift: float = 0.0  # how far it stands off what lies below: shadow and bevelled edge
    clip: str | None = None  # paint only inside the named earlier part
    name: str | None = None
    shade: float = 1.0
    tilt: tuple[float, float] = (0.0, 0.0)
    plain: bool = False  # leave the product's pattern away


@dataclass(frozen=True)
class Line:
    """A drawn line: a sunken `seam`, a row of `stitch`es, or a round `cord`."""

    points: Curve
    kind: str
    role: str
    width: float
    clip: str | None = None
    strength: float = 1.0


@dataclass
class Sketch:
    heel: float = 0.5
    # The shoe is turned a little, toe to the viewer: it looks shorter, and its ground rises.
    squeeze: float = 0.83
    tilt: float = 0.11
    parts: list = field(default_factory=list)
    finish: dict[str, str] = field(default_factory=dict)
    pattern: dict[str, str] = field(default_factory=dict)
    closures: list[str] = field(default_factory=list)
    toes: list[str] = field(default_factory=list)
    insole: str = ""
    colours: str = "dress"  # the palette family
    soles: tuple[str, ...] = ("dark",)
    genders: tuple[str, ...] = ("Women",)

    def fill(self, outline, role: str, **options) -> None:
        outlines = outline if isinstance(outline, (list, tuple)) else (outline,)
        form = options.pop("form", None)
        if form is not None and not isinstance(form, (list, tuple)):
            form = (form,)
        self.parts.append(Fill(tuple(outlines), role, form=form, **options))

    def seam(self, points, width=0.06, clip="upper", strength=1.0) -> None:
        self.parts.append(Line(np.asarray(points), "seam", "thread", width, clip, strength))

    def stitch(self, points, role="thread", clip="upper", width=0.07, gap=0.17) -> None:
        """A dashed line of stitches."""
        length = np.linalg.norm(np.diff(points, axis=0), axis=1).sum()
        count = max(int(length / gap), 2)
        ends = spaced(np.asarray(points), 2 * count)
        for a, b in zip(ends[::2], ends[1::2], strict=True):
            self.parts.append(Line(np.array([a, b]), "stitch", role, width, clip))

    def cord(self, points, role="lace", width=0.2, clip=None) -> None:
        self.parts.append(Line(np.asarray(points), "cord", role, width, clip))

    def strap(self, line, width, role="upper", lift=0.07, **options) -> None:
        """A flat band along a line."""
        options.setdefault("rounding", 0.2 * float(np.max(width)))
        self.fill(ribbon(np.asarray(line), width), role, lift=lift, **options)

    def edge_stitch(self, line, inset=0.1, role="thread", clip="upper") -> None:
        """Stitches beside a line, on its left hand (negative inset: on its right)."""
        self.stitch(np.asarray(line) + inset * normals(np.asarray(line)), role, clip)

    def closes_with(self, *names: str) -> None:
        self.closures += [n for n in names if n not in self.closures]

    def has_toe(self, *names: str) -> None:
        self.toes += [n for n in names if n not in self.toes]
