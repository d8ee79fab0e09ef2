"""How the tables of shipped templates are read."""

from typing import Any, Final

_LEVELS: Final = ("category", "division", "group", "class")


def document(version: str, text: str) -> dict[str, Any]:
    """Return a template as JSON has it, but for its prefix.

    The first line has the titles, the class of GB/T 4754 as B0610, and what bears the identifiers;
    each other line is an entry.
    """
    first, *rows = text.strip().splitlines()
    title, title_en, trade, carrier = _cells(first)
    category, class_ = trade[0], trade[1:]
    levels = (category, class_[:2], class_[:3], class_)
    return {
        "version": version,
        "title": title,
        "title_en": title_en,
        "industry": dict(zip(_LEVELS, levels, strict=True)),
        "carrier": {"active": 1, "other": 2}[carrier],
        "description": "自定义模板 self-defined",
        "items": [_item(*_cells(row)) for row in rows],
    }


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("|")]


def _item(  # noqa: PLR0917 -- the columns of the table
    name: str, title: str, title_en: str, kind: str, unit: str, need: str
) -> dict[str, Any]:
    word, _, rule = kind.partition(" ")
    item = {"name": name, "title": title, "title_en": title_en} | _rule(word, rule)
    if unit:
        item["unit"] = unit
    if need:
        item["required"] = True
    return item


def _rule(word: str, rule: str) -> dict[str, Any]:
    if word == "one":
        choices = rule.removeprefix("of ").split()
        return {"type": "enumeration", "choices": choices}
    if word == "string":
        most, _, check = rule.partition(" ")
        return {"type": word, "max_length": int(most)} | ({"check": check} if check else {})
    low, _, high = rule.partition("..")
    return {"type": word} | {name: end for name, end in (("low", low), ("high", high)) if end}
