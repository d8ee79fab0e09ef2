"""Trades at four levels (国民经济行业分类, GB/T 4754-2017).

Section 门类 (a letter), division 大类 (two digits), group 中类 (three), class 小类 (four). The
letter stands in no other code. What a node of coal and freight needs is here; the whole standard is
loaded from a file, and until then any code is taken that stands in a division of the standard.
"""

import re
from collections.abc import Iterable, Mapping
from itertools import pairwise
from string import ascii_uppercase
from typing import Final

import msgspec

from identifiers.faults import Fault

_FORMS: Final = {
    "category": re.compile("[A-T]"),
    "division": re.compile("[0-9]{2}"),
    "group": re.compile("[0-9]{3}"),
    "class": re.compile("[0-9]{4}"),
}
_ANY_LEVEL: Final = re.compile(r"[A-T]|[A-T]?[0-9]{2,4}")


class Industry(msgspec.Struct, frozen=True, kw_only=True):
    """A class with all that is above it, as the national tables write them."""

    category: str
    division: str
    group: str
    class_: str = msgspec.field(name="class")

    def __str__(self) -> str:
        return f"{self.category}{self.class_}"


# Of 2017: section and division, then what is below each division. A group with one class has that
# class's name.
_SHIPPED: Final = """
B 采矿业
06 煤炭开采和洗选业
061 烟煤和无烟煤开采洗选
0610 烟煤和无烟煤开采洗选
062 褐煤开采洗选
0620 褐煤开采洗选
069 其他煤炭采选
0690 其他煤炭采选
11 开采专业及辅助性活动
111 煤炭开采和洗选专业及辅助性活动
1110 煤炭开采和洗选专业及辅助性活动
C 制造业
25 石油、煤炭及其他燃料加工业
252 煤炭加工
2521 炼焦
2522 煤制合成气生产
2523 煤制液体燃料生产
2524 煤制品制造
2529 其他煤炭加工
F 批发和零售业
51 批发业
516 矿产品、建材及化工产品批发
5161 煤炭及制品批发
G 交通运输、仓储和邮政业
53 铁路运输业
532 铁路货物运输
5320 铁路货物运输
533 铁路运输辅助活动
5332 货运火车站（场）
54 道路运输业
543 道路货物运输
5431 普通货物道路运输
5432 冷藏车道路运输
5433 集装箱道路运输
5434 大型货物道路运输
5435 危险货物道路运输
5436 邮件包裹道路运输
5437 城市配送
5438 搬家运输
5439 其他道路货物运输
544 道路运输辅助活动
5442 货运枢纽（站）
55 水上运输业
552 水上货物运输
5521 远洋货物运输
5522 沿海货物运输
5523 内河货物运输
553 水上运输辅助活动
5532 货运港口
58 多式联运和运输代理业
581 多式联运
5810 多式联运
582 运输代理业
5821 货物运输代理
59 装卸搬运和仓储业
591 装卸搬运
5910 装卸搬运
592 通用仓储
5920 通用仓储
593 低温仓储
5930 低温仓储
594 危险品仓储
5941 油气仓储
5942 危险化学品仓储
5949 其他危险品仓储
599 其他仓储业
5990 其他仓储业
"""


# Of 2017: the last division of each section, which follow one another.
_LAST: Final = (
    *(("A", 5), ("B", 12), ("C", 43), ("D", 46), ("E", 50), ("F", 52), ("G", 60), ("H", 62)),
    *(("I", 65), ("J", 69), ("K", 70), ("L", 72), ("M", 75), ("N", 79), ("O", 82), ("P", 83)),
    *(("Q", 85), ("R", 90), ("S", 96), ("T", 97)),
)
_SECTIONS: Final = {
    f"{number:02}": section
    for (_, before), (section, last) in pairwise((("", 0), *_LAST))
    for number in range(before + 1, last + 1)
}


def is_industry(text: str) -> bool:
    """Say whether this has the form of a code of any level.

    Such as ``B``, ``06``, ``061``, ``0610``, or ``B0610``.
    """
    return _ANY_LEVEL.fullmatch(text) is not None


class Classification(msgspec.Struct, frozen=True, kw_only=True):
    """Names by code, and the section of every division. `whole`: every code has its name here."""

    names: Mapping[str, str]
    sections: Mapping[str, str]
    whole: bool = False

    @classmethod
    def of(cls, rows: Iterable[tuple[str, str]], *, whole: bool) -> "Classification":
        """Make one of (code, name) in the order of the standard: a section, then what is in it.

        What is not `whole` has the divisions of 2017.
        """
        names: dict[str, str] = {}
        sections: dict[str, str] = {} if whole else dict(_SECTIONS)
        section = ""
        for code, name in rows:
            names[code] = name
            if code.isalpha():
                section = code
            elif len(code) == 2:  # noqa: PLR2004 -- a division
                sections[code] = section
        return cls(names=names, sections=sections, whole=whole)

    def division_faults(self, category: str, division: str, pointer: str) -> tuple[Fault, ...]:
        """Return what is wrong with a section and a division; `pointer` is what both begin with."""
        coded = (("category", category), ("division", division))
        return self._unknown(coded, pointer) or _crossed(
            [("division", division, category, self.sections.get(division, category))], pointer
        )

    def faults(self, industry: Industry, pointer: str) -> tuple[Fault, ...]:
        """Return what is wrong with a class and what is above it."""
        category, division, group, class_ = msgspec.structs.astuple(industry)
        coded = zip(_FORMS, (category, division, group, class_), strict=True)
        return self._unknown(coded, f"{pointer}/") or _crossed(
            [
                ("division", division, category, self.sections.get(division, category)),
                ("group", group, division, group[:2]),
                ("class", class_, group, class_[:3]),
            ],
            f"{pointer}/",
        )

    def code_faults(self, code: str, pointer: str) -> tuple[Fault, ...]:
        """Return what is wrong with a code of any level, with or without its letter."""
        if not is_industry(code):
            return (Fault("enterprise.industry", pointer),)
        letter, digits = code.rstrip("0123456789"), code.lstrip(ascii_uppercase)
        levels = [letter, *(digits[:length] for length in range(2, len(digits) + 1))]
        if not all(self._known(level) for level in levels if level):
            return (Fault("industry.code", pointer, {"code": code}),)
        section = self.sections.get(digits[:2], letter)
        if letter and section != letter:
            return (Fault("industry.above", pointer, {"code": digits[:2], "above": letter}),)
        return ()

    def name(self, code: str) -> str:
        """Return the name of a code; the code itself where it is not known."""
        return self.names.get(code, code)

    def _unknown(self, coded: Iterable[tuple[str, str]], pointer: str) -> tuple[Fault, ...]:
        return tuple(
            Fault("industry.code", pointer + level, {"code": code})
            for level, code in coded
            if not _FORMS[level].fullmatch(code) or not self._known(code)
        )

    def _known(self, code: str) -> bool:
        if self.whole:
            return code in self.names
        return code.isalpha() or code[:2] in self.sections


def _crossed(levels: Iterable[tuple[str, str, str, str]], pointer: str) -> tuple[Fault, ...]:
    return tuple(
        Fault("industry.above", pointer + level, {"code": code, "above": above})
        for level, code, above, stands_under in levels
        if stands_under != above
    )


def _row(line: str) -> tuple[str, str]:
    code, _, name = line.partition(" ")
    return code, name


SHIPPED: Final = Classification.of(map(_row, _SHIPPED.strip().splitlines()), whole=False)
