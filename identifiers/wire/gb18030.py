"""GB 18030 as it is read: octets in, text out.

Python's codec has the mapping of the standard's first edition (2000). Characters for which Unicode
had no place then are code points of private use there: 1 that GB 18030-2005 moved, 18 that
GB 18030-2022 moved, and 6 whose two octets the standard has given up since, as each has four more.
Here all of these become the characters that they stand for, whichever edition a table was written
by, as browsers read them (Encoding Standard, index gb18030). Unicode recommends that for the 18
(L2/23-003R): only by the letter of the edition of 2022 would the four octets that stood for them
before be of private use now. Whatever else is of private use stays that.
"""

import re
from types import MappingProxyType
from typing import Final

CODEC: Final = "gb18030"
_MOVED: Final = MappingProxyType(
    {
        **dict(
            zip(
                range(0xE78D, 0xE797),
                "\ufe10\ufe12\ufe11\ufe13\ufe14\ufe15\ufe16\ufe17\ufe18\ufe19",
                strict=True,
            )
        ),
        0xE7C7: "\u1e3f",
        0xE81E: "\u9fb4",
        0xE826: "\u9fb5",
        0xE82B: "\u9fb6",
        0xE82C: "\u9fb7",
        0xE832: "\u9fb8",
        0xE843: "\u9fb9",
        0xE854: "\u9fba",
        0xE864: "\u9fbb",
        0xE816: "\U00020087",
        0xE817: "\U00020089",
        0xE818: "\U000200cc",
        0xE831: "\U000215d7",
        0xE83B: "\U0002298f",
        0xE855: "\U000241fe",
    }
)
_SOME: Final = re.compile(f"[{''.join(map(chr, _MOVED))}]")


def decoded(octets: bytes) -> str:
    """Return the text of octets. Raises `UnicodeDecodeError`."""
    text = octets.decode(CODEC)
    return text.translate(_MOVED) if _SOME.search(text) else text
