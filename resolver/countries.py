"""Which country an address is in, by a table that the operator provides.

A line of CSV for each range of addresses, in any order, with the ISO 3166-1 code of two letters::

    192.0.2.0,192.0.2.255,CN
    2001:db8::/32,SG

First and last address, or a network; further columns, quotation marks and lines that begin with
``#`` are passed over. Kept as three strings of octets, so that a million ranges take some 20 MB.
"""

from bisect import bisect_right
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_network
from itertools import pairwise
from socket import AF_INET, AF_INET6, inet_pton
from typing import Final

_WIDTHS: Final = {4: 4, 6: 16}
_CODE: Final = 2
_RANGE: Final = 3
"""Columns of a line with first and last address."""


class BadTable(ValueError):
    """A table that cannot be used; the message names the line."""


class _Ranges:
    """Ranges of addresses of `width` octets that do not overlap."""

    def __init__(self, width: int, found: list[tuple[bytes, bytes, bytes, int]]) -> None:
        found.sort()
        for one, other in pairwise(found):
            if other[0] <= one[1]:
                raise BadTable(f"line {other[3]}: overlaps line {one[3]}")
        self._width = width
        self._first = b"".join(first for first, _, _, _ in found)
        self._last = b"".join(last for _, last, _, _ in found)
        self._codes = b"".join(code for _, _, code, _ in found)

    def __len__(self) -> int:
        return len(self._codes) // _CODE

    def find(self, address: bytes) -> str:
        """Return the code of the range that `address` is in, nothing if there is none."""
        width, first = self._width, self._first
        at = bisect_right(
            range(len(self)), address, key=lambda n: first[n * width : (n + 1) * width]
        )
        if not at or self._last[(at - 1) * width : at * width] < address:
            return ""
        return self._codes[(at - 1) * _CODE : at * _CODE].decode()


class Countries:
    """The table. Raises `BadTable` for lines that cannot be used."""

    def __init__(self, lines: Iterable[str] = ()) -> None:
        found: dict[int, list[tuple[bytes, bytes, bytes, int]]] = {4: [], 6: []}
        for number, line in enumerate(lines, 1):
            text = line.strip().replace('"', "")
            if text and not text.startswith("#"):
                first, last, code = _read(text, number)
                version = 4 if len(first) == _WIDTHS[4] else 6
                found[version].append((first, last, code, number))
        self._by_version = {v: _Ranges(_WIDTHS[v], ranges) for v, ranges in found.items()}

    def __len__(self) -> int:
        return sum(map(len, self._by_version.values()))

    def of(self, address: IPv4Address | IPv6Address) -> str:
        """Return the code of an address's country in upper case; empty: it is not known."""
        return self._by_version[address.version].find(address.packed)


NOWHERE: Final = Countries()
"""The table without a line: no country is known."""


def _read(text: str, number: int) -> tuple[bytes, bytes, bytes]:
    cells = [cell.strip() for cell in text.split(",")]
    network = "/" in cells[0]
    if len(cells) < _RANGE - network:
        raise BadTable(f"line {number}: first and last address, or a network, and a country")
    code = cells[_RANGE - 1 - network].upper()
    if len(code) != _CODE or not (code.isascii() and code.isalpha()):
        raise BadTable(f"line {number}: {code[:20]!r} is no country of two letters")
    try:
        if network:
            whole = ip_network(cells[0])
            return whole.network_address.packed, whole.broadcast_address.packed, code.encode()
        first, last = map(_packed, cells[:2])
    except (ValueError, OSError):
        raise BadTable(f"line {number}: {text[:80]!r} begins with no range of addresses") from None
    if len(first) != len(last) or first > last:
        raise BadTable(f"line {number}: the last address comes before the first")
    return first, last, code.encode()


def _packed(text: str) -> bytes:
    return inet_pton(AF_INET6 if ":" in text else AF_INET, text)
