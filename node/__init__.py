"""One city's process: it runs the protocol (`federation`) for residents, venues and officers."""

__version__ = "0.1.0"
