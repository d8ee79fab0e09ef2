"""The registers that codes are looked up in: shipped in part, whole once an operator loaded them.

A register is a text file of lines ``CODE,NAME`` in UTF-8 under ``registers/`` of the data
directory.
"""

from codecs import BOM_UTF8
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Final

from identifiers.codes.divisions import Divisions, is_division
from identifiers.codes.industries import SHIPPED, Classification, is_industry
from identifiers.enterprises.particulars import Registers
from node.refusals import NotDone

_FOLDER: Final = "registers"
_TOLD: Final = 5


class Register(StrEnum):
    """Which, by the name of its file."""

    DIVISIONS = "divisions"
    """Places, GB/T 2260."""
    INDUSTRIES = "industries"
    """Trades, GB/T 4754, in the order of the standard."""


_CHECKS: Final = {Register.DIVISIONS: is_division, Register.INDUSTRIES: is_industry}


def load(data_dir: Path, register: Register, text: bytes) -> int:
    """Keep a register; return how many codes it has. Raises `NotDone` with every bad line."""
    count = len(list(_rows(register, text)))
    path = data_dir / _FOLDER / f"{register}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.write_bytes(text.removeprefix(BOM_UTF8))
    draft.replace(path)
    return count


def registers(data_dir: Path) -> Registers:
    """Return the registers as they are loaded, or shipped."""
    places, trades = Divisions(), SHIPPED
    if text := _kept(data_dir, Register.DIVISIONS):
        places = Divisions(dict(_rows(Register.DIVISIONS, text)), whole=True)
    if text := _kept(data_dir, Register.INDUSTRIES):
        trades = Classification.of(_rows(Register.INDUSTRIES, text), whole=True)
    return Registers(places=places, trades=trades)


def _kept(data_dir: Path, register: Register) -> bytes:
    try:
        return (data_dir / _FOLDER / f"{register}.csv").read_bytes()
    except FileNotFoundError:
        return b""


def _rows(register: Register, text: bytes) -> Iterator[tuple[str, str]]:
    faults: list[str] = []
    rows: list[tuple[str, str]] = []
    try:
        lines = text.removeprefix(BOM_UTF8).decode().splitlines()
    except UnicodeDecodeError as why:
        raise NotDone(f"the file is not UTF-8: {why}") from None
    for number, line in enumerate(lines, 1):
        code, comma, name = (part.strip() for part in line.partition(","))
        if not line.strip():
            continue
        if comma and name and _CHECKS[register](code):
            rows.append((code, name))
        else:
            faults.append(f"line {number}: CODE,NAME is expected, not {line!r}")
    if faults:
        rest = f"\nand {len(faults) - _TOLD} more" if len(faults) > _TOLD else ""
        raise NotDone("\n".join(faults[:_TOLD]) + rest)
    if not rows:
        raise NotDone("the file has no line")
    return iter(rows)
