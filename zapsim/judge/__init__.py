"""Measure how good neighbours are.

`relevance` says what a right neighbour is, `metrics` scores each query, `bootstrap` says how sure
that is, `evaluation` puts them together, `mistakes` lists what goes wrong, `charts` draws it,
`people` asks what people said, `layer_lab` tries many cuts of VGG16.
"""
