"""What is known about the pictures: what their paths say, and tables joined to them.

`finding` looks for a table, `tables`, `delimited` and `excel` read it, `layout` reads paths,
`matching` finds each picture's row, and `joining` puts both together.
"""
