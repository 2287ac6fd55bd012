"""Find and narrow: by words, by filters, by several examples, by a part of the picture.

`words` searches all texts, `filters` narrows by columns, `rocchio` makes one query of several
items, `parts` looks at some cells of the pictures alone, `diversity` chooses among neighbours that
are too much alike, `duplicates` knows the same photo again. `zapsim.predictor` puts them together.
"""
