import csv
import io
import json
import subprocess
import sys

import cbor2
import pytest

from loadtest.corpus import Corpus
from loadtest.corpus.__main__ import main


@pytest.fixture(scope="module")
def corpus():
    return Corpus(enterprises=20)


@pytest.fixture
def written(capsysbinary):
    def write(*words):
        main(["--enterprises", "20", *words])
        return capsysbinary.readouterr().out

    return write


def test_lines_begin_where_asked(corpus, written):
    lines = written("--start", "40", "--identifiers", "3").splitlines()
    assert [json.loads(line) for line in lines] == [corpus.identifier(n) for n in (40, 41, 42)]


def test_lines_of_one_enterprise(corpus, written):
    assert written("--enterprise", "2", "--identifiers", "5") == b"".join(corpus.ndjson_of(2, 0, 5))


def test_a_cbor_sequence_holds_the_same_items(corpus, written):
    stream = io.BytesIO(written("--format", "cbor", "--identifiers", "1500"))
    decoder = cbor2.CBORDecoder(stream)
    for item in range(1500):
        assert decoder.decode() == corpus.identifier(item)
    assert stream.read() == b""


def test_csv_rows_hold_the_same_texts(corpus, written):
    rows = list(
        csv.DictReader(io.StringIO(written("--format", "csv", "--identifiers", "300").decode()))
    )
    assert len(rows) == 300
    for item, row in enumerate(rows):
        record = corpus.identifier(item)
        told = {v["type"]: v["data"]["value"] for v in record["values"]}
        assert row.pop("handle") == record["handle"]
        assert row.pop("ttl") == str(record["values"][0]["ttl"])
        assert row.pop("template") == ""
        assert {type_: cell for type_, cell in row.items() if cell} == told


def test_the_command_says_what_it_cannot_make(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["--format", "xml"])
    assert "invalid choice" in capsys.readouterr().err


def test_a_reader_that_leaves_early_is_no_error():
    command = [sys.executable, "-m", "loadtest.corpus", "--identifiers", "50000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as writer:
        assert writer.stdout.readline().startswith(b"{")
        writer.stdout.close()
        assert writer.stderr.read() == b""
