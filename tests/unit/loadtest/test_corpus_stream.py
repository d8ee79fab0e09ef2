import hashlib
import json
import re
import subprocess
import sys
import unicodedata
from collections import Counter
from itertools import islice

import pytest

from identifiers.codes import checks
from identifiers.names import Handle, registration_faults
from loadtest.corpus import Corpus, Sector, coal, freight
from loadtest.corpus.draws import draw
from loadtest.corpus.manufacturing import PRODUCT
from loadtest.corpus.products import KINDS, ROUNDS

# The first 2,000 lines with the arguments left out. It changes only when the corpus is meant to
# change, which the changelog then says: figures measured on the old one compare no longer.
GOLDEN_SHA256 = "e7f71e6398d105d4da91d2ff092efeb7d849ef0f9263b664ae1b4fa8dbf0aebf"


@pytest.fixture(scope="module")
def corpus():
    return Corpus()


@pytest.fixture(scope="module")
def records(corpus):
    return [json.loads(line) for line in corpus.ndjson(0, 20_000)]


def text(record, type_):
    return next(v["data"]["value"] for v in record["values"] if v["type"] == type_)


def of_kind(records, path):
    return [r for r in records if f".example/{path}/" in text(r, "URL")]


def test_same_seed_same_bytes(corpus):
    assert hashlib.sha256(b"".join(corpus.ndjson(0, 2000))).hexdigest() == GOLDEN_SHA256


def test_neither_hash_seed_nor_optimisation_changes_a_byte(corpus):
    command = [sys.executable, "-OO", "-m", "loadtest.corpus", "--identifiers", "500"]
    made = subprocess.run(command, env={"PYTHONHASHSEED": "7"}, capture_output=True, check=True)
    assert made.stdout == b"".join(corpus.ndjson(0, 500))


def test_another_seed_other_bytes(corpus):
    assert b"".join(Corpus(seed=2).ndjson(0, 100)) != b"".join(corpus.ndjson(0, 100))


def test_prefix_and_number_of_enterprises_are_kept():
    small = Corpus(prefix="86.1021", enterprises=3)
    prefixes = {small.identifier(item)["handle"].partition("/")[0] for item in range(200)}
    assert prefixes == {"86.1021.1", "86.1021.2", "86.1021.3"}


@pytest.mark.parametrize("count", [0, -1, 100_000])
def test_a_number_of_enterprises_outside_the_codes_is_refused(count):
    with pytest.raises(ValueError, match="enterprises must be"):
        Corpus(enterprises=count)


def test_one_item_equals_its_line_of_the_stream(corpus):
    for item, line in enumerate(corpus.ndjson(7_000, 8_000), start=7_000):
        compact = json.dumps(corpus.identifier(item), ensure_ascii=False, separators=(",", ":"))
        assert line == f"{compact}\n".encode()


def test_a_stream_may_begin_anywhere(corpus):
    far = 10**9
    assert next(corpus.ndjson(far, far + 1)).decode() == (
        json.dumps(corpus.identifier(far), ensure_ascii=False, separators=(",", ":")) + "\n"
    )
    assert list(corpus.ndjson(5, 5)) == []


def test_the_streams_of_the_enterprises_are_together_the_whole(corpus):
    whole = set(corpus.ndjson(0, 6_000))
    parts = [
        line
        for number in range(1, corpus.enterprises + 1)
        for line in corpus.ndjson_of(number, 0, corpus.count_of(number, 6_000))
    ]
    assert len(parts) == len(whole) == 6_000
    assert set(parts) == whole


def test_an_item_of_an_enterprise_equals_its_line(corpus):
    assert json.loads(next(corpus.ndjson_of(2, 11, 12))) == corpus.identifier_of(2, 11)


def test_handles_are_unique_and_belong_to_their_enterprise(records):
    handles = [record["handle"] for record in records]
    assert len(set(handles)) == len(handles)
    # Folding letters, as some prefixes do, makes no two of them one.
    assert len({handle.upper() for handle in handles}) == len(handles)
    for record in records:
        number = record["handle"].partition("/")[0].rpartition(".")[2]
        assert f"//id.e{number}.example/" in text(record, "URL")


def test_every_handle_may_be_registered(records):
    assert not [r for r in records if registration_faults(Handle.parse(r["handle"]))]


def test_large_enterprises_own_most(records):
    owners = Counter(record["handle"].partition("/")[0] for record in records)
    assert len(owners) == 514
    assert 0.04 < owners["88.300.1"] / len(records) < 0.25
    largest = sum(count for _, count in owners.most_common(51))
    assert largest > 0.4 * len(records)


@pytest.mark.parametrize("item", [-1, -300_000])
def test_there_is_nothing_before_the_first_item(corpus, item):
    with pytest.raises(IndexError, match="from 0"):
        corpus.identifier(item)
    with pytest.raises(IndexError, match="from 0"):
        corpus.identifier_of(1, item)
    with pytest.raises(IndexError, match="from 0"):
        corpus.ndjson(item, 5)


@pytest.mark.parametrize("number", [0, -1, 515])
def test_there_is_no_enterprise_outside_the_row(corpus, number):
    with pytest.raises(IndexError, match="from 1 to 514"):
        corpus.enterprise(number)
    with pytest.raises(IndexError, match="from 1 to 514"):
        corpus.count_of(number, 1)


def test_values_have_the_form_of_the_wire(records):
    for record in records[:2_000]:
        url, *described = record["values"]
        assert (url["index"], url["type"]) == (1, "URL")
        assert [v["index"] for v in described] == list(range(2000, 2000 + len(described)))
        for value in record["values"]:
            assert value["ttl"] in {3600, 86_400}
            assert value["data"]["format"] == "string"
            assert value["data"]["value"]


def test_texts_need_no_escaping_and_are_normal_form_c(records):
    for record in records:
        for told in [record["handle"], *(v["data"]["value"] for v in record["values"])]:
            assert not re.search(r'["\\\x00-\x1f\x7f]', told)
            assert unicodedata.is_normalized("NFC", told)


def test_most_records_take_300_to_600_octets_on_the_wire(records):
    # RFC 3651 section 3.1: 26 octets beside type and data, no references.
    sizes = sorted(
        sum(26 + len(v["type"]) + len(v["data"]["value"].encode()) for v in record["values"])
        for record in records
    )
    assert sizes[len(sizes) // 10] >= 300
    assert sizes[len(sizes) * 9 // 10] <= 600


def test_every_kind_is_met_and_has_a_path_of_its_own(records):
    assert len({kind.path for kind in KINDS}) == len(KINDS)
    for kind in KINDS:
        assert of_kind(records, kind.path) or kind is PRODUCT


def test_every_record_speaks_chinese(records):
    for record in records:
        assert any(
            re.search(r"[一-鿿]", v["data"]["value"]) for v in record["values"] if v["index"] != 1
        )


def hundredths(record, type_):
    return round(float(text(record, type_)) * 100)


def test_an_assay_adds_up_and_fits_its_class(records):
    by_name = {c.name: c for c in (*coal.BITUMINOUS, coal.LIGNITE)}
    for record in of_kind(records, "coal"):
        moisture, ash, volatile, fixed = (
            hundredths(record, type_) for type_ in ("Mad", "Aad", "Vad", "FCad")
        )
        assert moisture + ash + volatile + fixed == 10_000
        name = max((n for n in by_name if text(record, "PRODUCT").startswith(n)), key=len)
        dry_ash_free = volatile * 10_000 / (volatile + fixed)
        low, high = by_name[name].volatile
        assert low - 2 <= dry_ash_free <= high + 2
        assert 1_000 < hundredths(record, "Qgr_ad") < 3_600


def test_an_enterprise_deals_in_one_class_of_coal(records):
    classes = {}
    for record in of_kind(records, "coal"):
        product = re.sub("(原煤|洗精煤|洗混煤|洗块煤)$", "", text(record, "PRODUCT"))
        assert classes.setdefault(record["handle"].partition("/")[0], product) == product


def test_container_numbers_check(records):
    for record in of_kind(records, "container"):
        number = text(record, "CONTAINER_NO")
        assert re.fullmatch(r"ZZ[A-Z]U\d{7}", number)
        assert number[10] == checks.container(number[:10])
        assert record["handle"].endswith(f"/CONTAINER/{number}")


def test_vehicle_numbers_check(records):
    for record in of_kind(records, "vehicle"):
        vin = text(record, "VIN")
        assert re.fullmatch(r"ZZZ\d{5}[0-9X]T[0-9A-HJ-NPR-Z]\d{6}", vin)
        assert vin[8] == checks.vin(vin[:8] + vin[9:])


def test_plates_have_the_form_but_an_authority_that_gives_none(records):
    plates = [
        text(r, "PLATE") for r in [*of_kind(records, "waybill"), *of_kind(records, "vehicle")]
    ]
    assert all(re.fullmatch(r"[晋蒙陕宁贵]Z[A-HJ-NP-Z]\d{4}", plate) for plate in plates)


@pytest.mark.parametrize(
    ("kind", "most", "things"),
    [(freight.VEHICLE, 33_000_000, "vehicles"), (freight.CONTAINER, 26_000_000, "containers")],
)
def test_numbers_that_run_out_are_refused_rather_than_given_twice(corpus, kind, most, things):
    owner, draws = corpus.enterprise(3), draw(1, 3, 0)
    last = kind.describe(owner, most - 1, draws)[0]
    assert last != kind.describe(owner, most - 2, draws)[0]
    with pytest.raises(ValueError, match=f"at most {most:,} {things}"):
        kind.describe(owner, most, draws)


def test_serials_of_a_kind_have_no_gaps(corpus):
    for number, path in ((1, "coal"), (2, "waybill"), (3, "container")):
        lines = islice(corpus.ndjson_of(number, 0, 500), 500)
        serials = [
            int(match[1])
            for line in lines
            if (match := re.search(rf"/{path}/(\d+)".encode(), line))
        ]
        assert serials == list(range(1, len(serials) + 1))


def test_every_trade_has_a_round():
    from loadtest.corpus.enterprises import (  # noqa: PLC0415 - only this test speaks of them
        MANUFACTURING,
        TRADES,
    )

    assert {trade.class_code for trade in (*TRADES, MANUFACTURING)} == set(ROUNDS)


def test_where_it_is_asked_for_every_fifth_enterprise_is_of_the_comprehensive_sector():
    corpus = Corpus(enterprises=20, comprehensive=True)
    sectors = {n: corpus.enterprise(n).sector for n in range(1, 21)}
    assert {n for n, one in sectors.items() if one is Sector.COMPREHENSIVE} == {5, 10, 15, 20}
    assert set(sectors.values()) == set(Sector)
    assert sum(corpus.count_of(n, 1000) for n in sectors) == 1000
    made = corpus.identifier_of(5, 7)
    assert made["handle"] == "88.300.5/PRODUCT.0000008"
    assert [value["type"] for value in made["values"][1:]] == list(PRODUCT.types)
