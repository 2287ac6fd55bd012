# %% [markdown]
# # 01 · Meet the catalogue
#
# Look before you compute. Most bad recommendations begin here: with copies, with damaged files, or with one product in
# nine colours. So you open a folder of pictures by hand. After that, zapsim does the same.
#
# **You will build** a table of all pictures, with what is known about them.
#
# {goals}
#
# 🕐 20 minutes (1 running, 11 reading, 8 practice) · **You need** [00](00_the_whole_story.ipynb), a little pandas.

# %%
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

import zapsim
from zapsim.course import check, goals, question
from zapsim.course.lessons import labels
from zapsim.io.bundled import MINIZAP

# %% [markdown]
# `source` is for the last section: a folder or `.zip` of your own pictures.

# %% tags=["parameters"]
source = None

# %% [markdown]
# ## Open the folder
# MiniZap is one zip file. We unpack it into a temporary folder. Then `rglob` lists everything below that folder, at any
# depth. Look at the suffixes first: what is in there that is not a picture?

# %%
folder = Path(tempfile.mkdtemp())
zipfile.ZipFile(MINIZAP).extractall(folder)
files = [path for path in folder.rglob("*") if path.is_file()]
pd.Series([path.suffix for path in files]).value_counts()

# %% [markdown]
# There are 615 pictures, a text to read, and a list, the `.csv`. We need the list later.
#
# ## A path says a lot
# Each picture is one [item](glossary.md#item). Its path below the folder is its [key](glossary.md#key). The key stays
# the same when the folder moves.
#
# | part of the key | is the item's |
# |---|---|
# | `Boots` / `Ankle` | category and subcategory |
# | `Bellweather` | brand |
# | `1913768` | product |
# | `1913768.14` | [colourway](glossary.md#colourway): this product in colour 14 |
#
# One `split` at the slashes makes a table of it, one row an item:

# %%
keys = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*.jpg"))]
levels = ["Category", "SubCategory", "Brand", "File"]
table = pd.DataFrame([key.split("/") for key in keys], index=keys, columns=levels)
table.head(4)

# %% [markdown]
# The first three rows are one product: the same boot in three colours.

# %% [markdown]
# ## 📝 Exercise 01-1: the product
# - **Goal:** read the product off any key.
# - **Given:** keys such as `Shoes/Oxfords/Bostonian/100627.72.jpg`. There may be fewer folders, and a brand may
#   have a dot in its name.
# - **Wanted:** a function `product_of(key)` that returns a text, here `"100627"`.


# %% tags=["exercise"]
def product_of(key):
    """Return the product in a key, such as "100627" (str)."""


check("01-1", product_of)

# %% [markdown]
# ## Pictures or products?
# A customer buys products, not pictures. So count both. Here a pattern finds the product: the first digits of the
# file's name.

# %%
table["Product"] = table["File"].str.extract(r"^(\d+)")
table.groupby("Category").agg(pictures=("File", "size"), products=("Product", "nunique"))

# %% [markdown]
# Each product has three pictures. Is any kind too small? `Flat` and `Flats` are different
# kinds, and so are `Heel` and `Heels`. The category in front tells them apart.

# %% alt="Bars: products in 17 subcategories, each with its category in front. Sneakers and Athletic Shoes has most, 16; Slipper Heels has fewest, 6."
kinds = table["Category"] + " · " + table["SubCategory"]
one_each = kinds[~table["Product"].duplicated()]
labels.plot_counts(one_each, "Six slipper heels, sixteen sneakers", unit="products")

# %% [markdown]
# %% tags=["question"]
question("01-a")

# %% [markdown]
# ## A picture is a block of numbers
# Pillow opens the file, and NumPy shows the numbers: height × width × 3. The three are red, green and blue, as whole
# numbers from 0 to 255. Look at the last one, the pixel in the upper left corner. Which colour is it?

# %% alt="One drawn boot from the side: pale grey, laced, with a black sole, on white."
image = Image.open(folder / keys[0])
image

# %%
picture = np.asarray(image)
picture.shape, str(picture.dtype), picture[0, 0].tolist()

# %% [markdown]
# It is white: 255 is the *largest* number. So a white background is not empty: it is thousands of numbers.
# Here are nine pixels at the edge of the boot, in red alone:

# %%
picture[40, 70:79, 0]

# %% [markdown]
# After the fifth pixel the boot begins. The 254 comes from JPEG, which rounds. So we call a pixel white if all of its
# three numbers are above 250.

# %% [markdown]
# ## 📝 Exercise 01-2: how much is white?
# - **Goal:** guess first: what share of the pixels is white? Then measure it.
# - **Given:** `picture`, an array of shape (136, 136, 3).
# - **Wanted:** `my_share`, a number from 0 to 1: the share of pixels of which all three numbers are above 250.

# %% tags=["exercise"]
my_share = ...

check("01-2", my_share, picture)

# %% tags=["question"]
question("01-b")

# %% [markdown]
# ## What is known beyond the picture
# The list has a row for each picture. Its first column, [CID](glossary.md#CID), names the colourway, with a dash where the
# file's name has a dot. Several values in one cell stand between semicolons.

# %%
rows = pd.read_csv(folder / "meta-data.csv")
rows[["CID", "Category", "Closure", "Material"]].head(3)

# %% [markdown]
# Both have 615 rows. May we put them side by side? Both know the category, so we can test it: in how many rows do
# they agree?

# %%
side_by_side = table["Category"].to_numpy() == rows["Category"].to_numpy()
print(f"{side_by_side.mean():.0%} agree")

# %% [markdown]
# Only a third. The list is in another order, and nothing warned us. So join by a key that both have, never by order.

# %%
table["CID"] = table["File"].str.removesuffix(".jpg").str.replace(".", "-")
table[["File", "CID"]].head(2)

# %% [markdown]
# ## 📝 Exercise 01-3: mend the join
# - **Goal:** this line is wrong, though it runs: `my_closures = rows["Closure"].to_numpy()`. Mend it.
# - **Given:** `table`, one row a picture, and `rows`, the list. Both have a column `CID`.
# - **Wanted:** `my_closures`, each picture's `Closure`, in the order of `table`.

# %% tags=["exercise"]
my_closures = ...

check("01-3", my_closures, table, rows)

# %% [markdown]
# `merge` joins all columns at once. `how="left"` keeps each picture, and `validate` raises an error if a key occurs
# twice. Is it right now? The same test again:

# %%
joined = table.reset_index(names="key").merge(
    rows, on="CID", how="left", validate="one_to_one", suffixes=("", "_list")
)
print(f"{(joined['Category'] == joined['Category_list']).mean():.0%} agree")

# %% tags=["question"]
question("01-c")

# %% [markdown]
# ## 📝 Exercise 01-4: count the buckles
# - **Goal:** on how many *products* is there a buckle?
# - **Given:** `joined`, one row a picture. `Closure` may hold several values, such as `Buckle;Zipper`.
# - **Wanted:** `my_count`, a whole number.

# %% tags=["exercise"]
my_count = ...

check("01-4", my_count, joined)

# %% [markdown]
# ## The same with zapsim
# `load_catalogue` reads the zip where it is, makes the table, and joins the list. Without a path it takes MiniZap. Does it
# agree with what you did by hand?

# %%
catalogue = zapsim.load_catalogue()
catalogue

# %%
print("keys:    ", list(catalogue.keys) == keys)
print("products:", list(catalogue.table["Product"]) == list(joined["Product"]))
print("closures:", list(catalogue.table["Closure"]) == list(joined["Closure"]))
print("picture: ", np.array_equal(catalogue.picture(keys[0]), picture))

# %% [markdown]
# Now look at some of the items. `sample` draws at random, and the same `seed` draws the same ones on every machine.

# %% alt="Contact sheet of twelve drawn shoes on white, each with brand, subcategory and colourway below: a high boot, sandals, flats, a loafer, sneakers and slippers."
catalogue.sample(12, seed=7).plot()

# %% [markdown]
# ## What can be wrong
# We make a small shop with four pictures, and damage it on purpose: half a file, an empty file, a text that is called
# `.jpg`, and a copy.

# %%
shop = Path(tempfile.mkdtemp()) / "my shop"
shop.mkdir()
for number in range(4):
    (shop / f"photo {number}.jpg").write_bytes(catalogue.read(keys[100 * number]))
whole = (shop / "photo 0.jpg").read_bytes()
(shop / "half.jpg").write_bytes(whole[: len(whole) // 2])
(shop / "zz copy.jpg").write_bytes(whole)
(shop / "letter.jpg").write_text("Dear customer, …", encoding="utf-8")
(shop / "nothing.jpg").touch()

# %% [markdown]
# `check` reads every picture once and lists what is wrong. Later, what cannot be read is named and left out.

# %%
mine = zapsim.load_catalogue(shop)
mine.check()[["problem", "key"]]

# %% tags=["question"]
question("01-d")

# %% [markdown]
# ## Your own pictures
# Put your folder or zip into `source` at the top: any layout will do. If your folders have fewer levels, the table has
# fewer columns. A path copied from Windows needs an `r` in front: `r"C:\Users\me\shoes"`.

# %% alt="Contact sheet of six pictures of the catalogue that was opened, with their names below; here a boot, a sandal, a pump, a loafer and two slippers of MiniZap."
own = zapsim.load_catalogue(source)
print(own)
own.plot(6)

# %% [markdown]
# MiniZap imitates **UT-Zappos50K**, 50,025 real photos of shoes, for academic use only. You fetch it yourself, once,
# about 300 MB. On Colab, keep it on Drive; `stage` copies it to the faster disk of the machine:
#
# ```python
# source = zapsim.stage(zapsim.fetch_zappos(to="/content/drive/MyDrive/Data/Zappos"))
# ```

# %% [markdown]
# ## You can now
# You can open an unknown folder, count what is in it, and join what is known. The goals that you practised are ticked:

# %%
goals("01")

# %% [markdown]
# **Next:** in [02](02_open_the_network.ipynb) you open the network that turns such a picture into a description.
