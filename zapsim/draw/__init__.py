"""Draw what was found: figures (`plots`), and HTML and CSV (`html`)."""
