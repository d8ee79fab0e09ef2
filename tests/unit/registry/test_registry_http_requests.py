import pytest
from aiohttp.test_utils import make_mocked_request

from registry.http.requests import not_modified


@pytest.mark.timeout(30)
@pytest.mark.parametrize("unit", [" ", ",", '"', " ,", '"v1" ', "W/"])
def test_reading_a_field_takes_time_in_proportion_to_its_length(unit):
    """A million characters, of which a square would take hours."""
    known = unit * (1_000_000 // len(unit))
    request = make_mocked_request("GET", "/", headers={"If-None-Match": known})
    assert not not_modified(request, 1)


@pytest.mark.parametrize(
    ("lines", "known"),
    [
        (['"v1"'], True),
        (['W/"v1"'], True),
        (['"v2"', '"v1"'], True),
        (['\t"v2",\t"v1"\t'], True),
        (["*"], True),
        (['"v01"'], False),
        (["v1"], False),
        (['"v2"'], False),
        ([], False),
    ],
)
def test_what_a_reader_knows(lines, known):
    headers = [("If-None-Match", line) for line in lines]
    request = make_mocked_request("GET", "/", headers=headers)
    assert not_modified(request, 1) is known
