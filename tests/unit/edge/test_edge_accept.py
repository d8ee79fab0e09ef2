import pytest

from edge.accept import best_media_type

OFFERED = ("application/x-ndjson", "text/csv", "application/cbor-seq")


@pytest.mark.parametrize(
    ("field", "chosen"),
    [
        ("", OFFERED[0]),
        ("*/*", OFFERED[0]),
        ("text/csv", "text/csv"),
        ("TEXT/CSV; charset=utf-8", "text/csv"),
        ("text/*", "text/csv"),
        ("text/csv;q=0.5, application/cbor-seq", "application/cbor-seq"),
        ("*/*;q=0.1, text/csv;q=0", OFFERED[0]),
        ("application/x-ndjson;q=0, */*", "text/csv"),
        ("image/png", None),
        ("text/csv;q=0", None),
        ("text/csv;q=lots", None),
        (";;;,,=,", None),
        ("x" * 5000, None),
    ],
)
def test_the_best_offer_is_chosen(field, chosen):
    assert best_media_type(field, OFFERED) == chosen
