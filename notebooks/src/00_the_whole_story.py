# %% [markdown]
# # 00 · The whole story
#
# You have a folder of product pictures. Somebody looks at a shoe, and you would like to say: *you may also like…* There
# are no ratings, no purchases and no descriptions. There are only pictures, and they are enough.
#
# **You will build** recommendations for 205 shoes, in ten lines.
#
# {goals}
#
# 🕐 10 minutes (1 running, 6 reading, 3 practice) · **You need** Python's basics; nothing about neural networks.
#
# Run a cell with **Shift+Enter**, one after the other. This notebook shows where we go. The next ones take it apart,
# and there you build each step by hand:
#
# ```
# pictures ──> Catalogue ──> features ──> similarity ──> recommendations
#              notebook 01   02, 03       04             05, 06
# ```

# %%
import zapsim
from zapsim.course import check, goals, question
from zapsim.course.own_pictures import cache_of, whose

# %% [markdown]
# Change the next cell only when you come back with your own pictures. `source` is a folder or a `.zip`; `None` means
# **MiniZap**, drawn shoes that come with zapsim. `cache` is a folder that keeps what was computed; `"bundled"` is what
# comes with MiniZap.

# %% tags=["parameters"]
source = None
cache = "bundled"

# %% [markdown]
# ## Open the catalogue
# One picture is one [item](glossary.md#item). Below each you see its brand, its kind and its number.

# %% alt="Contact sheet of twelve drawn shoes on white, each with its name below: boots, sandals, shoes and slippers."
catalogue = zapsim.load_catalogue(source)
print(catalogue)
catalogue.plot(12)

# %% [markdown]
# ## Turn pictures into vectors
# VGG16 is a network that was trained on a million photos. We cut it short. What comes out is not a verdict ("loafer!")
# but a description: **2,048 numbers a picture**, its [feature vector](glossary.md#feature-vector). Each row below is one
# picture.

# %%
features = zapsim.VGG16Extractor().extract(catalogue, cache=cache_of(catalogue, cache))
features.iloc[:4, :6].round(1)

# %% [markdown]
# "Found" means that nothing had to be computed: MiniZap's vectors come with zapsim.
#
# ## Recommend
# Two pictures are similar if their vectors point in nearly the same direction. The framed picture is the
# [query](glossary.md#query). The others are its [neighbours](glossary.md#neighbour), nearest first, each with its
# [score](glossary.md#score). 1 means the same direction. Is the first neighbour the one that you would take?

# %% alt="A framed sandal with a straw wedge heel, and five neighbours: two are the same sandal in black and white, three are other wedge sandals."
catalogue = catalogue.subset(features.index)
keys = catalogue.keys
predictor = zapsim.SimilarityPredictor(catalogue, features)
whose(catalogue)
query = catalogue.sample(1, seed=3).keys[0]
predictor.plot(query)

# %% [markdown]
# The first two neighbours are the same sandal in other colours. A shop would not recommend those. One word hides them:

# %% alt="The same framed sandal; its five neighbours are wedge sandals of two other products, several of them in more than one colour."
predictor.plot(query, hide_colourways=True)

# %% [markdown]
# The numbers behind the pictures are a table, as everywhere in this course. Two shoes taken at random have
# a score of 0.8 here. So look at the order, not at the size.

# %%
predictor.similar(query, k=3, hide_colourways=True)[["rank", "key", "score"]].round(3)

# %% [markdown]
# ## How practice works
# An **exercise** says what you have and what is wanted. Replace the dots `...`, or write below a `def`, and run the cell.
# `check` says whether it is right, and what is behind a wrong answer. Nothing can break. If you are stuck, write
# `hint("00-1")` in a new cell; there are three hints. `solution("00-1")` shows a solution. Import them first:
# `from zapsim.course import hint, solution`.
#
# A **question** has buttons; try the wrong ones, too. At the end, `goals` ticks what you practised. To keep that when you
# close the notebook, call `keep_progress()`, also from `zapsim.course`. It writes a small file beside the notebook, and
# nothing leaves your machine.

# %% [markdown]
# ## 📝 Exercise 00-1: your turn to ask
# - **Goal:** find the **6** nearest neighbours of the **first** item, without its own colourways.
# - **Given:** `keys`, all keys in order, and `predictor`.
# - **Wanted:** `my_neighbours`, their keys, nearest first.

# %% tags=["exercise"]
my_neighbours = ...

check("00-1", my_neighbours, predictor, keys)

# %% tags=["question"]
question("00-a")

# %% tags=["question"]
question("00-b")

# %% [markdown]
# ## You can now
# You can turn a folder of pictures into recommendations. You have not seen yet what happens inside.

# %%
goals("00")

# %% [markdown]
# **Next:** in [01](01_meet_the_catalogue.ipynb) you open the folder by hand, and see what may be wrong with it.
