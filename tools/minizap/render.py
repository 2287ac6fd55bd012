"""Paints a sketch as a small product photo.

In: a `Sketch`, the colours of one colourway (role -> RGB in 0..1) and the photo's `Framing`.
Out: a Pillow image on white. Parts are painted back to front into layers (colour, surface
direction, shine, ...) at four times the size; one lighting pass then shades them all together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw
from scipy.ndimage import distance_transform_edt, gaussian_filter, zoom

from .geometry import ribbon
from .materials import FINISHES, pattern, texture
from .sketch import Fill, Line, Sketch

SIZE = 136
OVERSAMPLING = 4


@dataclass(frozen=True)
class Framing:
    """How the photo was taken: placing on the picture, and light."""

    scale: float = 1.0
    dx: float = 0.0  # pixels of the finished picture
    dy: float = 0.0
    turn: float = 0.0  # degrees
    exposure: float = 1.0
    light: tuple[float, float, float] = (-0.42, 0.66, 0.62)
    shadow: float = 0.3


class View:
    """The map between inches and the oversampled picture's pixels."""

    def __init__(self, sketch: Sketch, framing: Framing):
        c, s = np.cos(np.radians(framing.turn)), np.sin(np.radians(framing.turn))
        self.linear = np.array([(c, -s), (s, c)]) @ np.array(
            [(sketch.squeeze, 0), (sketch.tilt, 1)]
        )
        outlines = [
            o for p in sketch.parts if isinstance(p, Fill) and not p.clip for o in p.outlines
        ]
        points = np.concatenate(outlines) @ self.linear.T
        low, high = points.min(0), points.max(0)
        room = np.array([0.93, 0.91]) * SIZE
        fit = min(*(room / (high - low)), 13.2) * framing.scale
        margin = SIZE - (high - low) * fit
        wanted = np.array([framing.dx, framing.dy])
        off = np.clip(wanted, -np.maximum(margin / 2 - 2, 0), np.maximum(margin / 2 - 2, 0))
        self.per_inch = fit * OVERSAMPLING
        self.origin = SIZE / 2 * OVERSAMPLING + off * (OVERSAMPLING, -OVERSAMPLING)
        self.middle = (low + high) / 2

    def pixels(self, points) -> np.ndarray:
        p = (np.asarray(points) @ self.linear.T - self.middle) * self.per_inch
        return self.origin + p * (1, -1)

    def inches(self, column, row) -> tuple[np.ndarray, np.ndarray]:
        x = (column - self.origin[0]) / self.per_inch + self.middle[0]
        y = (self.origin[1] - row) / self.per_inch + self.middle[1]
        (a, b), (c, d) = np.linalg.inv(self.linear)
        return a * x + b * y, c * x + d * y


def inflate(mask: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """Slopes (x to the right, y upwards) of a flat shape blown up like a cushion."""
    step = 4 if radius > 48 else 2 if radius > 12 else 1
    # A form may reach past its window: carry its edge on, rather than give it a rim there.
    small = np.pad(mask, 4, mode="edge")[::step, ::step]
    radius /= step
    depth = np.minimum(distance_transform_edt(small) / radius, 1).astype(np.float32)
    height = radius * np.sqrt(1 - (1 - depth) ** 2)
    # Blurring rounds off the ridges of the distance map.
    height = gaussian_filter(height, max(0.22 * radius, 0.6))
    down, right = np.gradient(height)
    if step > 1:
        right, down = (zoom(a, step, order=1) for a in (right, down))
    rows, columns = mask.shape
    cut = (slice(4, 4 + rows), slice(4, 4 + columns))
    return -right[cut], down[cut]


class Painter:
    def __init__(self, sketch: Sketch, colours: dict, framing: Framing):
        self.sketch, self.colours, self.framing = sketch, colours, framing
        self.view = View(sketch, framing)
        self.side = side = SIZE * OVERSAMPLING
        self.alpha = np.zeros((side, side), np.float32)
        self.colour = np.ones((side, side, 3), np.float32)
        self.nx, self.ny, self.shine = (np.zeros((side, side), np.float32) for _ in range(3))
        self.spread = np.full((side, side), 0.3, np.float32)
        self.dim = np.ones((side, side), np.float32)
        self.named: dict[str, np.ndarray] = {}

    def paint(self) -> Image.Image:
        for part in self.sketch.parts:
            if isinstance(part, Fill):
                self._fill(part)
            else:
                self._line(part)
        return self._develop()

    def _window(self, outlines, margin: float):
        """Pixel outlines, the part of the picture they touch, and its top left corner."""
        pixels = [self.view.pixels(o) for o in outlines]
        everything = np.concatenate(pixels)
        low = np.clip(np.floor(everything.min(0) - margin), 0, self.side - 1).astype(int)
        high = np.clip(np.ceil(everything.max(0) + margin) + 1, 1, self.side).astype(int)
        return pixels, (slice(low[1], high[1]), slice(low[0], high[0])), low

    @staticmethod
    def _mask(pixels, window, corner) -> np.ndarray:
        rows, columns = (w.stop - w.start for w in window)
        image = Image.new("L", (max(columns, 1), max(rows, 1)))
        draw = ImageDraw.Draw(image)
        for outline in pixels:
            draw.polygon([tuple(p) for p in outline - corner], fill=1)
        return np.asarray(image).astype(bool)

    def _fill(self, part: Fill) -> None:
        unit = self.view.per_inch
        pixels, window, corner = self._window(part.outlines, 3 * part.lift * unit + 2)
        mask = self._mask(pixels, window, corner)
        if part.clip:
            mask &= self.named[part.clip][window]
        if not mask.any():
            return
        if part.lift:
            self._cast_shadow(mask, window, part.lift * unit)
        self._set_surface(part, mask, window, corner)
        self._set_colour(part, mask, window)
        self.alpha[window][mask] = 1
        if part.name:
            whole = self.named.setdefault(part.name, np.zeros((self.side, self.side), bool))
            whole[window] |= mask

    def _cast_shadow(self, mask, window, lift: float) -> None:
        """Darkens what lies right below and beside a raised part."""
        blurred = gaussian_filter(mask.astype(np.float32), 0.9 * lift)
        drop = max(round(0.5 * lift), 1)
        blurred[drop:] = blurred[:-drop].copy()
        self.dim[window][~mask] *= (1 - 0.55 * blurred)[~mask]

    def _set_surface(self, part: Fill, mask, window, corner) -> None:
        nx, ny = self.nx[window], self.ny[window]
        if part.rounding:
            form = mask
            if part.form is not None:
                outlines = [self.view.pixels(o) for o in part.form]
                form = self._mask(outlines, window, corner) | mask
            gx, gy = inflate(form, part.rounding * self.view.per_inch)
            nx[mask], ny[mask] = gx[mask] + part.tilt[0], gy[mask] + part.tilt[1]
        if part.lift:
            gx, gy = inflate(mask, max(part.lift * self.view.per_inch, 1.5))
            nx[mask] += 0.5 * gx[mask]
            ny[mask] += 0.5 * gy[mask]
        self.dim[window][mask] = part.shade if part.rounding else self.dim[window][mask]

    def _set_colour(self, part: Fill, mask, window) -> None:
        finish = self.sketch.finish.get(part.role, "leather")
        rows, columns = np.nonzero(mask)
        x, y = self.view.inches(columns + window[1].start, rows + window[0].start)
        lightness, bump = texture(finish, x, y)
        colour = np.broadcast_to(self.colours[part.role], (len(x), 3)).astype(np.float32)
        print_ = self.sketch.pattern.get(part.role)
        if print_ and not part.plain:
            for weight, role in zip(pattern(print_, x, y), ("print", "print2"), strict=True):
                if weight is not None:
                    weight = weight[:, None]
                    colour = colour * (1 - weight) + np.asarray(self.colours[role]) * weight
        self.colour[window][mask] = colour * lightness[:, None]
        self.shine[window][mask] = FINISHES[finish].shine
        self.spread[window][mask] = FINISHES[finish].spread
        if bump.any():
            relief = np.zeros(mask.shape, np.float32)
            relief[mask] = bump * self.view.per_inch
            down, right = np.gradient(relief)
            self.nx[window][mask] -= right[mask]
            self.ny[window][mask] += down[mask]

    def _line(self, part: Line) -> None:
        unit = self.view.per_inch
        # Nothing may get thinner than the finished picture can show.
        width = max(part.width, {"seam": 1.6, "stitch": 2.2, "cord": 4.5}[part.kind] / unit)
        if part.kind == "cord":
            self._fill(
                Fill(
                    (ribbon(part.points, width),),
                    part.role,
                    rounding=width / 2,
                    lift=0.05,
                    clip=part.clip,
                )
            )
            return
        pixels, window, corner = self._window([ribbon(part.points, width)], 3 * width * unit)
        mask = self._mask(pixels, window, corner)
        if part.kind == "stitch":
            mask = mask & self.named[part.clip][window] if part.clip else mask
            self.colour[window][mask] = 0.25 * self.colour[window][mask] + 0.75 * np.asarray(
                self.colours[part.role]
            )
            return
        groove = gaussian_filter(mask.astype(np.float32), 0.45 * width * unit)
        inside = self.named[part.clip][window] if part.clip else self.alpha[window] > 0
        down, right = np.gradient(groove * 0.5 * width * unit * part.strength)
        self.nx[window][inside] += right[inside]
        self.ny[window][inside] -= down[inside]
        self.dim[window][inside] *= (1 - 0.5 * part.strength * groove)[inside]

    def _develop(self) -> Image.Image:
        """Lights the layers, lays them on white over the shadow, and shrinks the picture."""
        area = self._painted_area()
        alpha = self.alpha[area][..., None]
        photo = np.ones((self.side, self.side, 3), np.float32)
        photo[area] = alpha * self._light(area) + (1 - alpha) * self._ground_shadow(area)[..., None]
        small = photo.reshape(SIZE, OVERSAMPLING, SIZE, OVERSAMPLING, 3).mean((1, 3))
        return Image.fromarray((np.clip(small, 0, 1) * 255 + 0.5).astype(np.uint8))

    def _painted_area(self) -> tuple[slice, slice]:
        margin = int(0.9 * self.view.per_inch)
        places = (np.flatnonzero(self.alpha.any(axis)) for axis in (1, 0))
        return tuple(slice(max(p[0] - margin, 0), min(p[-1] + margin, self.side)) for p in places)

    def _light(self, area) -> np.ndarray:
        nx, ny, shine, spread = (a[area] for a in (self.nx, self.ny, self.shine, self.spread))
        size = np.sqrt(nx**2 + ny**2) + 1e-6
        flat = 0.97 * np.tanh(size) / size  # keeps steep slopes below the horizon
        nx, ny = nx * flat, ny * flat
        nz = np.sqrt(np.maximum(1 - nx**2 - ny**2, 0.02))
        # Plain floats keep the layers in single precision.
        lx, ly, lz = (float(v) for v in self.framing.light / np.linalg.norm(self.framing.light))
        key = np.maximum(nx * lx + ny * ly + nz * lz, 0)
        fill = np.maximum(0.75 * nx + 0.1 * ny + 0.65 * nz, 0)
        diffuse = (0.31 + 0.12 * ny + 0.64 * key + 0.14 * fill) * (0.76 + 0.24 * nz)
        half = [float(v) for v in np.array([lx, ly, lz + 1]) / np.linalg.norm([lx, ly, lz + 1])]
        miss = 1 - np.clip(nx * half[0] + ny * half[1] + nz * half[2], 0, 1)
        glint = shine * np.exp(-miss / (0.5 * spread**2))
        rim = 0.25 * shine * np.exp(-(1 - np.clip(0.7 * nx + 0.71 * nz, 0, 1)) / 0.02)
        dim = np.clip(self.dim[area], 0.15, 1)[..., None]
        lit = self.colour[area] * diffuse[..., None] * dim
        lit += (0.62 * (glint + 0.6 * rim))[..., None] * dim * (1.05 - 0.5 * lit)
        lit *= float(self.framing.exposure)
        # Holding back the brightest tones keeps white shoes apart from the white ground.
        return np.clip(lit - 0.42 * np.maximum(lit - 0.74, 0), 0, 1)

    def _ground_shadow(self, area) -> np.ndarray:
        rows, columns = np.mgrid[area]
        _, height = self.view.inches(columns, rows)
        near = ((height < 0.35) & (self.alpha[area] > 0)).astype(np.float32)
        reach = 0.13 * self.view.per_inch
        soft = gaussian_filter(near, (reach, 2.2 * reach))
        drop = max(int(0.12 * self.view.per_inch), 1)
        soft[drop:] = soft[:-drop].copy()
        return 1 - float(self.framing.shadow) * np.minimum(1.6 * soft, 1)


def render(sketch: Sketch, colours: dict, framing: Framing) -> Image.Image:
    return Painter(sketch, colours, framing).paint()
