"""A live view of a city: what its processes measure, added up, and drawn on a terminal.

`window` remembers the last seconds of each process, `figures` makes numbers of them, `drawing`
makes lines of those, `keyboard` hears that somebody has seen enough. The command is `commands.top`.
"""
