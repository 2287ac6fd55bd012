"""Uppers: the closed part of a shoe above its sole.

In: a `Last` and a few heights (inches) and places (fractions of the length, toe = 0).
Out: `Upper`, whose curves say where toe, topline and back run, and whose `at`/`across` give
points on its side, so that details can be placed without knowing the exact outline.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .geometry import Curve, Last, curve, path, shift
from .sketch import Sketch


@dataclass
class Upper:
    last: Last
    crest: Curve  # from the toe's sole edge over the vamp to the front of the opening
    topline: Curve  # the near rim of the opening, front to back
    far_rim: Curve  # the far rim, front to back
    back: Curve  # from the back of the opening down to the sole

    @property
    def outline(self) -> Curve:
        sole = self.last.feather_line(0.02, 0.98)[::-1]
        return path(self.crest, self.topline, self.back, sole)

    @property
    def form(self) -> Curve:
        """The outline carried on above the opening and below the sole, to shade it as round."""
        front, rear = self.crest[-1], self.back[0]
        lean = self.crest[-1] - self.crest[-6]
        rise = np.array([0.25 * lean[0] / max(np.hypot(*lean), 1e-6), 1.0]) * 2.2
        sole = shift(self.last.feather_line(0, 1)[::-1], 0, -1.6)
        return path(
            self.crest, front + rise, rear + (0, 2.2), self.back, sole, self.crest[0] - (0, 1.6)
        )

    @property
    def opening(self) -> Curve:
        return path(self.topline, self.far_rim[::-1])

    def top(self, x: float) -> float:
        """Height of the side at x: its crest, or behind the throat its topline."""
        edge = path(self.crest[4:], self.topline)
        order = np.argsort(edge[:, 0])
        return float(np.interp(x, edge[order, 0], edge[order, 1]))

    def at(self, u: float, f: float) -> np.ndarray:
        """The point at fraction u of the length and fraction f of the way up the side."""
        x = u * self.last.reach
        low = float(self.last.feather(x))
        return np.array([x, low + f * (self.top(x) - low)])

    def line(self, *places, n: int = 48) -> Curve:
        return curve(*(self.at(u, f) for u, f in places), n=n)

    def across(self, s: float, y: float) -> np.ndarray:
        """The point at height y and fraction s from the front edge to the back edge."""
        front = np.interp(y, *self._rising(self.crest[8:]))
        rear = np.interp(y, *self._rising(self.back[::-1]))
        return np.array([front + s * (rear - front), y])

    @staticmethod
    def _rising(line: Curve):
        order = np.argsort(line[:, 1])
        return line[order, 1], line[order, 0]


def low_upper(
    last: Last,
    throat=(0.5, 2.9),
    dip=(0.72, 2.0),
    back=2.5,
    volume=1.0,
    gape=0.5,
    scoop=0.5,
) -> Upper:
    """A shoe that ends below the ankle.

    `throat`: where the opening begins (fraction, height above the sole); `dip`: the lowest place
    of the topline; `gape`: how much of the far rim shows; `scoop`: how steeply the topline falls.
    """
    size = last.reach

    def place(u, h):
        return (u * size, float(last.feather(u * size)) + h)

    rising = [p for p in last.toe_points(volume) if p[0] < (throat[0] - 0.06) * size]
    if throat[0] > 0.42:
        rising.append(place(0.31, (0.45 + 0.55 * throat[1]) * volume**0.5))
    crest = curve(*rising, place(*throat), n=70)
    early = (throat[0] + 0.25 * (dip[0] - throat[0]), throat[1] + scoop * (dip[1] - throat[1]))
    late = (0.5 * (dip[0] + 0.985), dip[1] + 0.36 * (back - dip[1]))
    rear = (0.975, back)
    topline = curve(place(*throat), place(*early), place(*dip), place(*late), place(*rear))
    rise = np.sin(np.linspace(0, np.pi, len(topline))) ** 0.8
    chord = np.linspace(topline[0], topline[-1], len(topline))
    far = 0.45 * topline + 0.55 * chord + np.column_stack([0 * rise, gape * rise])
    seat = float(last.feather(size))
    heel = curve(
        place(*rear),
        (size + 0.06, seat + 0.55 * back),
        (size + 0.1, seat + 0.3 * back),
        (size - 0.08, seat),
        n=24,
    )
    return Upper(last, crest, topline, far, heel)


def boot_upper(
    last: Last,
    height: float,
    ankle=0.56,
    calf=4.9,
    top=4.9,
    slope=0.0,
    gape=0.35,
    volume=1.0,
    lean=0.0,
) -> Upper:
    """A boot. `height`: shaft above the heel seat; `calf`, `top`: widths of the shaft there;
    `slope`: how much higher the front is than the back at the top; `lean`: shaft leaning back.
    """
    size, seat = last.reach, last.heel
    high = seat + height
    instep = float(last.feather(0.42 * size)) + 2.6 * volume
    rear = size - 0.35
    crest = [
        *last.toe_points(volume),
        (0.29 * size, float(last.feather(0.29 * size)) + 1.85 * volume),
        (0.43 * size, instep),
    ]
    bend = seat + min(4.0, 0.72 * height)
    crest.append((ankle * size - 0.1, bend))
    spine = [(rear + 0.1, seat + min(3.4, 0.6 * height))]
    if height > 8:
        level = seat + (0.68 * height if height < 17 else 12.0)
        mid = 0.5 * (ankle * size + rear) + 0.1 + 0.4 * lean
        crest.append((mid - calf / 2, level))
        spine.insert(0, (mid + calf / 2 + 0.15, level))
    middle = 0.5 * (ankle * size + rear) + 0.12 + lean
    front, back = (middle - top / 2, high + slope / 2), (middle + top / 2, high - slope / 2)
    crest = curve(*crest, front, n=110)
    t = np.linspace(0, np.pi, 40)
    swing = np.column_stack([0 * t, np.sin(t)])
    rim = np.linspace(front, back, 40)
    rim[:, 0] = front[0] + (back[0] - front[0]) * (1 - np.cos(t)) / 2
    heel = curve(
        back, *spine, (size + 0.1, seat + 1.3), (size + 0.08, seat + 0.6), (size - 0.08, seat), n=60
    )
    return Upper(last, crest, rim - 0.7 * gape * swing, rim + gape * swing, heel)


def draw_upper(sketch: Sketch, upper: Upper, role: str = "upper", rounding: float = 1.7) -> None:
    """The inside seen through the opening, then the outer side."""
    rim = path(upper.far_rim, shift(upper.topline[::-1], 0, -0.25))
    sketch.fill(rim, "lining", rounding=0.5, shade=0.62, tilt=(0.1, -0.25))
    sketch.fill(
        upper.outline, role, rounding=rounding, form=upper.form, name="upper", tilt=(0.0, 0.12)
    )
    sketch.has_toe(upper.last.toe)


def draw_binding(sketch: Sketch, upper: Upper, role: str = "upper", width: float = 0.16) -> None:
    """A rolled edge around the near rim."""
    sketch.cord(shift(upper.topline, 0, -0.3 * width), role, width)
