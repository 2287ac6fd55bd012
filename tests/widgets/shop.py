"""A small shop: six pictures of four products, what is known about them, and how near they are."""

KEYS = [
    "Boots/Ankle/Aye/1.1.jpg",
    "Boots/Ankle/Aye/1.2.jpg",
    "Boots/Ankle/Bee/2.1.jpg",
    "Shoes/Oxfords/Aye/3.1.jpg",
    "Shoes/Oxfords/Bee/4.1.jpg",
    "Shoes/Oxfords/Bee/4.10.jpg",
]
METADATA = """CID,Closure,Season,Note
1-1,Zipper;Buckle,all,=1+1
1-2,Zipper,all,@sum
2-1,Lace up,all,plain
3-1,Lace up;Buckle,all,-3
4-1,,all,"a, ""b"" "
"""
DEGREES = [0, 1, 10, 50, 60, 62]
