"""Extractors and predictors as scikit-learn's and joblib's users treat them: copied, pickled, sent.

Real threads and processes, so that what hangs is found here.
"""

import copy
import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest

import zapsim

COPIES = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda each: pickle.loads(pickle.dumps(each)),
}


@pytest.fixture
def catalogue(ut_zappos):
    return zapsim.load_catalogue(ut_zappos)


@pytest.fixture
def extractor():
    return zapsim.VGG16Extractor(image_size=32, fit="trim", power=1)


@pytest.mark.parametrize("duplicate", COPIES.values(), ids=COPIES)
def test_a_copied_extractor_is_the_same_and_carries_no_network(extractor, duplicate):
    ours = duplicate(extractor)
    assert repr(ours) == repr(extractor)
    assert ours.settings == extractor.settings
    assert vars(ours)["_engine"] is None


@pytest.mark.litert
@pytest.mark.parametrize("duplicate", COPIES.values(), ids=COPIES)
def test_an_extractor_that_was_used_is_copied_without_its_network(extractor, catalogue, duplicate):
    before = extractor.extract(catalogue)
    ours = duplicate(extractor)
    assert vars(ours)["_engine"] is None
    assert vars(extractor)["_engine"] is not None
    assert len(pickle.dumps(extractor)) < 2_000
    pd.testing.assert_frame_equal(ours.extract(catalogue), before)


@pytest.mark.keras
def test_a_network_that_was_looked_at_is_no_part_of_the_state():
    extractor = zapsim.VGG16Extractor("block1_pool", image_size=32, weights=None)
    n_layers = len(extractor.model.layers)
    ours = pickle.loads(pickle.dumps(extractor))
    assert "model" not in vars(ours)
    assert len(ours.model.layers) == n_layers


@pytest.mark.parametrize("from_matrix", [False, True])
@pytest.mark.parametrize("duplicate", COPIES.values(), ids=COPIES)
def test_a_predictor_is_copied_before_and_after_use(catalogue, on_a_circle, duplicate, from_matrix):
    features = on_a_circle(catalogue, [0, 1, 10, 50, 60, 62])
    given = zapsim.similarity_matrix(features) if from_matrix else features
    predictor = zapsim.SimilarityPredictor(catalogue, given)
    asked = {"k": 3, "where": {"Category": ["Boots", "Shoes"]}, "hide_colourways": True}
    fresh, key = duplicate(predictor), catalogue.keys[0]
    expected = predictor.similar(key, **asked)
    for ours in (fresh, duplicate(predictor)):
        pd.testing.assert_frame_equal(ours.similar(key, **asked), expected)
        assert ours.html(key).data == predictor.html(key).data


@pytest.mark.litert
def test_an_extractor_and_a_predictor_in_many_threads_at_once(extractor, catalogue):
    features = extractor.extract(catalogue)
    predictor = zapsim.SimilarityPredictor(catalogue, features)
    # The network is opened by whichever thread comes first.
    predictor.extractor = copy.copy(extractor)
    with ThreadPoolExecutor(8) as pool:
        found = list(
            pool.map(
                lambda key: predictor.similar_to(catalogue.picture(key)), list(catalogue.keys) * 4
            )
        )
    nearest = [table.loc[0, "key"] for table in found]
    assert nearest == list(catalogue.keys) * 4


SCRIPT = """
import multiprocessing, pickle, sys
import numpy as np
import zapsim

def asked(both):
    extractor, predictor, key = both
    vector = extractor.extract(predictor.catalogue.picture(key))
    return vector, predictor.similar(key, 3), predictor.similar_to(vector, 1).loc[0, "key"]

if __name__ == "__main__":
    method, used, precision = sys.argv[1:4]
    extractor = zapsim.VGG16Extractor(image_size=32, precision=precision)
    catalogue = zapsim.load_catalogue(sys.argv[4])
    features = extractor.extract(catalogue)
    if used == "fresh":
        extractor = zapsim.VGG16Extractor(image_size=32, precision=precision)
    predictor = zapsim.SimilarityPredictor(catalogue, features, extractor)
    tasks = [(extractor, predictor, key) for key in catalogue.keys]
    with multiprocessing.get_context(method).Pool(2) as pool:
        for key, (vector, found, nearest) in zip(catalogue.keys, pool.map(asked, tasks)):
            assert np.array_equal(vector, features.loc[key]), key
            assert found.equals(predictor.similar(key, 3)) and nearest == key
    print("done")
"""


def run(script, *arguments, tmp_path, seconds=240):
    # In a file: spawned processes import it.
    path = tmp_path / "script.py"
    path.write_text(script)
    return subprocess.run(
        [sys.executable, str(path), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=seconds,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


METHODS = ["spawn"] + ["fork"] * hasattr(os, "fork")


@pytest.mark.litert
@pytest.mark.parametrize("used", ["used", "fresh"])
@pytest.mark.parametrize("method", METHODS)
def test_processes_extract_and_recommend(ut_zappos, tmp_path, method, used):
    done = run(SCRIPT, method, used, "int8", ut_zappos, tmp_path=tmp_path)
    assert done.stdout.endswith("done\n"), done.stderr


FORKED = """
import os, sys, threading
import numpy as np
import zapsim
import zapsim.features as features

extractor = zapsim.VGG16Extractor(image_size=32)
picture = np.zeros((9, 9, 3), np.uint8)
held = features._OPENING.held()
thread = threading.Thread(target=held.__enter__)
thread.start(), thread.join()
child = os.fork()
if not child:
    extractor.extract(picture)
    os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.litert
@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork")
def test_a_child_that_is_forked_while_a_network_is_opened_does_not_wait_for_it(tmp_path):
    done = run(FORKED, tmp_path=tmp_path)
    assert done.stdout.endswith("7\n"), done.stderr


DRAWING = """
import os, sys, threading
from pathlib import Path
from tests.hostile.stand_in import numbered, stand_in
from tqdm.auto import tqdm
import zapsim

catalogue, extractor = zapsim.load_catalogue(numbered(Path("pictures"), 8)), stand_in()
extractor.extract(catalogue)

def killed():
    tqdm.get_lock().acquire()
    os._exit(9)

def extracts():
    extractor.extract(catalogue)
    os._exit(7)

def forked(function):
    child = os.fork()
    return child or function()

if sys.argv[1] == "thread":
    thread = threading.Thread(target=tqdm.get_lock().acquire)
    thread.start(), thread.join()
else:
    assert os.waitstatus_to_exitcode(os.waitpid(forked(killed), 0)[1]) == 9
print(os.waitstatus_to_exitcode(os.waitpid(forked(extracts), 0)[1]))
if sys.argv[1] == "process":
    extractor.extract(catalogue)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork")
@pytest.mark.parametrize("holder", ["thread", "process"])
def test_no_bar_waits_for_one_that_nobody_draws_any_more(tmp_path, holder):
    done = run(DRAWING, holder, tmp_path=tmp_path, seconds=60)
    assert done.stdout.endswith("7\n"), done.stderr


KERAS = """
import os
import numpy as np
import zapsim

extractor = zapsim.VGG16Extractor("block1_pool", image_size=32)
picture = np.zeros((9, 9, 3), np.uint8)
extractor.extract(picture)
child = os.fork()
if not child:
    for each in (extractor, zapsim.VGG16Extractor("block1_conv1", image_size=32)):
        try:
            each.extract(picture)
        except RuntimeError as error:
            assert "forked from one that has used TensorFlow" in str(error), error
        else:
            os._exit(1)
    os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.keras
@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork")
def test_keras_in_a_forked_process_says_so_and_does_not_hang(tmp_path):
    done = run(KERAS, tmp_path=tmp_path)
    assert done.stdout.endswith("7\n"), done.stderr
