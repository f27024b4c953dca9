"""A city's private keys: where they lie, which is used when, and how they are replaced.

Nothing here prints, logs or returns a private key; an error names the file, never what is in it.
"""

from node.keys.folder import KeyFolder
from node.keys.ring import FileKeys

__all__ = ["FileKeys", "KeyFolder"]
