"""Show it in widgets: the browser, the mixer, the quiz.

Each is two modules: NAME_state keeps what a person chose, without any widget; NAME mirrors it in
widgets. `cards` is what all three are put together from, and how it looks.
"""
