"""One city's process: it runs the protocol (`federation`) for its residents, venues and officers."""
