"""Trades of the sectors with their GB/T 4754-2017 classes, and the enterprises in them."""

from dataclasses import dataclass
from enum import StrEnum

from identifiers.codes import checks
from loadtest.corpus.draws import Draws, draw
from loadtest.corpus.names import BRANDS, Place, brand, person, place


class Sector(StrEnum):
    """The sectors that the corpus speaks of; the last only where it is asked for."""

    COAL = "coal"
    ROAD_FREIGHT = "road freight"
    COMPREHENSIVE = "comprehensive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """A line of business: its class in GB/T 4754-2017 and how enterprises in it come out."""

    class_code: str
    class_name: str
    sector: Sector
    words: tuple[str, ...]  # what stands between brand and legal form
    share: int  # of a hundred enterprises, about so many
    scale: int  # a mine registers more than a dealer


@dataclass(frozen=True, slots=True, kw_only=True)
class Enterprise:
    """An invented enterprise that registers identifiers under a prefix of its own."""

    number: int  # from 1; the last label of the prefix
    prefix: str
    name: str
    credit_code: str  # unified social credit code; right check characters, division 96 … 99
    sector: Sector
    class_code: str
    class_name: str
    place: Place
    contact: str
    phone: str  # eleven digits beginning with 100, which no network has
    identity_number: str  # of the contact; right check character, impossible place and year


_COAL, _FREIGHT = Sector.COAL, Sector.ROAD_FREIGHT


def _trade(  # noqa: PLR0917 - rows of a table
    code: str, name: str, sector: Sector, words: str, share: int, scale: int
) -> Trade:
    return Trade(
        class_code=code,
        class_name=name,
        sector=sector,
        words=tuple(words.split()),
        share=share,
        scale=scale,
    )


# The first enterprises take one trade each in this order, so that a small corpus has both sectors.
TRADES = (
    _trade("0610", "烟煤和无烟煤开采洗选", _COAL, "煤业 矿业 煤矿", 22, 4),
    _trade("5431", "普通货物道路运输", _FREIGHT, "运输 物流 货运", 20, 3),
    _trade("5433", "集装箱道路运输", _FREIGHT, "集装箱运输 集运", 8, 3),
    _trade("0620", "褐煤开采洗选", _COAL, "露天煤业 煤业", 5, 4),
    _trade("1110", "煤炭开采和洗选专业及辅助性活动", _COAL, "矿山技术服务 矿山装备服务", 8, 2),
    _trade("5435", "危险货物道路运输", _FREIGHT, "危化品运输 特种运输", 6, 2),
    _trade("5161", "煤炭及制品批发", _COAL, "煤炭销售 能源贸易", 9, 1),
    _trade("5320", "铁路货物运输", _FREIGHT, "铁路运输 铁运", 3, 3),
    _trade("5432", "冷藏车道路运输", _FREIGHT, "冷链物流 冷链运输", 4, 1),
    _trade("5920", "通用仓储", _FREIGHT, "仓储 储运", 6, 1),
    _trade("5810", "多式联运", _FREIGHT, "多式联运 联运", 4, 2),
    _trade("0690", "其他煤炭采选", _COAL, "煤炭资源开发", 2, 2),
    _trade("5434", "大型货物道路运输", _FREIGHT, "大件运输", 3, 1),
)
MANUFACTURING = _trade(
    "3399", "其他未列明金属制品制造", Sector.COMPREHENSIVE, "制造 装备 工业", 0, 2
)
_EVERY = 5
"""One enterprise of so many is of the comprehensive sector, where it is asked for."""
_BY_SHARE = tuple(trade for trade in TRADES for _ in range(trade.share))
_FORMS = ("有限公司", "有限责任公司", "集团有限公司", "股份有限公司")

# Organisation codes PDY00001 … PDY99999 are kept for private use (GB 11714-1997).
MOST_ENTERPRISES = 99_999


def enterprise(seed: int, root: str, number: int, *, comprehensive: bool = False) -> Enterprise:
    """Return the enterprise with this number, 1 … `MOST_ENTERPRISES`, under the prefix `root`."""
    draws = draw(seed, "enterprise", number)
    trade = trade_of(seed, number, comprehensive=comprehensive)
    province, name = brand(_ordinal(seed, number))
    word = trade.words[draws[0] % len(trade.words)]
    where = place(province, draws[2:4])
    return Enterprise(
        number=number,
        prefix=f"{root}.{number}",
        name=f"{name}{word}{_FORMS[draws[1] % len(_FORMS)]}",
        credit_code=_credit_code(where.code, number),
        sector=trade.sector,
        class_code=trade.class_code,
        class_name=trade.class_name,
        place=where,
        contact=person(draws[4]),
        phone=f"100{draws[5] % 10_000:04d}{draws[6] % 10_000:04d}",
        identity_number=_identity_number(where.code, draws[7:]),
    )


def trade_of(seed: int, number: int, *, comprehensive: bool = False) -> Trade:
    """Return the trade of the enterprise with this number."""
    if comprehensive and number % _EVERY == 0:
        return MANUFACTURING
    if number <= len(TRADES):
        return TRADES[number - 1]
    return _BY_SHARE[draw(seed, "trade", number)[0] % len(_BY_SHARE)]


def _ordinal(seed: int, number: int) -> int:
    """Return where in the row of brands this number stands: a permutation, so none comes twice."""
    again, place_in_row = divmod(number - 1, BRANDS)
    # 1009 is prime and no divisor of BRANDS, so the step visits every brand once.
    return again * BRANDS + (place_in_row * 1009 + draw(seed, "brands")[0]) % BRANDS


def _credit_code(division: str, number: int) -> str:
    """Return 91 (a company registered with the market authority), division, organisation, check."""
    organisation = f"PDY{number:05d}"
    body = f"91{division}{organisation}{checks.organisation_code(organisation)}"
    return body + checks.credit_code(body)


def _identity_number(division: str, draws: Draws) -> str:
    """Return a resident number of the year 1800: the form is right, the person cannot be."""
    body = f"{division}1800{1 + draws[0] % 12:02d}{1 + draws[1] % 28:02d}{1 + draws[2] % 999:03d}"
    return body + checks.resident_number(body)
