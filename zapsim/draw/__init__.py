"""Draw what was found: figures (`plots`, with `lettering`), and HTML and CSV (`html`)."""
