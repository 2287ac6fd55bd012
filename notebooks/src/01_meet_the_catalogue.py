# %% [markdown]
# # 01 · Meet the catalogue
#
# Before any network sees a picture, look at the pictures yourself. Most disappointing
# recommendations begin here: with duplicates, broken files, odd names, or one product that is there
# in nine colours.
#
# **You will build** a checked catalogue of your pictures.
#
# **By the end you can**
#
# - read an item's category, subcategory, brand, product and colourway off its key,
# - join what is known about the items to their pictures, and count it,
# - open folders and zips of your own, in any layout,
# - find what is wrong with a catalogue before it does harm.
#
# 🕐 15 minutes · **You need** [00](00_the_whole_story.ipynb), a little pandas.

# %%
import zapsim
from zapsim.course.lessons import plot_counts
from zapsim.course.own_pictures import fitting, kind_of, readable_keys, readable_sample

# %% [markdown]
# One switch chooses the pictures: as it stands, MiniZap's drawings. `real = True` fetches
# **UT-Zappos50K**, the 50,025 photos that MiniZap imitates (about 300 MB, for academic use only), once:
# afterwards they are found where they are, and only verified. And `source` may be a folder or a `.zip` of
# your own. Where a section needs something that your pictures lack, MiniZap's are shown, and a line says so.

# %% tags=["parameters"]
source = None
real = False
zappos_folder = "zappos"
# On Colab, keep the photos on your Drive, where they survive the machine:
# zappos_folder = "/content/drive/MyDrive/Data/Zappos"
# Or, if you have the article's folder there already:
# source = zapsim.stage("/content/drive/MyDrive/Data/Zappos/ut-zap50k-images-square")

# %%
if real:
    source = zapsim.stage(zapsim.fetch_zappos(to=zappos_folder))
catalogue = zapsim.load_catalogue(source)
catalogue

# %% [markdown]
# (`stage` copies a zip or folder from a mounted Drive to the machine's own disk, and leaves alone what
# isn't on a Drive. Drive takes its time for every single file, so it is one large copy or many minutes.)

# %% [markdown]
# ## What is in it
# How many pictures are there of each kind? A recommender can't find five similar slippers
# where there are only four.

# %%
shown = fitting(catalogue, columns=kind_of(catalogue)[-1:] or ["SubCategory"])
finest = kind_of(shown)[-1]
plot_counts(shown.table[finest], finest)

# %% [markdown]
# ## A key says a lot
# Keys look like those of UT-Zappos50K, a collection of 50,025 real shoe photos which MiniZap imitates:
#
# | part of the key | is the item's |
# |---|---|
# | `Boots` / `Ankle` | category and subcategory |
# | `Bellweather` | brand |
# | `1913768` | product |
# | `1913768.14` | colourway: that product in colour 14 |
#
# `catalogue.table` has them as columns, one row an item, indexed by key:

# %%
layout = ["Category", "SubCategory", "Brand", "Product", "Colourway"]
fitting(catalogue, columns=layout).table[layout].head(4)

# %% [markdown]
# ## One product, several colourways
# All pictures of one product. The shape is the same and the colours differ; as with photos, size and
# tilt do a little, too. Are they *similar*? In 04 you'll see what the computer thinks.

# %%
shown = fitting(catalogue, columns=["Product"])
product = shown.table["Product"].dropna().iloc[0]
one_product = shown.subset(shown.keys[shown.table["Product"] == product])
one_product.plot(columns=3)

# %% [markdown]
# ## What is known beyond the picture
# A file `meta-data.csv` that lies with the pictures is joined by the colourway's id (its *CID*, with a
# dash where the file name has a dot). Several values in one cell are joined by `;`. Not everything is
# known about every shoe: `NaN` means that nothing is written there.

# %%
known = ["HeelHeight", "Insole", "Closure", "Gender", "Material", "ToeStyle"]
filled = catalogue.table.dropna(axis="columns", how="all")
known = [name for name in filled if name not in [*layout, "CID"]] or known
table = fitting(catalogue, columns=known).table
table.reset_index()[known].iloc[: 301 : min(100, len(table) // 4 + 1)]

# %%
table = fitting(catalogue, columns=["Closure", "Product"]).table
closures = table["Closure"].str.split(";").explode()
plot_counts(closures, "How the shoes close")

# %% [markdown]
# ## A picture is a block of numbers
# Height × width × 3: red, green and blue, whole numbers from 0 to 255. Whatever a file holds (grey,
# transparent, rotated by its camera, 16-bit, CMYK), it arrives in this one form, and so does the
# picture of your own that you'll search with later.

# %%
picture = catalogue.picture(next(readable_keys(catalogue), catalogue.keys[0]))
picture.shape, str(picture.dtype), picture[0, 0].tolist()

# %% [markdown]
# In MiniZap, the pixel in the corner is white: (255, 255, 255), or close to it. That's the background of
# every picture, and about three quarters of all the pixels.

# %% [markdown]
# ## Your own pictures
# `load_catalogue("some/folder")` and `load_catalogue("some.zip")` take any layout. If your folders have
# fewer levels, the table has fewer columns. A path copied from Windows needs an `r` in front,
# `load_catalogue(r"C:\Users\me\shoes")`, or slashes, `"C:/Users/me/shoes"`: Python takes a single
# backslash for the beginning of something else. Let us make a small folder with one level, and
# damage it on purpose.

# %%
import tempfile
from pathlib import Path

folder = Path(tempfile.mkdtemp()) / "my shop"
shown = fitting(catalogue, columns=["Category"])
for number, key in enumerate(readable_sample(shown, 4, seed=1).keys):
    path = folder / str(shown.table.loc[key, "Category"]) / f"photo {number}.jpg"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(shown.thumbnail(key))

# %%
whole = sorted(folder.rglob("*.jpg"))[0].read_bytes()
(folder / "half.jpg").write_bytes(whole[: len(whole) // 2])
(folder / "nothing.png").touch()
(folder / "letter.jpg").write_text("Dear customer, …")
(folder / "copy of a photo.jpg").write_bytes(whole)
mine = zapsim.load_catalogue(folder)
mine

# %% [markdown]
# `check` reads every picture once and lists what is wrong. None of it stops you: what can't
# be read is skipped later, and named when it is.

# %%
mine.check()[["problem", "key"]]

# %% [markdown]
# A picture that can't be read stays blank in the contact sheet; the others are shown.

# %%
mine.plot()

# %% [markdown]
# ## A sample
# Fifty thousand pictures are too many to begin with. `sample` draws some at random; the same `seed`
# draws the same ones, on every machine.

# %%
sample = catalogue.sample(min(8, len(catalogue)), seed=42)
sample.plot()

# %% [markdown]
# ## 📝 Exercise: count the buckles
#
# **Goal:** on how many *products* (not pictures!) is there a buckle?
# **Given:** `table`, one row a picture; `Closure` may hold several values, such as
# `Buckle;Zipper`.
# **Wanted:** `my_count`, a whole number.
#
# *Hint:* `.str.contains(..., na=False)`, then count *different* products.

# %% tags=["exercise"]
# stub: my_count = ...
with_buckle = table[table["Closure"].str.contains("Buckle", na=False)]
my_count = with_buckle["Product"].nunique()

# %% tags=["check"]
from zapsim.course.exercise import check

buckles = table["Closure"].fillna("").str.split(";").map(lambda c: "Buckle" in c)
check(
    my_count,
    table["Product"][buckles].nunique(),
    hint="several values may share a cell, and a product has several pictures: count it once",
)

# %% [markdown]
# ## You can now
#
# - ✅ read an item's category, subcategory, brand, product and colourway off its key,
# - ✅ join what is known about the items to their pictures, and count it,
# - ✅ open folders and zips of your own, in any layout,
# - ✅ find what is wrong with a catalogue before it does harm.
#
# **Next:** in 03 the pictures go through VGG16, and you decide where to cut it.
