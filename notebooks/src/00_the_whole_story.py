# %% [markdown]
# # 00 · The whole story
#
# Somebody looks at a shoe in your shop. You would like to say: *you may also like…* You have only pictures, and they are
# enough.
#
# **You will build** recommendations for 205 shoes, in ten lines.
#
# {goals}
#
# 🕐 10 minutes (1 running, 6 reading, 3 practice) · **You need** Python's basics. Run each cell with **Shift+Enter**.

# %%
import zapsim
from zapsim.course import check, goals, question
from zapsim.course.own_pictures import cache_of, whose

# %% tags=["parameters"]
source = None
cache = "bundled"

# %% [markdown]
# ## Ten lines
# The framed picture is the [query](glossary.md#query). The others are its [neighbours](glossary.md#neighbour), nearest
# first. Would you take the same ones?

# %% alt="A framed sandal with a straw wedge heel, and five neighbours: two are the same sandal in black and white, three are other wedge sandals."
catalogue = zapsim.load_catalogue(source)
features = zapsim.VGG16Extractor().extract(catalogue, cache=cache_of(catalogue, cache))
catalogue = catalogue.subset(features.index)
predictor = zapsim.SimilarityPredictor(catalogue, features)
query = catalogue.sample(1, seed=3).keys[0]
predictor.plot(query)

# %% [markdown]
# ## 📝 Exercise 00-1: your turn to ask
# - **Goal:** find the **6** nearest neighbours of the **first** item.
# - **Given:** `keys`, and a line that finds 3 of another item.
# - **Wanted:** `my_neighbours`, their keys, nearest first.

# %% tags=["exercise"]
keys = catalogue.keys
found = predictor.similar(query, k=3)["key"]
my_neighbours = ...

check("00-1", my_neighbours, predictor, keys)

# %% [markdown]
# ## How practice works
# Put code in place of the dots of an **exercise**, and run the cell. `check` says whether your answer is right, and what is behind a
# wrong one. Nothing can break: try as often as you like. If you are stuck, run `hint("00-1")` in a new cell. There are
# three hints, and `solution("00-1")` shows a solution. Before that, import them:
# `from zapsim.course import hint, solution`.
#
# A **question** has buttons. Try the wrong ones, too: each says what is behind it. At the end of a notebook, `goals` ticks
# what you practised. To keep that when you close the notebook, call `keep_progress()`, which is in `zapsim.course` as well.
# It writes a small file beside the notebook, and nothing leaves your machine.
#
# ## What happened, step by step
# In the next notebooks you build each of these lines by hand:
#
# ```
# pictures ──> Catalogue ──> features ──> similarity ──> recommendations
#              notebook 01   02, 03       04             05, 06
# ```
#
# **The catalogue.** `source` may be a folder or a `.zip` of your own pictures. `None` means **MiniZap**, drawn shoes that
# come with zapsim. One picture is one [item](glossary.md#item). Below each you see its brand, its kind and its number:

# %% alt="Contact sheet of twelve drawn shoes on white, each with its name below: boots, sandals, shoes and slippers."
whose(catalogue)
print(catalogue)
catalogue.plot(12)

# %% [markdown]
# **The features.** VGG16 is a network that was trained on a million photos. We cut it short. What comes out is not a
# verdict ("loafer!") but a description: **2,048 numbers a picture**, its [feature vector](glossary.md#feature-vector).
# `cache` is where such vectors are kept. MiniZap's are *bundled*, so above all 615 were found. Each row is one picture:

# %%
features.iloc[:4, :6].round(1)

# %% tags=["question"]
question("00-a")

# %% [markdown]
# **The similarity.** Two pictures are similar if their vectors point in nearly the same direction. The
# [score](glossary.md#score) says how nearly: 1 means the same direction. Two of MiniZap's shoes, taken at random, have 0.8
# on average. So look at the order of the neighbours, not at the size of the numbers.

# %%
predictor.similar(query, k=3)[["rank", "key", "score"]].round(3)

# %% tags=["question"]
question("00-b")

# %% [markdown]
# **The recommendation.** The first two neighbours above are the same sandal in other colours. A shop would not recommend
# those. One word hides them:

# %% alt="The same framed sandal; its five neighbours are now wedge sandals of two other products, in several colours."
predictor.plot(query, hide_colourways=True)

# %% [markdown]
# ## You can now
# You can turn a folder of pictures into recommendations. What happens inside comes next.

# %%
goals("00")

# %% [markdown]
# **Next:** in [01](01_meet_the_catalogue.ipynb) you open the folder by hand, and see what may be wrong with it.
