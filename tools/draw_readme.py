"""Draw the README's pictures into ``docs/``: MiniZap's contact sheet and a recommendation."""

from pathlib import Path

import zapsim

DOCS = Path(__file__).resolve().parent.parent / "docs"


def main():
    catalogue = zapsim.load_catalogue()
    predictor = zapsim.SimilarityPredictor(catalogue, zapsim.load_features())
    query = catalogue.sample(3, seed=20).keys[2]
    recommendation = predictor.plot(query, k=5, hide_colourways=True)
    DOCS.mkdir(exist_ok=True)
    for name, figure in [("minizap", catalogue.plot(24)), ("recommendation", recommendation)]:
        figure.savefig(DOCS / f"{name}.png", dpi=110)


if __name__ == "__main__":
    main()
