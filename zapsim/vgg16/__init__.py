"""Run pictures through a VGG16 that is cut short.

`engine` decides what runs it, `network` is its shape and VGG16 in Keras, `weights` fills it,
`convert` writes it with 8 bits, `number_format` chooses the format, `quiet` keeps stderr empty.
"""
