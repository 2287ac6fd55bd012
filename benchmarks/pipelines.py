"""Run one pipeline from picture files to stored features, in a process of its own, when told.

    PYTHON -m benchmarks.pipelines WAY FOLDER SETTINGS

In: a line on stdin for each run; FOLDER has ``pictures``, and the features go to ``store`` in it.
Out: on stdout "ready", then each run's processor seconds, and at the end the process's peak of
memory in MB. The edge rule: nothing of zapsim is imported for a peer, which has a Python of its
own.
"""

import json
import os
import shutil
import sys
import time
from pathlib import Path

from benchmarks.measure import peak_megabytes


def article(pictures, store, settings):
    """Build the article's pipeline: Keras' generator and `predict`, cut at fc2, batches of 64."""
    import keras
    import numpy as np
    import pandas as pd
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    vgg16 = keras.applications.VGG16(weights=None)
    cut = keras.Model(vgg16.input, vgg16.layers[-2].output)
    generator = ImageDataGenerator(preprocessing_function=keras.applications.vgg16.preprocess_input)

    def run():
        files = pd.DataFrame({"filename": [str(p) for p in pictures.rglob("*") if p.is_file()]})
        batches = generator.flow_from_dataframe(
            files, target_size=(224, 224), batch_size=64, class_mode=None, shuffle=False
        )
        store.mkdir()
        np.save(store / "features.npy", cut.predict(batches, verbose=0))

    return run


def ours(pictures, store, settings):
    import zapsim

    extractor = zapsim.VGG16Extractor(**settings)
    return lambda: extractor.extract(zapsim.load_catalogue(pictures), cache=store)


def fastdup(pictures, store, settings):
    import fastdup

    cores = os.cpu_count()
    return lambda: fastdup.run(str(pictures), work_dir=str(store), run_mode=1, num_threads=cores)


WAYS = {way.__name__: way for way in (article, ours, fastdup)}


def main(way, folder, settings):
    # Keras, fastdup and zapsim all print.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    store = Path(folder) / "store"
    run = WAYS[way](Path(folder) / "pictures", store, json.loads(settings))
    # The first run builds or traces the network, and is not counted.
    run()
    print("ready", file=answers)
    for _ in sys.stdin:
        start = time.process_time()
        shutil.rmtree(store)
        run()
        print(time.process_time() - start, file=answers)
    print(peak_megabytes(), file=answers)


if __name__ == "__main__":
    main(*sys.argv[1:])
