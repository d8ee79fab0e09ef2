"""Every operation of the API, once: its route is served from here and described from here."""

from collections.abc import Sequence
from typing import Any, Final

from edge.problems import (
    CONTENT_ENCODING,
    INVALID,
    MALFORMED,
    MEDIA_TYPE_UNKNOWN,
    MISSING_SCOPE,
    NOT_YOURS,
    PREFIX_DISABLED,
    QUOTA_SPENT,
    SLOW,
    TOO_LARGE,
    Kind,
)
from identifiers.wire import cborform, csvform, jsonlines
from registry.http import examples
from registry.http.batch import Batches
from registry.http.export import Exports
from registry.http.identifiers import Identifiers
from registry.http.imports import ImportRoutes
from registry.http.operations import Body, Operation, Parameter, Result
from registry.http.parameters import (
    AFTER,
    ALL,
    HANDLE,
    IF_MATCH,
    IF_NONE_MATCH,
    LANGUAGE,
    LIMIT,
    ONCE,
)
from registry.http.problems import (
    BODY_DIFFERS,
    DRY_RUN_TOO_LONG,
    DRY_RUNS_BUSY,
    EXISTS,
    IMPORT_OVERTAKEN,
    IMPOSSIBLE,
    JOBS_BUSY,
    KEY_REUSED,
    KEY_SYNTAX,
    LOCKED,
    NO_IMPORT,
    NOT_ACCEPTABLE,
    NOT_FOUND,
    PARAMETER,
    PROTECTED,
    PUBLISHED,
    STALE,
    STATE_SCOPE,
)
from registry.http.replies import IDENTIFIERS, JSON
from registry.http.schemas import ref
from registry.reading.rows import BATCH_LIMIT

_RIGHTS: Final = (NOT_YOURS, MISSING_SCOPE, PREFIX_DISABLED)
_BODY: Final = (MALFORMED, SLOW, TOO_LARGE, MEDIA_TYPE_UNKNOWN, CONTENT_ENCODING, INVALID)
_WRITE: Final[tuple[Kind, ...]] = (
    *_RIGHTS,
    KEY_REUSED,
    KEY_SYNTAX,
    PARAMETER,
    QUOTA_SPENT,
)

_STRING: Final = {"type": "string"}
_PREFIX: Final = Parameter(
    name="prefix",
    place="query",
    required=True,
    schema=_STRING,
    example="88.300.1",
    description="Just this prefix, without those derived from it.",
)
_IMPORT: Final = Parameter(
    name="id",
    place="path",
    required=True,
    schema={"type": "string", "format": "uuid"},
    example=examples.IMPORT_ID,
    description="The import.",
)
_MODE: Final = Parameter(
    name="mode",
    place="query",
    schema={"enum": ["create", "upsert", "replace"], "default": "create"},
    description="What happens to identifiers that are there already. create: nothing, the item is "
    "rejected. upsert: values are added or replaced by index. replace: the values become just "
    "those sent.",
)
_DRY_RUN: Final = Parameter(
    name="dry_run",
    place="query",
    schema={"enum": ["0", "1", "true", "false"], "default": "0"},
    description="Judge every row and change nothing, as if the rows before it had been written: "
    "the verdicts are those of the import as long as nobody else writes meanwhile. Quotas are not "
    "looked at. It ends with 413 behind 8,000,000 names, or 335,000 values that no "
    "two identifiers may have, or in the modes upsert and replace when a row meets an earlier one "
    "that is not remembered any more (32 MiB of rows are). A node makes three dry runs at a time "
    "and answers 503 to others. "
    "A dry run is judged anew each time: an Idempotency-Key sent with it is passed over, and stays "
    "free for the real import.",
)
_BY_KEY: Final = Parameter(
    name="idempotency_key",
    place="query",
    schema=_STRING,
    description="Only the import that was sent with this key, also while it is being sent.",
)
_ETAG: Final = {"ETag": 'The version, as `"v1"`.'}
_RECEIPT: Final = {JSON: (ref("Receipt"), examples.RECEIPT)}


def _json(schema: str, example: Any) -> dict[str, tuple[dict[str, Any], Any]]:
    return {JSON: (ref(schema), example)}


def _rows() -> dict[str, tuple[dict[str, Any], Any]]:
    return {
        jsonlines.MEDIA_TYPE: (_STRING, examples.NDJSON),
        csvform.MEDIA_TYPE: (_STRING, examples.CSV),
        cborform.SEQUENCE_MEDIA_TYPE: ({"type": "string", "format": "binary"}, None),
    }


def identifier_operations(handlers: Identifiers) -> Sequence[Operation]:
    """Return the operations on single identifiers."""
    one, route = IDENTIFIERS + "/{handle}", IDENTIFIERS + r"/{handle:[\s\S]+}"
    return (
        Operation(
            method="POST",
            path=IDENTIFIERS,
            id="createIdentifier",
            tag="Identifiers",
            summary="Register an identifier",
            description="Registers a new identifier. One that is there already is not touched: "
            "409 tells its version.",
            handler=handlers.create,
            parameters=(ONCE, LANGUAGE),
            body=Body(description="The identifier.", content=_json("NewIdentifier", examples.NEW)),
            results={
                201: Result(
                    description="Registered.",
                    content=_RECEIPT,
                    headers={**_ETAG, "Location": "Where it can be read."},
                )
            },
            problems=(*_WRITE, *_BODY, EXISTS),
            writes=True,
        ),
        Operation(
            method="GET",
            path=IDENTIFIERS,
            id="listIdentifiers",
            tag="Identifiers",
            summary="List a prefix",
            description="The identifiers under one prefix by name, some at a time. The following "
            "page is linked (`Link: rel=next`) and named by `next`.",
            handler=handlers.page,
            parameters=(_PREFIX, AFTER, LIMIT, LANGUAGE),
            results={200: Result(description="A page.", content=_json("Page", examples.PAGE))},
            problems=(*_RIGHTS, PARAMETER),
        ),
        Operation(
            method="GET",
            path=one,
            route=route,
            id="getIdentifier",
            tag="Identifiers",
            summary="Read an identifier",
            description="Reads an identifier as its owner sees it, with values that the public "
            "does not. What is read can be changed and sent back with PUT, but for secret keys "
            "(HS_SECKEY): they are shown to nobody, so use PATCH where there are some.",
            handler=handlers.read,
            parameters=(HANDLE, IF_NONE_MATCH, LANGUAGE),
            results={
                200: Result(
                    description="The identifier.",
                    content=_json("Identifier", examples.STORED),
                    headers=_ETAG,
                ),
                304: Result(description="It is still the version that is known."),
            },
            problems=(*_RIGHTS, NOT_FOUND, PARAMETER),
        ),
        Operation(
            method="PUT",
            path=one,
            route=route,
            id="putIdentifier",
            tag="Identifiers",
            summary="Replace or register an identifier",
            description="Makes the values just these. When nothing would change nothing does: "
            "version and timestamps stay.",
            handler=handlers.put,
            parameters=(HANDLE, IF_MATCH, IF_NONE_MATCH, ONCE, LANGUAGE),
            body=Body(description="The identifier.", content=_json("Replacement", examples.NEW)),
            results={
                200: Result(description="Replaced.", content=_RECEIPT, headers=_ETAG),
                201: Result(description="Registered.", content=_RECEIPT, headers=_ETAG),
            },
            problems=(*_WRITE, *_BODY, STALE, PROTECTED, LOCKED, PUBLISHED, STATE_SCOPE),
            writes=True,
        ),
        Operation(
            method="PATCH",
            path=one,
            route=route,
            id="patchIdentifier",
            tag="Identifiers",
            summary="Change single values, or the state",
            description="Adds or replaces values by index, removes others, moves the identifier "
            "through its life: reserved (it does not resolve), active, suspended, revoked (final). "
            "Of a suspended one nothing but the state changes, unless it is made active with it.",
            handler=handlers.patch,
            parameters=(HANDLE, IF_MATCH, IF_NONE_MATCH, ONCE, LANGUAGE),
            body=Body(description="The changes.", content=_json("Changes", examples.CHANGES)),
            results={200: Result(description="Changed.", content=_RECEIPT, headers=_ETAG)},
            problems=(
                *_WRITE,
                *_BODY,
                NOT_FOUND,
                STALE,
                PROTECTED,
                LOCKED,
                IMPOSSIBLE,
                PUBLISHED,
                STATE_SCOPE,
            ),
            writes=True,
        ),
        Operation(
            method="DELETE",
            path=one,
            route=route,
            id="deleteIdentifier",
            tag="Identifiers",
            summary="Delete an identifier",
            description="Removes it and frees its name for the same owner. Versions go on rising "
            "if it is registered again; history is kept.",
            handler=handlers.delete,
            parameters=(HANDLE, IF_MATCH, ONCE, LANGUAGE),
            results={200: Result(description="Deleted.", content=_RECEIPT, headers=_ETAG)},
            problems=(*_WRITE, NOT_FOUND, STALE, LOCKED, PUBLISHED),
            writes=True,
        ),
    )


def bulk_operations(
    batches: Batches, imports: ImportRoutes, exports: Exports
) -> Sequence[Operation]:
    """Return the operations on many identifiers."""
    collection = "/api/v1/imports"
    return (
        Operation(
            method="POST",
            path=IDENTIFIERS + "/batch",
            id="batch",
            tag="Many at once",
            summary=f"Up to {BATCH_LIMIT:,} identifiers in one request",
            description="Each item is judged for itself; what is fit is committed together. A "
            "handle that appears twice is refused where it appears again.",
            handler=batches.post,
            parameters=(_MODE, ONCE, LANGUAGE),
            body=Body(description="The identifiers.", content=_json("Batch", examples.BATCH)),
            results={
                200: Result(
                    description="The fate of each item, in order.",
                    content=_json("BatchAnswer", examples.BATCH_ANSWER),
                )
            },
            problems=(KEY_REUSED, KEY_SYNTAX, PARAMETER, QUOTA_SPENT, *_BODY),
            writes=True,
        ),
        Operation(
            method="POST",
            path=collection,
            id="import",
            tag="Many at once",
            summary="Import a body of any length",
            description="Registers what streams in, in chunks that are committed one after "
            "another. With an Idempotency-Key an import whose connection was cut goes on when the "
            "same body is sent again, and one that has ended gives its first answer. An import "
            "whose key is revoked meanwhile ends with 401; what is committed stays.",
            handler=imports.run,
            parameters=(_MODE, _DRY_RUN, ONCE, LANGUAGE),
            body=Body(description="One identifier a row.", content=_rows()),
            results={
                200: Result(
                    description="The import has ended; `rejected` rows are told by `results`.",
                    content=_json("Import", examples.IMPORT),
                )
            },
            problems=(
                MISSING_SCOPE,
                KEY_SYNTAX,
                PARAMETER,
                MALFORMED,
                INVALID,
                SLOW,
                MEDIA_TYPE_UNKNOWN,
                CONTENT_ENCODING,
                BODY_DIFFERS,
                IMPORT_OVERTAKEN,
                DRY_RUN_TOO_LONG,
                DRY_RUNS_BUSY,
                JOBS_BUSY,
                QUOTA_SPENT,
            ),
            writes=True,
        ),
        Operation(
            method="GET",
            path=collection,
            id="listImports",
            tag="Many at once",
            summary="List imports",
            description="The newest imports that were made with this key.",
            handler=imports.list,
            parameters=(_BY_KEY, LANGUAGE),
            results={
                200: Result(
                    description="Imports.",
                    content=_json("Imports", {"items": [examples.IMPORT]}),
                )
            },
            problems=(PARAMETER,),
        ),
        Operation(
            method="GET",
            path=collection + "/{id}",
            id="getImport",
            tag="Many at once",
            summary="See how far an import is",
            description="As far as it is committed; also while it is being sent.",
            handler=imports.read,
            parameters=(_IMPORT, LANGUAGE),
            results={
                200: Result(description="The import.", content=_json("Import", examples.IMPORT))
            },
            problems=(NO_IMPORT, PARAMETER),
        ),
        Operation(
            method="GET",
            path=collection + "/{id}/results",
            id="getImportResults",
            tag="Many at once",
            summary="See what became of the rows",
            description="A line for each rejected row, or with `all=1` for every row, in order.",
            handler=imports.results,
            parameters=(_IMPORT, ALL, LANGUAGE),
            results={
                200: Result(
                    description="Newline-delimited `RowResult`.",
                    content={jsonlines.MEDIA_TYPE: (_STRING, examples.RESULTS)},
                )
            },
            problems=(NO_IMPORT, PARAMETER),
        ),
        Operation(
            method="GET",
            path="/api/v1/export",
            id="export",
            tag="Many at once",
            summary="Export a prefix",
            description="All identifiers under a prefix, in a form that can be imported. A table "
            "holds public texts only: 422 tells what does not fit. Secret keys (HS_SECKEY) are "
            "shown to nobody and left out.",
            handler=exports.get,
            parameters=(_PREFIX, LANGUAGE),
            results={200: Result(description="One identifier a row.", content=_rows())},
            problems=(*_RIGHTS, NOT_ACCEPTABLE, PARAMETER, INVALID, JOBS_BUSY),
        ),
    )
