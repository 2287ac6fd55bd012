"""people.py: made-up files read as they should be, damaged ones refused, honest accuracy."""

import zipfile

import numpy as np
import pandas as pd
import pytest
from scipy.io import savemat

import zapsim
from zapsim.judge.people import attribute_accuracy, attribute_questions, load_comparisons
from zapsim.widgets.quiz_state import QuizState

# The order in which pictures are counted is the file's own, not the catalogue's.
PATHS = [
    "Shoes/Oxfords/Bostonian/100627.72.jpg",
    "Sandals/Flat/A.P.C./7002.9.jpg",
    "Boots/Ankle/UGG/7001.1.jpg",
    "Boots/Ankle/Not there/8888.1.jpg",
]
ORDER = [
    [[1, 2, 1, 2, 1.2, 0.8]],
    [[1, 3, 2, 1, 1.0, 1.0], [4, 1, 2, 1, 1.0, 1.0]],
    [],
    [[3, 2, 4, 2, 2.5, 0.6]],
]
EQUAL = [[], [[2, 3, 2, 3, 1.5, 0.7]], [], []]


def cell(blocks):
    cells = np.empty((1, len(blocks)), object)
    for number, block in enumerate(blocks):
        cells[0, number] = np.array(block, float).reshape(-1, 6)
    return cells


@pytest.fixture
def write(tmp_path):
    def make(order=ORDER, equal=EQUAL, paths=PATHS):
        folder = tmp_path / "data"
        folder.mkdir(exist_ok=True)
        labels = {"mturkOrder": cell(order) if isinstance(order, list) else order}
        if equal is not None:
            labels["mturkEqual"] = cell(equal)
        savemat(folder / "zappos-labels.mat", labels)
        names = np.empty((len(paths), 1), object)
        names[:, 0] = paths
        savemat(folder / "image-path.mat", {"imagepath": names})
        return folder

    return make


@pytest.fixture
def catalogue(ut_zappos):
    return zapsim.load_catalogue(ut_zappos)


def check(table):
    oxford, ugg = "Shoes/Oxfords/Bostonian/100627.72.jpg", "Boots/Ankle/UGG/7001.1.jpg"
    sandal = "Sandals/Flat/A%2EP%2EC%2E/7002.9.jpg"
    assert table.to_numpy().tolist() == [
        [oxford, sandal, "open", "b", 1.2, 0.8],
        [oxford, ugg, "pointy", "a", 1.0, 1.0],
        [ugg, sandal, "comfort", "b", 2.5, 0.6],
        [sandal, ugg, "pointy", "equal", 1.5, 0.7],
    ]


def test_comparisons_are_read_from_a_folder_and_from_the_zip(write, catalogue, tmp_path):
    folder = write()
    check(load_comparisons(folder, catalogue))
    with zipfile.ZipFile(tmp_path / "data.zip", "w") as archive:
        for path in folder.iterdir():
            archive.write(path, f"ut-zap50k-data/{path.name}")
    check(load_comparisons(tmp_path / "data.zip", catalogue))


def test_without_equal_pairs_and_without_any_known_item(write, catalogue):
    with pytest.warns(UserWarning, match="labels.mat holds no 'mturkEqual': those pairs are miss"):
        assert len(load_comparisons(write(equal=None), catalogue)) == 3
    assert len(load_comparisons(write(paths=["Boots/x/y/1.1.jpg"] * 4), catalogue)) == 0


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([5, 1, 1, 1, 1, 1], "two of the 4 pictures"),
        ([0, 1, 1, 1, 1, 1], "counted from 1"),
        ([1, 2, 5, 1, 1, 1], "attribute from 1 to 4"),
        ([1, 2, 1, 0, 1, 1], "label from 1 to 3"),
        ([1.5, 2, 1, 1, 1, 1], "two of the 4"),
        ([np.nan, 2, 1, 1, 1, 1], "two of the 4"),
        ([1, 2, 1, 1, np.inf, 1], "confidence or agreement is negative or no number"),
        ([1, 2, 1, 1, 1, -1], "confidence or agreement is negative or no number"),
    ],
)
def test_what_is_no_comparison_is_refused(write, catalogue, row, message):
    with pytest.raises(ValueError, match=message):
        load_comparisons(write(order=[[row]]), catalogue)


def test_other_files_are_refused(write, catalogue, tmp_path):
    texts = np.empty((1, 1), object)
    texts[0, 0] = np.array([["x"] * 6])
    with pytest.raises(ValueError, match="numbers in 6 columns"):
        load_comparisons(write(order=texts), catalogue)
    folder = write()
    savemat(folder / "zappos-labels.mat", {"something": np.eye(2)})
    with pytest.raises(ValueError, match="no variable 'mturkOrder'"):
        load_comparisons(folder, catalogue)
    (folder / "zappos-labels.mat").write_bytes(b"not from MATLAB")
    with pytest.raises(
        ValueError, match="labels.mat cannot be read as UT-Zappos50K's MATLAB file: it begins"
    ):
        load_comparisons(folder, catalogue)
    (folder / "image-path.mat").unlink()
    write()
    (folder / "image-path.mat").unlink()
    with pytest.raises(FileNotFoundError, match="No image-path.mat in"):
        load_comparisons(folder, catalogue)
    with pytest.raises(FileNotFoundError, match=r"part of UT-Zappos50K's"):
        load_comparisons(tmp_path / "none.zip", catalogue)


def test_an_unreasonably_large_file_is_not_read(write, catalogue, monkeypatch):
    monkeypatch.setattr("zapsim.io.sources.NAMED_BYTES", 10)
    with pytest.raises(ValueError, match="more than the limit of 10"):
        load_comparisons(write(), catalogue)


def test_a_damaged_zip_is_refused_by_name(write, catalogue, tmp_path):
    path = tmp_path / "data.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for each in write().iterdir():
            archive.write(each, each.name)
        start = archive.getinfo("zappos-labels.mat").header_offset
    data = bytearray(path.read_bytes())
    data[start + 60 : start + 80] = b"\xff" * 20
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"zappos-labels\.mat in .*data\.zip cannot be read"):
        load_comparisons(path, catalogue)
    path.write_bytes(b"<!DOCTYPE html>")
    with pytest.raises(ValueError, match=r"cannot be read \(File is not a zip"):
        load_comparisons(path, catalogue)


def test_what_fetch_zappos_leaves_in_a_folder_is_enough(write, catalogue):
    folder = write()
    with zipfile.ZipFile(folder / "ut-zap50k-data.zip", "w") as archive:
        archive.write(folder / "image-path.mat", "ut-zap50k-data/image-path.mat")
    (folder / "image-path.mat").unlink()
    check(load_comparisons(folder, catalogue))


@pytest.fixture
def judged():
    """2,000 items whose pointiness is their third feature, and 1,200 answers that say so."""
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(rng.random((2000, 8)), index=[f"{n}.jpg" for n in range(2000)])
    a, b = rng.integers(0, 2000, (2, 1200))
    a, b = a[a != b], b[a != b]
    unit = zapsim.similarity.unit_vectors(frame)
    people = np.where(unit[a, 2] > unit[b, 2], "a", "b")
    pairs = pd.DataFrame(
        {"a": frame.index[a], "b": frame.index[b], "attribute": "pointy", "people": people}
    )
    return frame, pairs


def test_what_the_features_hold_is_learned_and_what_they_do_not_is_not(judged):
    frame, pairs = judged
    accuracy, n = attribute_accuracy(frame, pairs, "pointy")
    assert accuracy > 0.93 and n == round(0.2 * len(pairs))
    random = np.random.default_rng(5).choice(["a", "b"], len(pairs))
    accuracy, _ = attribute_accuracy(frame, pairs.assign(people=random), "pointy")
    assert 0.35 < accuracy < 0.65, "guessing must not look like knowledge"


def test_it_is_never_asked_about_pictures_it_was_fitted_to(judged, monkeypatch):
    """Every item has a feature of its own, so that answers could be learned by heart."""
    frame, pairs = judged
    by_heart = pd.DataFrame(np.eye(2000), index=frame.index)
    with_all = pairs.iloc[:150]
    asked = attribute_questions(by_heart, with_all, "pointy", n=30)
    assert (asked[["score_a", "score_b"]] == 0).all().all()


@pytest.mark.parametrize("people", ["A", "b ", None])
def test_what_is_no_answer_does_not_count_as_one(judged, people):
    frame, pairs = judged
    pairs.loc[7, "people"] = people
    with pytest.raises(ValueError, match="people must be one of a, b, equal. Received: "):
        attribute_accuracy(frame, pairs, "pointy")


def test_questions_go_into_a_quiz(write, catalogue):
    keys = list(catalogue.keys)
    frame = pd.DataFrame(np.eye(6) + 0.1, index=keys)
    frame.iloc[3:] += 1
    rows = [(keys[i], keys[j]) for i in range(6) for j in range(6) if i != j] * 3
    pairs = pd.DataFrame(rows, columns=["a", "b"]).assign(attribute="open", people="a")
    pairs.loc[pairs["a"] < pairs["b"], "people"] = "b"
    with pytest.raises(ValueError, match="Too few pairs compare 'open' to learn from: 90"):
        attribute_questions(frame, pairs, "open")
    with pytest.raises(ValueError, match="one of open, pointy, sporty, comfort. Received: 'red'"):
        attribute_questions(frame, pairs, "red")
    questions = pairs.head(2).assign(score_a=0.2, score_b=0.1)
    state = QuizState(catalogue, questions, "Which of the two is more open?")
    state.answer("b")
    assert state.tally()["with people"] == 1


def test_the_number_of_questions(judged):
    frame, pairs = judged
    assert list(attribute_questions(frame, pairs, "pointy", n=7).columns) == [
        "a", "b", "score_a", "score_b", "people"
    ]  # fmt: skip
    assert len(attribute_questions(frame, pairs, "pointy", n=7)) == 7
    with pytest.raises(ValueError, match="n must be"):
        attribute_questions(frame, pairs, "pointy", n=0)


def test_what_are_no_comparisons_is_refused(judged, catalogue):
    frame, pairs = judged
    with pytest.raises(TypeError, match="comparisons must be a table as load_comparisons .*zip"):
        attribute_questions(frame, "ut-zap50k-data.zip", "pointy")
    with pytest.raises(
        ValueError, match="the columns a, b, attribute, people, .* Received: a, b, p"
    ):
        attribute_accuracy(frame, pairs.drop(columns="attribute"), "pointy")
    with pytest.raises(ValueError, match="seed must be a whole number of at least 0.*seed='now'"):
        attribute_accuracy(frame, pairs, "pointy", seed="now")
    with pytest.raises(TypeError, match="source must be the path .* Received: None"):
        load_comparisons(None, catalogue)
    with pytest.raises(TypeError, match="catalogue must be a Catalogue"):
        load_comparisons("data.zip", pairs)


@pytest.mark.parametrize("answer", ["a", "b"])
def test_a_tie_is_half_right_whatever_people_said(judged, answer):
    frame, pairs = judged
    nothing = pd.DataFrame(np.ones((2000, 4)), index=frame.index)
    pairs = pairs.assign(people=answer)
    assert attribute_accuracy(nothing, pairs, "pointy")[0] == 0.5


@pytest.mark.parametrize("file", ["zappos-labels.mat", "image-path.mat"])
def test_a_file_that_could_unpack_to_more_than_memory_holds_is_not_unpacked(write, catalogue, file):
    folder = write()
    (folder / file).write_bytes(bytes(2_000_001))
    with pytest.raises(ValueError, match=rf"{file} has 2,000,001 bytes, more .* 2,000,000\. Is it"):
        load_comparisons(folder, catalogue)


def test_compressed_files_are_read(write, catalogue):
    folder, blocks = write(), np.empty((1, 1), object)
    blocks[0, 0] = np.ones((20_000, 6))
    labels = {"mturkOrder": blocks, "mturkEqual": blocks[:, :0]}
    savemat(folder / "zappos-labels.mat", labels, do_compression=True)
    assert (folder / "zappos-labels.mat").stat().st_size < 20_000
    assert len(load_comparisons(folder, catalogue)) == 20_000


@pytest.mark.parametrize("cells", ["empty", "numbers", "sparse"])
@pytest.mark.parametrize("file", ["zappos-labels.mat", "image-path.mat"])
def test_cells_of_another_kind_are_refused_with_the_files_name(write, catalogue, file, cells):
    from scipy.sparse import csc_array

    folder, empty = write(), np.empty((1, 1), object)
    empty[0, 0] = np.empty((0, 0)) if file.startswith("image") else np.array([["x"]])
    made = {"empty": empty, "numbers": np.eye(6), "sparse": csc_array(np.eye(6))}[cells]
    name = "imagepath" if file.startswith("image") else "mturkOrder"
    savemat(folder / file, {name: made, "mturkEqual": np.empty((1, 0), object)})
    with pytest.raises(ValueError, match=r"must (hold|be)") as error:
        load_comparisons(folder, catalogue)
    assert file in str(error.value)
