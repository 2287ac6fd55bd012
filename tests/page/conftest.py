"""MiniZap, for those who look at its page."""

import pytest

import zapsim


@pytest.fixture(scope="session")
def features():
    return zapsim.load_features()


@pytest.fixture(scope="session")
def predictor(features):
    return zapsim.SimilarityPredictor(zapsim.load_catalogue(), features)
