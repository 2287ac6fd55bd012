"""What only the notebooks use.

Figures and experiments (`lessons`), checks (`exercise`), and whose pictures are shown
(`own_pictures`).
"""
