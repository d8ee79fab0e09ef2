"""Places in China by their codes (行政区划代码, GB/T 2260): two digits for each of three levels.

The names of provinces are here. Those of cities and counties change every year; a node loads them
from a file, and until then any code is taken that its level allows.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

_CODE: Final = re.compile(r"[1-9][0-9]{5}")

PROVINCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "110000": "北京市",
        "120000": "天津市",
        "130000": "河北省",
        "140000": "山西省",
        "150000": "内蒙古自治区",
        "210000": "辽宁省",
        "220000": "吉林省",
        "230000": "黑龙江省",
        "310000": "上海市",
        "320000": "江苏省",
        "330000": "浙江省",
        "340000": "安徽省",
        "350000": "福建省",
        "360000": "江西省",
        "370000": "山东省",
        "410000": "河南省",
        "420000": "湖北省",
        "430000": "湖南省",
        "440000": "广东省",
        "450000": "广西壮族自治区",
        "460000": "海南省",
        "500000": "重庆市",
        "510000": "四川省",
        "520000": "贵州省",
        "530000": "云南省",
        "540000": "西藏自治区",
        "610000": "陕西省",
        "620000": "甘肃省",
        "630000": "青海省",
        "640000": "宁夏回族自治区",
        "650000": "新疆维吾尔自治区",
        "710000": "台湾省",
        "810000": "香港特别行政区",
        "820000": "澳门特别行政区",
    }
)


def is_division(text: str) -> bool:
    """Say whether this has the form of a code of any level."""
    return _CODE.fullmatch(text) is not None


def level(code: str) -> int:
    """Return 1 for a province, 2 for a city or prefecture, 3 for what is below."""
    return 1 if code.endswith("0000") else 2 if code.endswith("00") else 3


def within(code: str, above: str) -> bool:
    """Say whether a place is in another one, which is of the level above or higher."""
    stem = above[: 2 * level(above)]
    return level(code) > level(above) and code.startswith(stem)


class Divisions(msgspec.Struct, frozen=True):
    """Names by code. `whole`: a code that is not here does not exist."""

    names: Mapping[str, str] = PROVINCES
    whole: bool = False

    def has(self, code: str) -> bool:
        """Say whether a code of the right form can be taken."""
        return code in self.names or not self.whole

    def name(self, code: str) -> str:
        """Return the name of a place; the code itself where it is not known."""
        return self.names.get(code, code)
