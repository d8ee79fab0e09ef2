"""Invented places, brands and people, in Chinese.

Every name of an enterprise begins with an invented province, so that no real one can be meant.
"""

from dataclasses import dataclass

from loadtest.corpus.draws import Draws

# 96 … 99 are not assigned to any province (GB/T 2260).
PROVINCES = ((99, "示北"), (98, "示南"), (97, "示东"), (96, "示西"))
_CITIES = ("云石", "黑水", "青岭", "白原", "金沟", "长滩", "宁河", "平野", "安陌", "北渡")
_COUNTIES = (
    "石门沟", "大柳塬", "乌金岭", "红岩滩", "双松坪", "旧驿铺", "新渡口", "榆树湾",
    "雁回岭", "马蹄川", "三岔河", "七里坡", "枣林塬", "落霞滩", "玉泉沟", "古槐",
)  # fmt: skip
_HEADS = "恒鑫昌盛宏瑞永泰兴隆广源润丰华晟嘉禾卓越致远鸿祥通达顺捷安和同益"
_TAILS = "岭川源峰泽洋原野林海松泉润柏煜焱晖辰铭驰腾翔联汇骏路程帆信诚达"
_DIGITS = "零一二三四五六七八九"
_SURNAMES = "王李张刘陈杨赵黄周吴徐孙"

BRANDS = len(PROVINCES) * len(_HEADS) * len(_TAILS)
"""How many brands there are before an ordinal has to tell them apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An invented county with its six-digit division code in the form of GB/T 2260."""

    code: str
    province: str
    city: str
    county: str

    def __str__(self) -> str:
        """Return the three levels as one would write them in an address."""
        return f"{self.province}省{self.city}市{self.county}县"


def place(province: int, draws: Draws) -> Place:
    """Return a place in the province with this index; `draws` choose city and county.

    Cities take the digits 01 … 20 of the code and counties 21 … 80, as in GB/T 2260.
    """
    number, name = PROVINCES[province]
    city, county = draws[0] % len(_CITIES), draws[1] % len(_COUNTIES)
    return Place(
        code=f"{number}{1 + city:02d}{21 + county}",
        province=name,
        city=_CITIES[city],
        county=_COUNTIES[(county + 3 * city) % len(_COUNTIES)],
    )


def brand(ordinal: int) -> tuple[int, str]:
    """Return the index of the province and the brand with this ordinal; no two are alike.

    Past `BRANDS` the brands come again with 第二, 第三 … behind them.
    """
    again, ordinal = divmod(ordinal, BRANDS)
    ordinal, province = divmod(ordinal, len(PROVINCES))
    tail, head = divmod(ordinal, len(_HEADS))
    suffix = f"第{_numeral(again + 1)}" if again else ""
    return province, f"{PROVINCES[province][1]}{_HEADS[head]}{_TAILS[tail]}{suffix}"


def person(draw: int) -> str:
    """Return a surname with 某 or 某某 in place of a given name: nobody is meant."""
    surname = _SURNAMES[draw % len(_SURNAMES)]
    return f"{surname}{'某' if draw & 0x100 else '某某'}"


def _numeral(number: int) -> str:
    """Return 1 … 99 in Chinese."""
    tens, ones = divmod(number, 10)
    head = f"{_DIGITS[tens] if tens > 1 else ''}十" if tens else ""
    return head + (_DIGITS[ones] if ones else "")
