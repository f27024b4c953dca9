"""Pages of lists that are in memory (AIP-158)."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from node.errors import PAGE_INVALID, HutongError
from node.limits import PAGE_MOST
from node.model import Page, PageRequest

T = TypeVar("T")


def page_of(items: Sequence[T], key: Callable[[T], str], request: PageRequest) -> Page[T]:
    """The page after the item whose key is the token; each key occurs once."""
    keys = [key(item) for item in items]
    if request.token and request.token not in keys:
        raise HutongError(PAGE_INVALID, field="page_token", limit=str(PAGE_MOST))
    start = keys.index(request.token) + 1 if request.token else 0
    end = start + request.size
    return Page(tuple(items[start:end]), keys[end - 1] if end < len(keys) else "")
