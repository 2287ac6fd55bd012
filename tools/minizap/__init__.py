"""MiniZap: a drawn, freely shareable stand-in for the UT-Zappos50K shoe pictures."""
