"""What the description of the API shows: one batch of coal of a fictitious enterprise."""

from typing import Any, Final

HANDLE: Final = "88.300.1/COAL-2026-0001"
CHANGE: Final = "019b76da-a800-7c3e-9d41-5a2f0e6b8c17"
IMPORT_ID: Final = "4f1c2d3e-5a6b-8c7d-9e0f-1a2b3c4d5e6f"
VALUES: Final[list[dict[str, Any]]] = [
    {"index": 1, "type": "URL", "data": "https://coal.example/batches/2026-0001"},
    {"index": 2000, "type": "品名", "data": "动力煤"},
    {"index": 2001, "type": "Qnet,ar", "data": "23.45"},
]
NEW: Final = {"handle": HANDLE, "values": VALUES}
STORED: Final = {
    "handle": HANDLE,
    "values": [
        {
            "index": 1,
            "type": "URL",
            "data": {"format": "string", "value": "https://coal.example/batches/2026-0001"},
            "ttl": 86400,
            "timestamp": "2026-01-05T08:30:00Z",
        }
    ],
    "state": "active",
    "version": 1,
    "changed_at": "2026-01-05T08:30:00Z",
}
RECEIPT: Final = {
    "handle": HANDLE,
    "status": "created",
    "state": "active",
    "version": 1,
    "changed_at": "2026-01-05T08:30:00Z",
    "change": CHANGE,
}
CHANGES: Final = {"values": [VALUES[2]], "remove": [2000]}
PAGE: Final = {"items": [STORED], "next": "ODguMzAwLjEvQ09BTC0yMDI2LTAwMDE"}
BATCH: Final = {"items": [NEW, {"handle": "88.300.10/X", "values": VALUES}]}
BATCH_ANSWER: Final = {
    "items": [
        {"handle": HANDLE, "status": 201, "version": 1, "change": CHANGE},
        {
            "handle": "88.300.10/X",
            "status": 403,
            "problem": {
                "type": "urn:idnode:problem:not-yours",
                "title": "This key has no right to names under this prefix.",
                "status": 403,
            },
        },
    ]
}
IMPORT: Final = {
    "id": IMPORT_ID,
    "state": "done",
    "mode": "create",
    "dry_run": False,
    "media_type": "application/x-ndjson",
    "bytes": 127_800_000,
    "rows": 300_000,
    "created": 299_998,
    "updated": 0,
    "unchanged": 0,
    "rejected": 2,
    "started_at": "2026-01-05T08:30:00Z",
    "finished_at": "2026-01-05T08:30:12Z",
    "results": f"/api/v1/imports/{IMPORT_ID}/results",
}
NDJSON: Final = (
    '{"handle":"88.300.1/A","values":[{"index":1,"type":"URL","data":"https://a.example"}]}\n'
    '{"handle":"88.300.1/B","values":[{"index":1,"type":"URL","data":"https://b.example"}]}\n'
)
CSV: Final = "handle,ttl,1:URL,2000:品名\n88.300.1/A,86400,https://a.example,动力煤\n"
RESULTS: Final = (
    '{"row":7,"handle":"88.300.10/X","status":"rejected","problem":{"type":'
    '"urn:idnode:problem:not-yours","title":"This key has no right to names under this prefix.",'
    '"status":403}}\n'
)
