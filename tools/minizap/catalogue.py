"""The catalogue: which products there are, who makes them, and what is written about them.

Out: `products()` yields `Product`s one by one. Every product has its own random stream, so that
changing or adding one leaves the others as they were.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from . import boots, clogs, heels, sandals, shoes, slippers, sneakers, tall_boots
from .materials import FINISHES
from .palette import colourways
from .render import Framing
from .sketch import Fill, Sketch

SEED = 50_000
COLUMNS = ("CID Category SubCategory HeelHeight Insole Closure Gender Material ToeStyle").split()

# Category, subcategory, drawing function, number of products.
SECTIONS = [
    ("Boots", "Ankle", boots.ankle, 13),
    ("Boots", "Mid-Calf", tall_boots.mid_calf, 13),
    ("Boots", "Knee High", tall_boots.knee_high, 12),
    ("Boots", "Over the Knee", tall_boots.over_the_knee, 9),
    ("Sandals", "Flat", sandals.flat_sandal, 15),
    ("Sandals", "Heel", sandals.heel_sandal, 13),
    ("Sandals", "Athletic", sandals.athletic_sandal, 10),
    ("Shoes", "Oxfords", shoes.oxford, 14),
    ("Shoes", "Loafers", shoes.loafer, 13),
    ("Shoes", "Boat Shoes", shoes.boat_shoe, 10),
    ("Shoes", "Sneakers and Athletic Shoes", sneakers.sneaker, 16),
    ("Shoes", "Heels", heels.heel_shoe, 14),
    ("Shoes", "Flats", heels.flat, 14),
    ("Shoes", "Clogs and Mules", clogs.clog, 12),
    ("Slippers", "Slipper Flats", slippers.slipper_flat, 12),
    ("Slippers", "Boot", slippers.slipper_boot, 9),
    ("Slippers", "Slipper Heels", slippers.slipper_heel, 6),
]

# Invented brands: what they make, and the colours they like. A folder name cannot end in a dot
# on every system, so the real data set stores a final "." as "%2E"; one brand does here, too.
BRANDS = {
    "Bellweather": ("Oxfords Loafers Ankle Heels Boat-Shoes", "brown cognac navy"),
    "Halden & Co%2E": ("Oxfords Loafers Ankle Mid-Calf Boat-Shoes", "black brown burgundy"),
    "O'Darby": ("Oxfords Mid-Calf Ankle Slipper-Flats Boot Loafers", "olive brown tan"),
    "Château Nord": ("Heels Knee-High Over-the-Knee Heel Slipper-Heels", "black bone burgundy"),
    "Lumen Row": ("Heels Flats Heel Ankle Loafers Clogs-and-Mules", "fuchsia purple gold"),
    "Fernweh": ("Athletic Ankle Mid-Calf Sneakers-and-Athletic-Shoes Flat", "green olive orange"),
    "Strada Nine": ("Sneakers-and-Athletic-Shoes Athletic Boat-Shoes Flat", "red white black"),
    "Kite & Kestrel": ("Sneakers-and-Athletic-Shoes Athletic Loafers Boot", "blue yellow teal"),
    "Marisol Bay": ("Flat Heel Boat-Shoes Clogs-and-Mules Athletic", "sky sand pink"),
    "Tiny Harbour": ("Flat Flats Boot Slipper-Flats Mid-Calf Boat-Shoes", "pink sky lilac"),
    "Wool & Willow": ("Slipper-Flats Boot Slipper-Heels Clogs-and-Mules", "bone grey mint"),
    "Verity Lane": ("Knee-High Over-the-Knee Ankle Heels Heel Flats", "taupe cognac red"),
    "Bruno Sabelli": ("Oxfords Loafers Heels Knee-High Over-the-Knee Heel", "black navy tan"),
    "Nordlicht": ("Clogs-and-Mules Flats Slipper-Flats Knee-High Slipper-Heels", "teal grey red"),
}  # fmt: skip

# Upper bounds in inches of the height of the heel seat, as drawn.
HEEL_CLASSES = [
    (0.6, "Flat"),
    (1.0, "Under 1in"),
    (2.0, "1in - 1 3/4in"),
    (3.0, "2in - 2 3/4in"),
    (4.0, "3in - 3 3/4in"),
    (5.0, "4in - 4 3/4in"),
    (99.0, "5in & over"),
]


@dataclass(frozen=True)
class Picture:
    """One colourway of a product."""

    colour: int
    colours: dict
    framing: Framing


@dataclass(frozen=True)
class Product:
    number: int
    category: str
    subcategory: str
    brand: str
    sketch: Sketch
    pictures: tuple[Picture, ...]

    def key(self, picture: Picture) -> str:
        """The picture's path in the zip."""
        name = f"{self.number}.{picture.colour}.jpg"
        return "/".join((self.category, self.subcategory, self.brand, name))

    def facts(self, picture: Picture) -> dict[str, str]:
        """The picture's row in the meta-data."""
        s = self.sketch
        values = [
            f"{self.number}-{picture.colour}",
            self.category,
            self.subcategory,
            heel_class(s.heel),
            s.insole,
            ";".join(s.closures),
            ";".join(s.genders),
            ";".join(materials(s)),
            ";".join(s.toes),
        ]
        return dict(zip(COLUMNS, values, strict=True))


def heel_class(height: float) -> str:
    return next(name for bound, name in HEEL_CLASSES if height < bound)


def materials(sketch: Sketch) -> list[str]:
    """What the painted parts are made of, the upper first; soles only if they are special."""
    painted = {p.role for p in sketch.parts if isinstance(p, Fill)}
    found = []
    for role in ("upper", "accent", "fur", "midsole", "heel"):
        material = FINISHES[sketch.finish.get(role, "leather")].material
        plain_sole = role in ("midsole", "heel") and material not in ("Cork", "Jute", "Wood")
        if role in painted and not plain_sole and material not in found:
            found.append(material)
    return found


def framing(rng: np.random.Generator) -> Framing:
    """A photo that is never placed or lit quite like the last one."""
    light = np.array([-0.42, 0.66, 0.62]) + rng.uniform(-0.14, 0.14, 3)
    return Framing(
        scale=rng.uniform(0.90, 1.05),
        dx=rng.uniform(-6, 6),
        dy=rng.uniform(-9, 9),
        turn=rng.uniform(-2.2, 2.2),
        exposure=rng.uniform(0.95, 1.06),
        light=tuple(float(v) for v in light),
        shadow=rng.uniform(0.12, 0.32),
    )


def choose_brand(subcategory: str, rng: np.random.Generator) -> tuple[str, list[str]]:
    word = subcategory.replace(" ", "-")
    makers = [name for name, (made, _) in BRANDS.items() if word in made.split()]
    brand = str(rng.choice(makers))
    return brand, BRANDS[brand][1].split()


def products() -> Iterator[Product]:
    for category, subcategory, draw, count in SECTIONS:
        for k in range(count):
            place = zlib.crc32(f"{category}/{subcategory}".encode())
            rng = np.random.default_rng(np.random.SeedSequence([SEED, place, k]))
            number = int(rng.integers(100_000, 8_200_000))
            brand, taste = choose_brand(subcategory, rng)
            sketch = draw(rng, k)
            pictures = tuple(
                Picture(colour, colours, framing(rng))
                for colour, colours in colourways(sketch, taste, rng)
            )
            yield Product(number, category, subcategory, brand, sketch, pictures)
