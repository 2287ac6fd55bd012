"""joint_space.py: words find the pictures that they describe."""

import numpy as np
import pytest
from PIL import Image

import zapsim
from zapsim.course.joint_space import WORDS, picture_vectors, text_vector


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory):
    folder = tmp_path_factory.mktemp("colours")
    plain = {"red": "#D02020", "orange": "#F09030", "green": "#108040", "blue": "#A0C8F8"}
    for name, colour in plain.items():
        Image.new("RGB", (80, 60), colour).save(folder / f"{name}.png")
    noise = np.random.default_rng(0).integers(0, 2, (60, 80), np.uint8) * 255
    Image.fromarray(noise).save(folder / "noise.png")
    return zapsim.load_catalogue(folder)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("smooth red", "red.png"),
        ("orange", "orange.png"),
        ("Dark GREEN", "green.png"),
        ("light blue", "blue.png"),
        ("busy", "noise.png"),
    ],
)
def test_a_text_finds_the_picture_it_describes(catalogue, text, first):
    vectors = picture_vectors(catalogue)
    assert vectors.shape == (5, len(WORDS))
    assert vectors.to_numpy().min() >= 0
    assert vectors.to_numpy().max() <= 1
    predictor = zapsim.SimilarityPredictor(catalogue, vectors)
    assert predictor.similar_to(text_vector(text), k=1)["key"].tolist() == [first]


@pytest.mark.parametrize("text", ["", "  ", "a red one"])
def test_words_it_does_not_know_are_an_error(text):
    with pytest.raises(ValueError, match="knows only red, orange"):
        text_vector(text)
