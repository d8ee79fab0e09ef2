"""10320/loc: several places to redirect to, and how to choose among them. Pure.

::

    <locations chooseby="locatt,country,weighted">
      <location id="0" href="https://uk.example.com/" country="gb" weight="0"/>
      <location id="1" href="https://www.example.com/" weight="1"/>
      <location id="2" href_template="https://data.example.com/{hdl}" http_role="conneg"/>
    </locations>

The methods of `chooseby` are applied in order until one location is left; a method that would leave
none is passed over (handle.net, "10320/loc Handle Type"). A weight of 0 means: only when something
else chooses it. Locations whose `http_role` is ``conneg`` are for clients that want no HTML.
Where there is no ``href``, ``{hdl}`` in ``href_template`` stands for the name of the identifier.
"""

import math
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

import msgspec

from identifiers.elements import BadXml, Element, parse
from identifiers.names import fold

TYPE: Final = "10320/LOC"
METHODS: Final = ("locatt", "country", "weighted")
NAME: Final = "{hdl}"
_HREF: Final = "href"
_HREF_TEMPLATE: Final = "href_template"
_MAX_WEIGHT: Final = 1e6


class Location(msgspec.Struct, frozen=True):
    """One place; `attributes` are all that the element has, `href` and `weight` among them.

    `template`: in `href`, `NAME` is to be replaced by the name of the identifier.
    """

    href: str
    weight: float
    attributes: Mapping[str, str]
    template: bool = False


class Locations(msgspec.Struct, frozen=True):
    """What a value says."""

    locations: tuple[Location, ...]
    methods: tuple[str, ...] = METHODS


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What the asker wants or is: an attribute with its value, a country, no HTML."""

    attribute: tuple[str, str] | None = None
    country: str = ""
    negotiated: bool = False


@lru_cache(maxsize=512)
def read_locations(data: bytes) -> Locations:
    """Read the data of a 10320/loc value. Raises `identifiers.elements.BadXml`."""
    root = parse(data)
    if root.name != "locations":
        raise BadXml(f"<locations> was expected, not <{root.name}>")
    methods = root.attributes.get("chooseby", "")
    named = tuple(name.strip() for name in methods.split(","))
    return Locations(
        tuple(
            _read(child)
            for child in root.children
            if _HREF in child.attributes or _HREF_TEMPLATE in child.attributes
        ),
        tuple(name for name in named if name in METHODS) or METHODS,
    )


def choose(among: Locations, wish: Wish, chance: float) -> Location | None:
    """Choose one location, None when there is none. `chance` is drawn from [0, 1)."""
    named: tuple[Location, ...] = ()
    if wish.attribute is not None and "locatt" in among.methods:
        named = _by_attribute(among.locations, *wish.attribute)
    # Whoever names one may have any of them, whatever its role.
    left = among.locations if named else _by_role(among.locations, wish)
    for method in among.methods:
        if len(left) <= 1:
            break
        if method == "locatt":
            left = tuple(place for place in left if place in named) or left
        elif method == "country":
            left = _by_country(left, wish.country) or left
        else:
            left = (_by_weight(left, chance),)
    if len(left) > 1:
        left = (_by_weight(left, chance),)
    return left[0] if left else None


def _read(element: Element) -> Location:
    attributes = element.attributes
    try:
        weight = float(attributes.get("weight", "1"))
    except ValueError:
        weight = 1.0
    usable = weight if math.isfinite(weight) else 1.0
    template = _HREF not in attributes
    href = attributes[_HREF_TEMPLATE if template else _HREF].strip()
    return Location(href, min(max(usable, 0.0), _MAX_WEIGHT), attributes, template)


def _by_role(locations: Iterable[Location], wish: Wish) -> tuple[Location, ...]:
    every = tuple(locations)
    roles = [place.attributes.get("http_role") == "conneg" for place in every]
    fitting = tuple(
        place for place, role in zip(every, roles, strict=True) if role == wish.negotiated
    )
    return fitting or every


def _by_attribute(locations: Iterable[Location], name: str, value: str) -> tuple[Location, ...]:
    return tuple(place for place in locations if place.attributes.get(name) == value)


def _by_country(locations: tuple[Location, ...], country: str) -> tuple[Location, ...]:
    here = tuple(
        place
        for place in locations
        if country and fold(place.attributes.get("country", "")) == fold(country)
    )
    return here or tuple(place for place in locations if "country" not in place.attributes)


def _by_weight(locations: tuple[Location, ...], chance: float) -> Location:
    weights = [place.weight for place in locations]
    if not any(weights):
        weights = [1.0] * len(locations)
    at = chance * sum(weights)
    for place, weight in zip(locations, weights, strict=True):
        at -= weight
        if at < 0:
            return place
    # Rounding may leave a little: the last one that has a weight.
    return next(
        place
        for place, weight in zip(reversed(locations), reversed(weights), strict=True)
        if weight
    )
