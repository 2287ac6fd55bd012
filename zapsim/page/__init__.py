"""A page to take away: `content` and `pictures` are put into a file, or a folder, by `writer`.

The page itself is `page.html` and `page.css`, and the scripts beside them, which `writer` joins in
the order of `writer.SCRIPTS`.
"""
