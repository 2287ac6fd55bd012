"""Read what people said about pairs of shoes, and ask a model the same.

In: UT-Zappos50K's comparisons ("is the first one more pointy?", 1 to 4 attributes), and features.
Out: tables of pairs, and questions for a `QuizState`. Similarity does not know what is pointy, so
a direction in the features is fitted to the people's answers; it is only asked about pairs whose
pictures it was not fitted to. The edge rule: a row of a file that is not a comparison raises;
comparisons of items that the catalogue does not have are left out.
"""

import warnings
from pathlib import PurePosixPath

import numpy as np
import pandas as pd

from zapsim.checks import (
    check_catalogue,
    check_choice,
    check_features,
    check_table,
    checked_path,
    checked_seed,
    checked_whole,
)
from zapsim.io.disk import look
from zapsim.io.matlab import read_cells
from zapsim.io.sources import read_named
from zapsim.io.zappos import DATA_ZIP
from zapsim.keys import respelt
from zapsim.similarity import unit_vectors

__all__ = ["ATTRIBUTES", "attribute_accuracy", "attribute_questions", "load_comparisons"]

ATTRIBUTES = ("open", "pointy", "sporty", "comfort")
_ANSWERS = ("a", "b", "equal")
_LABELS, _PATHS = "zappos-labels.mat", "image-path.mat"
# UT-Zappos50K's two files have 0.3 and 0.7 MB.
_LARGEST = 2_000_000
_HELD_OUT = 0.2
_STRENGTHS = (0.1, 1, 10, 100)


def load_comparisons(source, catalogue):
    """Read the people's comparisons of pairs of shoes.

    Parameters
    ----------
    source : path
        UT-Zappos50K's ``ut-zap50k-data.zip``, or a folder; both hold ``zappos-labels.mat``
        and ``image-path.mat``, the order in which the pictures are counted.
    catalogue : Catalogue
        In UT-Zappos50K's layout: items are recognised by CID.

    Returns
    -------
    pandas.DataFrame
        One row a comparison of two items that the catalogue has: ``a``, ``b`` (keys),
        ``attribute`` (open, pointy, sporty or comfort), ``people`` ("a": the first has more of
        it, "b": less, or "equal"), ``confidence`` (1 very to 3 not confident, the mean) and
        ``agreement`` (the share of people who gave this answer, as it is in the file).

    Raises
    ------
    FileNotFoundError
        If one of the two files is missing.
    ValueError
        If a file or the zip is damaged, is larger than 2 MB, or holds something else.

    Warns
    -----
    UserWarning
        If the pairs that people found equal are missing.

    References
    ----------
    Yu & Grauman, "Fine-Grained Visual Comparisons with Local Learning", CVPR 2014.
    """
    check_catalogue(catalogue)
    labels = _cells(source, _LABELS, "mturkOrder", "mturkEqual")
    paths = _cells(source, _PATHS, "imagepath")
    if not all(isinstance(path, str) and path for path in paths):
        raise ValueError(f"{_PATHS} must hold one path a cell. Is it UT-Zappos50K's?")
    cids = [PurePosixPath(path).stem.replace(".", "-") for path in paths]
    key_of = dict(zip(catalogue.table.get("CID", ()), catalogue.keys, strict=False))
    keys = np.array([key_of.get(cid) for cid in cids], object)
    values = _numbers(labels, len(keys))
    first, second, attribute, label = values[:, :4].astype(np.int64).T - 1
    table = pd.DataFrame(
        {
            "a": keys[first],
            "b": keys[second],
            "attribute": np.array(ATTRIBUTES, object)[attribute],
            "people": np.array(_ANSWERS, object)[label],
            "confidence": values[:, 4],
            "agreement": values[:, 5],
        }
    )
    return table.dropna(subset=["a", "b"]).reset_index(drop=True)


def attribute_questions(features, comparisons, attribute, n=10, seed=42):
    """Make pair questions, with the people's answers and those of a model fitted to other pairs.

    Parameters
    ----------
    features : pandas.DataFrame of shape (n_items, n_features)
        Indexed by key.
    comparisons : pandas.DataFrame
        As `load_comparisons` returns; pairs without features, and equal ones, are left out.
    attribute : {"open", "pointy", "sporty", "comfort"}
    n : int
        How many, at least 1; fewer where fewer pairs are held out.
    seed : int

    Returns
    -------
    pandas.DataFrame
        For ``QuizState(catalogue, questions, "Which of the two is more pointy?")``: ``a``, ``b``,
        ``score_a``, ``score_b`` (how much of the attribute the model sees: comparable with each
        other, no cosine similarities), ``people``.

    Raises
    ------
    ValueError
        If the attribute is unknown, people gave another answer than "a", "b" and "equal", or there
        are too few pairs to fit a model.
    """
    n = checked_whole("n", n)
    return _held_out(features, comparisons, attribute, seed).head(n)


def attribute_accuracy(features, comparisons, attribute, seed=42):
    """Return how often the model says what people said, for pairs it was not fitted to.

    A fifth of the pairs is held out, and whatever shares a picture with them is not learned from.

    Parameters
    ----------
    features, comparisons, attribute, seed
        As in `attribute_questions`.

    Returns
    -------
    accuracy : float
        In [0, 1]; guessing gives 0.5. Where the model gives both the same score, it is half right.
    n : int
        Of how many pairs.

    References
    ----------
    Ranking by an attribute, learned from pairs: Parikh & Grauman, "Relative Attributes", ICCV
    2011, doi:10.1109/ICCV.2011.6126281. Here by logistic regression on the differences.
    """
    asked = _held_out(features, comparisons, attribute, seed)
    said = np.sign(asked["score_a"] - asked["score_b"])
    right = (1 + said * np.where(asked["people"] == "a", 1, -1)) / 2
    return float(right.mean()), len(asked)


def _held_out(features, comparisons, attribute, seed):
    """Fit to four fifths of the pairs; return the others with the model's scores."""
    check_features(features)
    check_table("comparisons", comparisons, ["a", "b", "attribute", "people"], "load_comparisons")
    check_choice("attribute", attribute, ATTRIBUTES)
    # What is not "a" would count as "b".
    for answer in comparisons["people"]:
        check_choice("people", answer, _ANSWERS)
    seed = checked_seed(seed)
    comparisons = comparisons.assign(
        **{side: respelt(pd.Index(comparisons[side]), features.index) for side in ("a", "b")}
    )
    pairs = comparisons[
        (comparisons["attribute"] == attribute)
        & (comparisons["people"] != "equal")
        & comparisons["a"].isin(features.index)
        & comparisons["b"].isin(features.index)
    ]
    asked = pairs.sample(frac=_HELD_OUT, random_state=seed)
    seen = set(asked["a"]) | set(asked["b"])
    learned = pairs[~pairs["a"].isin(seen) & ~pairs["b"].isin(seen)]
    if not len(asked) or len(learned) < 10:
        raise ValueError(
            f"Too few pairs compare {attribute!r} to learn from: {len(pairs):,}, of which "
            f"{len(learned):,} remain once {len(asked):,} and their pictures are held out."
        )
    unit = pd.DataFrame(unit_vectors(features), index=features.index, copy=False)
    direction = _fitted(
        unit.loc[learned["a"]].to_numpy() - unit.loc[learned["b"]].to_numpy(),
        (learned["people"] == "a").to_numpy(),
    )
    scores = {f"score_{c}": unit.loc[asked[c]].to_numpy() @ direction for c in ("a", "b")}
    return asked[["a", "b"]].assign(**scores, people=asked["people"]).reset_index(drop=True)


def _fitted(differences, more):
    """Find the direction along which "more" lies; ndarray of shape (n_features,)."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, KFold

    # Every pair counts in both orders, next to each other, so that no side is preferred.
    doubled = np.stack([differences, -differences], axis=1).reshape(-1, differences.shape[1])
    answers = np.stack([more, ~more], axis=1).ravel()
    model = LogisticRegression(fit_intercept=False, max_iter=1_000)
    search = GridSearchCV(model, {"C": _STRENGTHS}, cv=KFold(3))
    return search.fit(doubled, answers).best_estimator_.coef_[0]


def _cells(source, name, *variables):
    """Return the cells of a MATLAB file's variables, the first of which must be there."""
    source = checked_path(source, "source")
    # Of the two files, fetch_zappos takes only the labels out of the zip.
    places = [place for place in (source, source / DATA_ZIP) if look(place)]
    read = [data for place in places if (data := read_named(place, name)) is not None]
    if not read:
        raise FileNotFoundError(f"No {name} in {source}. It is part of UT-Zappos50K's {DATA_ZIP}.")
    if len(read[0]) > _LARGEST:
        raise ValueError(
            f"{name} has {len(read[0]):,} bytes, more than the limit of {_LARGEST:,}. "
            "Is it UT-Zappos50K's?"
        )
    try:
        found = read_cells(read[0], variables)
    except ValueError as error:
        raise ValueError(
            f"{name} cannot be read as UT-Zappos50K's MATLAB file: {error}. Take it out of "
            f"{DATA_ZIP} again."
        ) from error
    if variables[0] not in found:
        raise ValueError(f"{name} holds no variable {variables[0]!r}. Is it UT-Zappos50K's?")
    for variable in variables:
        if variable not in found:
            warnings.warn(f"{name} holds no {variable!r}: those pairs are missing.", stacklevel=3)
    return [cell for variable in variables for cell in found.get(variable, ())]


def _numbers(blocks, n_pictures):
    """Return blocks of comparisons as one array (n, 6) of floats, or raise ValueError."""
    blocks = [np.asarray(block) for block in blocks if np.size(block)]
    for block in blocks:
        if block.ndim != 2 or block.shape[1] != 6 or block.dtype.kind not in "iuf":
            raise ValueError(
                f"{_LABELS}: comparisons must be numbers in 6 columns. Received: {block.shape}, "
                f"{block.dtype}"
            )
    values = np.concatenate([np.empty((0, 6)), *blocks])
    whole, ends = values[:, :4], (n_pictures, n_pictures, len(ATTRIBUTES), len(_ANSWERS))
    if not ((whole >= 1) & (whole <= ends) & (whole % 1 == 0)).all():
        raise ValueError(
            f"{_LABELS}: a comparison needs two of the {n_pictures:,} pictures, an attribute from "
            "1 to 4 and a label from 1 to 3, all counted from 1. Some in the file have others."
        )
    if not ((values >= 0) & np.isfinite(values)).all():
        raise ValueError(
            f"{_LABELS}: some confidence or agreement is negative or no number. Is it damaged?"
        )
    return values
