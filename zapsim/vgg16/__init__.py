"""Run pictures through a VGG16 that is cut short.

`engine` decides what runs it and turns pictures into vectors, `network` is VGG16 in Keras,
`weights` fills it, `convert` writes it with 8 bits, `number_format` says which format to compute
in.
"""
