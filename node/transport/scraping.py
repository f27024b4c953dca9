"""What a node measures, read back from where Prometheus reads it.

Whoever answers there is believed no further than a number and a name: what is too long, or is none
of Prometheus' text, counts as no answer.
"""

import urllib.request
from collections.abc import Mapping
from http.client import HTTPException
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from federation.errors import HutongError
from node.errors import NODE_UNREACHABLE

Labels = tuple[tuple[str, str], ...]
Samples = Mapping[tuple[str, Labels], float]
"""The value of each metric, by its name and its labels, which are in the order of their names."""

_BYTES: Final = 16 * 1024 * 1024
# No proxy stands between a node and its own city.
_OPENER: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def scrape(address: str, seconds: float) -> Samples:
    """Everything that the process at HOST:PORT measures; raises NODE_UNREACHABLE."""
    try:
        with _OPENER.open(f"http://{address}/metrics", timeout=seconds) as answer:
            text = answer.read(_BYTES + 1)
        if len(text) > _BYTES:
            raise _unreachable(address, "its answer is too long")
        families = list(text_string_to_metric_families(text.decode("utf-8")))
    except OSError as error:
        reason = getattr(error, "reason", error)
        raise _unreachable(address, getattr(reason, "strerror", None) or str(reason)) from error
    except (HTTPException, ValueError, IndexError, KeyError) as error:
        raise _unreachable(address, "its answer is none of Prometheus' text") from error
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def _unreachable(address: str, problem: str) -> HutongError:
    return HutongError(NODE_UNREACHABLE, address=address, problem=problem)
