"""The kind of the comprehensive sector: industrial products, each piece with a number."""

from loadtest.corpus.draws import Draws
from loadtest.corpus.enterprises import Enterprise
from loadtest.corpus.kinds import STATES, Kind, earlier_day

# Name and the letters of its model.
_PRODUCTS = (
    ("三相异步电动机", "YE5"),
    ("滚动轴承", "NU"),
    ("离心水泵", "IS"),
    ("工业减速器", "ZLY"),
    ("螺杆空气压缩机", "LG"),
    ("电动葫芦", "CD1"),
    ("压力变送器", "PT"),
)
_MADE = 50
"""Models of a product."""


def _product(owner: Enterprise, serial: int, draws: Draws) -> tuple[str, ...]:
    name, letters = _PRODUCTS[draws[0] % len(_PRODUCTS)]
    return (
        f"PRODUCT.{serial:07d}",
        name,
        f"{letters}-{100 + draws[1] % _MADE}",
        owner.name,
        earlier_day(draws[2]),
        f"{owner.place.county}第{1 + draws[3] % 9}车间",
        STATES[draws[4] % len(STATES)],
    )


PRODUCT = Kind(
    path="product",
    types=("NAME", "MODEL", "MAKER", "MADE_ON", "LOCATION", "STATE"),
    describe=_product,
)
