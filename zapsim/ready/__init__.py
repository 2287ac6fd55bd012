"""Say whether this machine is ready for the course: one line a part, and what to do about it.

`start` begins, unless a file hides what is imported (`hidden`); `report` runs the checks and
prints; `environment`, `machine` and `front_end` look. No module here imports at its top more than
Python brings along: what is missing is a line, never a traceback.
"""
