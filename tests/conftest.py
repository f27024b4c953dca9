"""How hard hypothesis searches: the same examples every time, or many new ones."""

import os

from hypothesis import settings

settings.register_profile("default", derandomize=True, deadline=None)
settings.register_profile("long", max_examples=5000, deadline=None, print_blob=True)
settings.load_profile("long" if os.environ.get("HUTONG_LONG") == "1" else "default")
