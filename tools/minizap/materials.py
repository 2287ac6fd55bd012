"""Surfaces: how each finish looks, and the woven or printed patterns.

In: coordinates in inches. Out: `texture` gives a lightness factor and a bump height per pixel,
`pattern` the weights of the second and third colour. `FINISHES` holds the highlights.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates


@dataclass(frozen=True)
class Finish:
    shine: float  # strength of the highlight
    spread: float  # its width: small is sharp
    material: str  # name in the meta-data


FINISHES = {
    "leather": Finish(0.30, 0.30, "Leather"),
    "soft leather": Finish(0.20, 0.40, "Leather"),
    "patent": Finish(0.95, 0.15, "Patent Leather"),
    "suede": Finish(0.02, 0.60, "Suede"),
    "nubuck": Finish(0.05, 0.60, "Nubuck"),
    "canvas": Finish(0.03, 0.60, "Canvas"),
    "knit": Finish(0.02, 0.60, "Knit"),
    "mesh": Finish(0.08, 0.40, "Synthetic"),
    "synthetic": Finish(0.35, 0.25, "Synthetic"),
    "satin": Finish(0.40, 0.45, "Satin"),
    "metallic": Finish(0.75, 0.35, "Synthetic"),
    "rubber": Finish(0.22, 0.22, "Rubber"),
    "gloss rubber": Finish(0.70, 0.16, "Rubber"),
    "felt": Finish(0.0, 0.60, "Wool"),
    "fur": Finish(0.0, 0.60, "Shearling"),
    "cork": Finish(0.02, 0.60, "Cork"),
    "jute": Finish(0.02, 0.60, "Jute"),
    "stacked": Finish(0.15, 0.30, "Leather"),
    "wood": Finish(0.18, 0.25, "Wood"),
    "foam": Finish(0.06, 0.50, "Rubber"),
    "elastic": Finish(0.02, 0.60, "Elastic"),
    "metal": Finish(0.95, 0.30, "Metal"),
}

NOISE_PER_INCH = 24
NOISE_SIZE = 1024


@cache
def _noise(blur: float) -> np.ndarray:
    """A square of smooth noise that tiles, with mean 0 and deviation 1."""
    grid = np.random.default_rng(7).standard_normal((NOISE_SIZE, NOISE_SIZE)).astype(np.float32)
    grid = gaussian_filter(grid, blur, mode="wrap") if blur else grid
    return (grid - grid.mean()) / grid.std()


def noise(x, y, blur: float) -> np.ndarray:
    """Noise at places in inches; `blur` is the size of its lumps in 1/24 inch."""
    places = np.stack([y, x]) * NOISE_PER_INCH % NOISE_SIZE
    return map_coordinates(_noise(blur), places, order=1, mode="grid-wrap")


def texture(finish: str, x, y) -> tuple[np.ndarray, np.ndarray]:
    """Lightness factor and bump height (inches) of a finish at the given places."""
    flat = np.zeros_like(x)
    if finish in ("leather", "soft leather", "patent", "satin"):
        return 1 + 0.025 * noise(x, y, 12), 0.004 * noise(x, y, 7)
    if finish in ("suede", "nubuck"):
        return 1 + 0.035 * noise(x, y, 1.0) + 0.015 * noise(x, y, 5), 0.003 * noise(x, y, 2)
    if finish == "canvas":
        weave = np.sin(x * 42) * np.sin(y * 42)
        return 1 + 0.07 * weave + 0.03 * noise(x, y, 1.5), flat
    if finish == "knit":
        rib = np.sin(24 * x + 2.2 * np.sin(24 * y))
        return 1 + 0.10 * rib + 0.03 * noise(x, y, 2), 0.012 * rib
    if finish == "mesh":
        holes = np.maximum(np.sin(22 * x) * np.sin(22 * y), 0)
        return 1 - 0.20 * holes, flat
    if finish == "felt":
        return 1 + 0.07 * noise(x, y, 1.4) + 0.02 * noise(x, y, 5), 0.008 * noise(x, y, 3)
    if finish == "fur":
        return 1 + 0.10 * noise(x, y, 2.2), 0.055 * noise(x, y, 3.0)
    if finish == "cork":
        return 1 + 0.09 * noise(x, y, 1.3) + 0.03 * noise(x, y, 4), 0.003 * noise(x, y, 2)
    if finish == "jute":
        rope = np.abs(np.sin(9 * y + 0.5 * np.sin(11 * x)))
        return 0.72 + 0.36 * rope + 0.06 * noise(x, y, 1.5), 0.03 * rope
    if finish == "stacked":
        return 1 + 0.09 * np.sin(y * 32) + 0.04 * noise(x, y, 2), flat
    if finish == "wood":
        return 1 + 0.10 * np.sin(y * 15 + 1.2 * noise(x / 4, y, 9)), flat
    if finish == "elastic":
        rib = np.sin(x * 34)
        return 1 + 0.12 * rib, flat
    return flat + 1, flat


def _stripes(x, y):
    return (np.sin(7.5 * y) > 0.25).astype(float), None


def _dots(x, y):
    pitch = 0.85
    row = np.floor(y / pitch)
    dx = (x / pitch + 0.5 * (row % 2)) % 1 - 0.5
    dy = y / pitch % 1 - 0.5
    return (np.hypot(dx, dy) < 0.27).astype(float), None


def _tartan(x, y):
    u, v = (x + 0.25 * y) / 1.9 % 1, (y - 0.1 * x) / 1.9 % 1
    broad = 0.5 * ((u < 0.42).astype(float) + (v < 0.42))
    thin = np.maximum(np.abs(u - 0.71) < 0.035, np.abs(v - 0.71) < 0.035)
    return broad, thin.astype(float)


def _gingham(x, y):
    return 0.5 * ((x / 1.0 % 1 < 0.5).astype(float) + (y / 1.0 % 1 < 0.5)), None


def _leopard(x, y):
    lumps = noise(x, y, 4)
    ring = (np.abs(lumps - 1.0) < 0.4) & (noise(x + 7, y, 3) < 0.9)
    return ring.astype(float), (lumps > 1.4).astype(float) * 0.7


def _floral(x, y):
    pitch = 1.15
    row = np.floor(y / pitch)
    dx = (x / pitch + 0.5 * (row % 2)) % 1 - 0.5
    dy = y / pitch % 1 - 0.5
    r, angle = np.hypot(dx, dy), np.arctan2(dy, dx)
    petals = r < 0.26 + 0.11 * np.cos(5 * angle + row)
    return petals.astype(float), (r < 0.11).astype(float)


def _camo(x, y):
    lumps = noise(x, y, 13)
    return (lumps > 0.35).astype(float), (noise(x + 9, y + 5, 13) > 0.8).astype(float)


PATTERNS = {
    "stripes": _stripes,
    "dots": _dots,
    "tartan": _tartan,
    "gingham": _gingham,
    "leopard": _leopard,
    "floral": _floral,
    "camo": _camo,
}


def pattern(name: str, x, y) -> tuple[np.ndarray, np.ndarray | None]:
    """Weights of a pattern's second and third colour at the given places."""
    return PATTERNS[name](x, y)
