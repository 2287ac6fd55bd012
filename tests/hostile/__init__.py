"""Attacks: inputs that someone hostile, or something broken, would send.

Each area is a module with ``cases(folder)``, a list of `attack.Case`, always the same ones in the
same order; each makes what it needs in the folder when it is tried. An area may also have
``fuzz()``, a hypothesis test without arguments. `attack.attack` tries them in processes of their
own; ``python -m benchmarks.hostile`` prints what became of them.
"""
