# %% [markdown]
# # 11 · Beyond one machine
#
# A laptop handles 50,000 shoes with ease. What about two million? You measure where one machine ends. Then you run
# the same line on engines made for more: Ray spreads the work, LanceDB finds vectors on a disk.
#
# **You will build** a plan with a price: what to rent for your pictures, and for how long.
#
# {goals}
#
# 🕐 30 minutes (3 running, 15 reading, 12 practice) · **You need** [04](04_measure_similarity.ipynb) and
# [05](05_recommend.ipynb). This elective uses MiniZap. Ray and LanceDB are extra: `pip install 'zapsim[scale]'`. Without
# them, the cells that need them say so, and everything else runs.

# %%
from importlib.util import find_spec
from tempfile import mkdtemp
from time import perf_counter

import numpy as np
import pandas as pd
import psutil
from sklearn.cluster import KMeans

import zapsim
from zapsim.course import check, goals, hint, question
from zapsim.course.lessons.growth import measure_search, plan, plot_growth, plot_knob

HAS_SCALE = all(find_spec(name) for name in ("ray", "lancedb"))
MISSING = "This cell needs Ray and LanceDB: pip install 'zapsim[scale]'"

# %% tags=["parameters"]
n_workers = 2

# %% [markdown]
# ## Where one machine ends
# An exact search compares the query with every vector. Time it for a few sizes, and carry the line on to 100 million.
# Where does each dashed line become too much?

# %% alt="Two charts with both axes logarithmic. Seconds for one query, and gigabytes of vectors, grow with the items; dashed lines carry on to 100 million, where the vectors are far above this machine's memory."
catalogue, features = zapsim.load_catalogue(), zapsim.load_features()
measured = measure_search(features.to_numpy(), sizes=[1_000, 5_000, 20_000])
plot_growth(measured, until=100_000_000, memory=psutil.virtual_memory().total / 1e9)

# %% [markdown]
# Both grow with the number of items. The dots are measured; the dashed part is only carried on. Beyond the black line the
# vectors do not fit. A shop may lose patience earlier: look where a query takes a second.
#
# ## 📝 Exercise 11-1: how much memory
#
# - **Goal:** know before you start whether vectors fit
# - **Given:** numbers of items and features, and bytes a number takes (float32: 4, float16: 2)
# - **Wanted:** `my_gigabytes(n_items, n_features, bytes_each)`, in gigabytes of 10⁹ bytes


# %% tags=["exercise"]
def my_gigabytes(n_items, n_features, bytes_each):
    """Return how many gigabytes the vectors take (float)."""


check("11-1", my_gigabytes)

# %% [markdown]
# ## Many hands
# Extraction is easy to share: no picture needs another one. A [worker](glossary.md#worker) is a process that takes some
# pictures, on this machine or on another. Ray hands out the work. By hand, it is a function with a decorator.

# %% tags=["nbval-ignore-output"]
few = catalogue.sample(32, seed=1)
if HAS_SCALE:
    import ray

    ray.init("local", log_to_driver=False, include_dashboard=False, logging_level="error")

    @ray.remote
    def extract_some(keys):
        return zapsim.VGG16Extractor().extract(catalogue.portion(keys))

    parts = [extract_some.remote(list(few.keys[start::2])) for start in (0, 1)]
    by_hand = pd.concat(ray.get(parts)).loc[few.keys]
print(by_hand.shape if HAS_SCALE else MISSING)

# %% [markdown]
# `extract_on_ray` does this for a whole catalogue. What comes back is written to a feature store, in one place. A
# picture that makes its worker die is tried again alone, then named. Compare with what one machine made.

# %% tags=["nbval-ignore-output"]
if HAS_SCALE:
    from zapsim.scale import extract_on_ray

    store = mkdtemp()
    problems = extract_on_ray(few, store, workers=n_workers)
    ray.shutdown()
    together = zapsim.load_features(store, few)
    print(len(problems), "problems; agree:", np.allclose(by_hand, together, atol=1e-3))
if not HAS_SCALE:
    print(MISSING)

# %% [markdown]
# For a real cluster, little is new ([line by line](../docs/cluster.md), and what to do before you rent):
#
# - Install zapsim, in the same version, on every machine. Start the first with `ray start --head`, the others
#   with `ray start --address=FIRST:6379`. Call `extract_on_ray(…, address="auto")` on the first.
# - Each processor gets a worker of about 0.2 GB, or each GPU, if there are any.
# - Pictures may lie in object storage: `zapsim.load_catalogue(zapsim.scale.open_bucket("s3://shop/pictures?region=…",
#   done=store))`. Every machine reads, so each needs credentials. Rent in the same region.
# - The store is a folder of the first machine, so that one must last. Others may go away. After an interruption, do both
#   again: with `done=store`, finished pictures are not even read. Open the bucket again before indexing, too.

# %% tags=["question"]
question("11-a")

# %% [markdown]
# ## Look at fewer
# An [approximate index](glossary.md#approximate-index) does not compare everything. It puts vectors into groups beforehand. A
# query reads only the groups whose centres are nearest. By hand, for 10,000 vectors made from MiniZap's with some noise:

# %%
random = np.random.default_rng(0)
short = zapsim.reduce(features, 64).to_numpy()
many = short[random.integers(0, len(short), 10_000)]
many = many + random.normal(size=many.shape) * short.std(axis=0)
many /= np.linalg.norm(many, axis=1, keepdims=True)
groups = KMeans(100, n_init=1, max_iter=20, random_state=0).fit(many)
f"{len(many):,} vectors in {groups.n_clusters} groups"

# %% [markdown]
# Now search in the nearest groups only. `probes` says how many are read: that is the knob.


# %%
def find_near(query, probes):
    near = np.argsort(-(groups.cluster_centers_ @ query))[:probes]
    rows = np.flatnonzero(np.isin(groups.labels_, near))
    best = np.argsort(-(many[rows] @ query))[:10]
    return rows[best], len(rows) / len(many)


found, compared = find_near(many[0], probes=5)
len(found), bool(found[0] == 0), bool(compared < 0.2)

# %% [markdown]
# The first one found is the query itself. But did we find the true ten? [Recall](glossary.md#recall) is the share of them
# that was found.
#
# ## 📝 Exercise 11-2: recall
#
# - **Goal:** say how good an approximate search is
# - **Given:** what was found, and what exact search finds, as lists; order does not count
# - **Wanted:** `my_recall(found, wanted)`, the share of the wanted ones that were found


# %% tags=["exercise"]
def my_recall(found, wanted):
    """Return the share of the wanted items that were found (float)."""


check("11-2", my_recall)

# %% [markdown]
# Turn the knob. How many groups are enough for 0.95?


# %% alt="A rising curve of recall against the share of vectors compared: steep at first, then flat close to 1; dots are labelled with the number of groups read, from 1 to 50."
def measured_at(probes):
    tries = [find_near(many[n], probes) for n in range(100)]
    exact = [np.argsort(-(many @ many[n]))[:10] for n in range(100)]
    hits = [np.isin(e, f).mean() for (f, _), e in zip(tries, exact, strict=True)]
    return probes, np.mean(hits), np.mean([share for _, share in tries])


knob = [measured_at(probes) for probes in (1, 2, 5, 10, 20, 50)]
knob = pd.DataFrame(knob, columns=["groups read", "recall", "compared"])
plot_knob(knob)

# %% [markdown]
# The first groups bring most. The last few percent cost as much as all before. You choose the point, by what a miss
# costs you.

# %% tags=["question"]
question("11-b")

# %% [markdown]
# ## An index on a disk
# LanceDB keeps such an index in a folder, or in object storage. By hand: a table with a column of vectors.

# %% tags=["nbval-ignore-output"]
key = catalogue.keys[300]
if HAS_SCALE:
    import lancedb

    rows = [
        {"key": k, "vector": v} for k, v in zip(features.index, features.to_numpy(), strict=True)
    ]
    table = lancedb.connect(mkdtemp()).create_table("shoes", rows)
    nearest = table.search(features.loc[key].to_numpy()).distance_type("cosine").limit(6)
    by_hand = nearest.to_pandas()["key"].tolist()[1:]
print(by_hand if HAS_SCALE else MISSING)

# %% [markdown]
# `build_index` adds the catalogue's columns. A store that is larger than memory is read part by part, and shortened by a
# `zapsim.kinds.pca.Reduction`, if you like: [fit it on a sample, and keep it](../docs/cluster.md#search-by-an-index).
# `IndexPredictor` is the predictor that you know, on top of it. It scores what the index finds exactly, so its scores are
# those of exact search.

# %% tags=["nbval-ignore-output"]
if HAS_SCALE:
    from zapsim.scale import IndexPredictor, build_index

    index = build_index(features, mkdtemp(), catalogue)
    predictor = IndexPredictor(catalogue, index)
    exact = zapsim.SimilarityPredictor(catalogue, features)
    print("by hand:", predictor.similar(key)["key"].tolist() == by_hand)
    print("exact:", predictor.similar(key).equals(exact.similar(key)))
if not HAS_SCALE:
    print(MISSING)

# %% [markdown]
# Filters mean what they mean elsewhere. Shoes come and go without building everything again
# ([each month](../docs/cluster.md#when-pictures-come-and-go)).

# %% tags=["nbval-ignore-output"]
if HAS_SCALE:
    where = {"Gender": "Women", "Category": ["Boots", "Sandals"]}
    print("exact:", predictor.similar(key, where=where).equals(exact.similar(key, where=where)))
    index.remove([key])
    print(key in index.keys, "after remove")
    index.add(features.loc[[key]], catalogue)
    print(key in index.keys, "after add")
if not HAS_SCALE:
    print(MISSING)

# %% tags=["question"]
question("11-c")

# %% [markdown]
# ## What does it cost?
# Start with time. All cores together do so many pictures a second.
#
# ## 📝 Exercise 11-3: hours
#
# - **Goal:** estimate before you rent
# - **Given:** items, pictures a second that one core does, and the number of cores
# - **Wanted:** `my_hours(n_items, rate, n_cores)`, in hours


# %% tags=["exercise"]
def my_hours(n_items, rate, n_cores):
    """Return the hours of extraction (float); `rate` is in pictures a second and core."""


check("11-3", my_hours)

# %% [markdown]
# How fast is one core of yours? On a quiet machine, time pictures that are not in any store:

# %% tags=["nbval-ignore-output"]
extractor, timed = zapsim.VGG16Extractor(), catalogue.sample(128, seed=2)
extractor.extract(timed.subset(timed.keys[:8]))
start = perf_counter()
extractor.extract(timed)
mine = 128 / (perf_counter() - start) / psutil.cpu_count()
print(f"{mine:.0f} pictures a second and core")

# %% [markdown]
# Here is the whole plan. Every number is an assumption, and every price an example of no shop in particular: put in your
# own. "Core" is what your provider counts: often half of a real one.

# %%
assumed = {
    # benchmarks/README.md: 43 to 112. Yours is measured above.
    **{"pictures_per_second_and_core": 50, "cores_per_machine": 8, "hours_at_most": 3},
    **{"dollars_per_machine_hour": 0.40, "hours_to_set_up_a_machine": 0.2},
    **{"kilobytes_per_picture": 50, "requests_per_picture": 2},
    **{"n_features": 2048, "bytes_per_number": 2, "dollars_per_gigabyte_month": 0.025},
    **{"dollars_per_million_requests": 0.40, "dollars_per_indexing_hour": 0.40},
    **{"index_features": 256, "index_bytes_per_number": 3, "index_bytes_per_item": 220},
    # For 256 numbers, 10 columns and two cores; python -m benchmarks.scale measures them.
    **{"indexed_per_second": 700, "build_bytes_per_item": 4_400},
    **{"search_bytes_per_item": 3_400, "search_processes": 1},
    "dollars_per_gigabyte_of_memory_month": 5,
}

# %%
plan([1_000_000, 10_000_000, 100_000_000], assumed).round(1)

# %% [markdown]
# "Hours in all" is how long you rent. "Dollars, once" buys that. Search costs again each month, since each process holds
# columns and keys in memory. Where indexing needs more memory than a machine has, rent a larger one for it. For other
# `index_features`, measure the three numbers below it anew. Not in the plan: the pictures' own storage, disks (a few
# percent), traffic between regions, and your evening.
#
# Two million may need no index: exact search among 256 numbers takes 50 ms a million (`benchmarks/README.md`). Here
# they are, at your speed. Change an assumption: which one matters most to you?

# %% tags=["nbval-ignore-output"]
plan(2_000_000, assumed | {"pictures_per_second_and_core": mine}).round(1)

# %% [markdown]
# ## You can now
# You can say where your machine ends, what comes after it, and what that costs.

# %%
goals("11")

# %% [markdown]
# **Next:** [10](10_bring_your_own_catalogue.ipynb) for your own pictures, or [12](12_without_zapsim.ipynb): the same without zapsim.
