"""As many cities as are wanted: the five of the shipped data, then made ones after their image.

A made city has a code that GB/T 2260 assigns to nobody (99xxxx), the scale, the incentives and the
indicators of one of the five in turn, and with each other city the agreement that their images
have.
"""

from functools import cache
from typing import Final

from federation.identifiers import CityCode
from node import data
from node.files import parse_scale

_MADE: Final = "99"
_MOST: Final = 9999


@cache
def towns(count: int) -> tuple[data.City, ...]:
    """So many cities, always the same ones in the same order."""
    shipped = data.cities()
    if not 0 < count <= _MOST:
        raise ValueError(f"1 to {_MOST} cities, not {count}")
    return (*shipped, *(_made(place) for place in range(len(shipped), count)))[:count]


def _made(place: int) -> data.City:
    number = place + 1
    code = CityCode(f"{_MADE}{number:04d}")
    return data.City(code, f"第{number}城", f"City {number}", f"city-{number:04d}")


def image(town: data.City) -> data.City:
    """The shipped city whose rules a town has; itself for one of the five."""
    if not town.code.startswith(_MADE):
        return town
    shipped = data.cities()
    return shipped[(int(town.code[len(_MADE) :]) - 1) % len(shipped)]


def rules(town: data.City, name: str) -> bytes:
    """`scale.toml`, `incentives.toml` or `indicators.toml` of a town."""
    like = image(town)
    text = data.path(f"{like.pinyin}/{name}").read_text("utf-8")
    return text.replace(f'city = "{like.code}"', f'city = "{town.code}"').encode()


def agreement(one: data.City, other: data.City) -> str:
    """The agreement of two towns, as their images have it."""
    first, second = image(one), image(other)
    if first == second:
        return _among_equals(one, other)
    text = data.agreement(first.pinyin, second.pinyin).read_text("utf-8")
    for like, town in ((first, one), (second, other)):
        text = text.replace(like.code, town.code)
    return text


def _among_equals(one: data.City, other: data.City) -> str:
    """Of two towns with the same bands: each band counts as itself, both ways."""
    like = image(one)
    some = next(city for city in data.cities() if city != like)
    text = data.agreement(like.pinyin, some.pinyin).read_text("utf-8")
    head = text.partition("[[mappings]]")[0]
    for old, new in ((like.code, one.code), (some.code, other.code)):
        head = head.replace(old, new)
    bands, line = _exportable(like)
    rows = "".join(f'    {{ home = "{band}", host = "{band}" }},\n' for band in bands)
    return head + "\n".join(
        f'[[mappings]]\nhome = "{home.code}"\nhost = "{host.code}"\nline = "{line}"\n'
        f"rows = [\n{rows}]\n"
        for home, host in ((one, other), (other, one))
    )


@cache
def _exportable(town: data.City) -> tuple[tuple[str, ...], str]:
    """The bands that other cities may see, the lowest first, and the lowest of them."""
    content = data.path(f"{town.pinyin}/scale.toml").read_bytes()
    scale = parse_scale("scale.toml", content, city=town.code, version=1)
    lowest = scale.rank(scale.exportable_from)
    bands = tuple(band.band_id for band in scale.bands if scale.rank(band.band_id) >= lowest)
    return bands, scale.exportable_from
