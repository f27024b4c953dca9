"""Pages: one row more than a page holds says whether there is a next one."""

from collections.abc import Callable
from typing import TypeVar

from node.model import Page, PageRequest

T = TypeVar("T")


def page(items: tuple[T, ...], request: PageRequest, key: Callable[[T], str]) -> Page[T]:
    """A page from one item more than it holds; `key` is where the next page goes on."""
    shown = items[: request.size]
    more = len(items) > request.size
    return Page(shown, key(shown[-1]) if more else "")
