"""The choices that commands offer for bulk input and output."""

from enum import StrEnum


class Mode(StrEnum):
    """What happens to identifiers that are there already."""

    CREATE = "create"
    UPSERT = "upsert"
    REPLACE = "replace"


class Form(StrEnum):
    """How identifiers are written down."""

    NDJSON = "ndjson"
    CSV = "csv"
    CBOR = "cbor"


class Encoding(StrEnum):
    """How the characters of a table are written down."""

    UTF_8 = "utf-8"
    GB18030 = "gb18030"
