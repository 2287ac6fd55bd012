"""Colours. `colourways` picks three clearly different sets of role colours for a product.

In: a sketch's palette family ("dress", "casual", "sport", "pastel") and a random generator.
Out: for each colourway its number (as in a file name) and a dictionary role -> RGB in 0..1.
The families overlap on purpose: colour alone should say little about the kind of shoe.
"""

from __future__ import annotations

import numpy as np

from .sketch import Sketch

# name: (colour number, RGB)
COLOURS = {
    "black": (3, (44, 43, 46)),
    "charcoal": (36, (78, 78, 84)),
    "grey": (11, (142, 143, 148)),
    "white": (14, (232, 231, 228)),
    "bone": (2, (222, 210, 188)),
    "brown": (6, (98, 62, 40)),
    "chocolate": (410, (66, 43, 33)),
    "tan": (25, (178, 124, 74)),
    "cognac": (97, (156, 84, 38)),
    "taupe": (148, (146, 126, 110)),
    "sand": (72, (204, 172, 130)),
    "navy": (9, (41, 52, 88)),
    "blue": (20, (52, 100, 172)),
    "sky": (133, (140, 184, 218)),
    "red": (8, (184, 38, 42)),
    "burgundy": (41, (104, 30, 42)),
    "pink": (13, (230, 150, 170)),
    "fuchsia": (87, (206, 50, 122)),
    "purple": (10, (104, 66, 138)),
    "lilac": (66, (184, 164, 208)),
    "green": (12, (54, 120, 74)),
    "olive": (71, (104, 100, 62)),
    "mint": (154, (160, 212, 190)),
    "teal": (94, (34, 120, 128)),
    "yellow": (15, (236, 192, 58)),
    "orange": (27, (226, 112, 42)),
    "gold": (29, (198, 164, 98)),
    "silver": (40, (190, 192, 198)),
}

NEUTRALS = "black black black brown tan cognac grey navy chocolate taupe".split()
FAMILIES = {
    "dress": NEUTRALS + "burgundy red charcoal white sand bone olive blue purple".split(),
    "casual": NEUTRALS + "sand navy blue red olive white bone burgundy green teal pink".split(),
    "sport": (
        "black black white grey navy blue red charcoal brown tan green orange fuchsia purple "
        "yellow teal pink olive"
    ).split(),
    "pastel": (
        "black black brown tan navy red pink lilac mint sky bone grey white fuchsia gold "
        "burgundy taupe purple"
    ).split(),
}

QUIET = ["black", "white", "grey", "bone", "silver", "navy", "charcoal"]

SOLES = {
    "dark": "black",
    "tan": "cognac",
    "natural": "sand",
    "white": "white",
    "gum": "tan",
    "brown": "chocolate",
}


def rgb(name: str) -> np.ndarray:
    return np.array(COLOURS[name][1]) / 255


def lightness(colour) -> float:
    return float(np.dot(colour, (0.3, 0.59, 0.11)))


def blend(a, b, share: float) -> np.ndarray:
    return np.asarray(a) * (1 - share) + np.asarray(b) * share


def distance(a: str, b: str) -> float:
    """How different two colours look, lightness counting most."""
    u, v = rgb(a), rgb(b)
    return float(np.abs(u - v).mean() + abs(lightness(u) - lightness(v)))


def three_names(family: str, taste: list[str], rng: np.random.Generator) -> list[str]:
    """Three colours of a family, or to the brand's taste, far enough apart."""
    chosen: list[str] = []
    least = 0.42
    while len(chosen) < 3:
        name = str(rng.choice(FAMILIES[family] + taste))
        if all(distance(name, other) > least for other in chosen):
            chosen.append(name)
        least *= 0.985
    return chosen


def colourways(
    sketch: Sketch, taste: list[str], rng: np.random.Generator
) -> list[tuple[int, dict]]:
    accent_rule = str(rng.choice(["same", "tonal", "tonal", "contrast"]))
    if sketch.colours == "sport":
        accent_rule = str(rng.choice(["tonal", "contrast", "contrast", "white"]))
    names = three_names(sketch.colours, taste, rng)
    return [(COLOURS[n][0], role_colours(sketch, n, accent_rule, rng)) for n in names]


def role_colours(sketch: Sketch, name: str, accent_rule: str, rng: np.random.Generator) -> dict:
    family = FAMILIES[sketch.colours]
    base = rgb(name) * rng.uniform(0.94, 1.06)
    others = [c for c in family if distance(c, name) > 0.22]
    contrast = rgb(str(rng.choice(others)))
    # Two strong colours want a quiet third one.
    third = rgb(str(rng.choice([c for c in QUIET if distance(c, name) > 0.25])))
    tonal = base * 0.72 if lightness(base) > 0.25 else blend(base, (1, 1, 1), 0.16)
    accent = {"same": base, "tonal": tonal, "contrast": contrast, "white": rgb("white")}
    accent = accent[accent_rule]
    if accent_rule == "white" and lightness(base) > 0.7:
        accent = third
    sole_rule = str(rng.choice(sketch.soles))
    sole = contrast if sole_rule == "bright" else rgb(SOLES[sole_rule])
    light = lightness(base) > 0.45
    lining = rgb(str(rng.choice(["sand", "bone", "tan", "taupe", "grey"])))
    white_mid = rng.random() < 0.6
    colours = {
        "upper": base,
        "accent": accent,
        "trim": third if sketch.colours == "sport" else contrast,
        "tongue": tonal if accent_rule != "white" else accent,
        "sole": sole,
        "midsole": rgb("white") if white_mid else blend(accent, third, 0.5),
        "heel": sole,
        "welt": blend(sole, rgb("sand"), 0.25),
        "tip": rgb("black"),
        "stripe": third if distance_rgb(third, base) > 0.2 else rgb("white"),
        "lining": lining,
        "bed": lining,
        "lace": tonal if rng.random() < 0.6 else rgb("white" if not light else "brown"),
        "thread": blend(base, (1, 1, 1), 0.5) if not light else base * 0.62,
        "metal": rgb("gold") if rng.random() < 0.45 else rgb("silver"),
        "hole": np.array((0.10, 0.09, 0.09)),
        "elastic": rgb("black") if rng.random() < 0.6 else tonal,
        "tape": blend(base, (0, 0, 0), 0.4),
        "fur": rgb(str(rng.choice(["bone", "bone", "sand", "grey", "white", "taupe"]))),
        "print": contrast,
        "print2": third,
    }
    if "leopard" in sketch.pattern.values():
        colours["print"], colours["print2"] = rgb("black"), blend(base, rgb("brown"), 0.5)
    if sketch.finish.get("midsole") == "cork" or sketch.finish.get("heel") == "cork":
        cork = np.array((0.80, 0.62, 0.42))
        for role in ("midsole", "heel"):
            colours[role] = cork if sketch.finish.get(role) == "cork" else colours[role]
    for role in ("midsole", "heel"):
        if sketch.finish.get(role) == "jute":
            colours[role] = np.array((0.80, 0.68, 0.48))
        if sketch.finish.get(role) == "wood":
            colours[role] = np.array((0.72, 0.52, 0.33))
    if sketch.finish.get("heel") == "stacked":
        colours["heel"] = rgb(str(rng.choice(["brown", "cognac", "chocolate", "black"])))
    if sketch.finish.get("heel") == "covered":
        colours["heel"] = base
    return colours


def distance_rgb(a, b) -> float:
    return float(np.abs(np.asarray(a) - np.asarray(b)).mean())
