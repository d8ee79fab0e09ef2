import json
from contextlib import closing

from identifiers.wire.handle import bodies, message
from identifiers.wire.handle.codes import OpCode
from identifiers.wire.handle.header import Header
from loadtest.bench import population, wire


def test_a_population_is_written_before_the_run(tmp_path):
    with closing(population.Writing(tmp_path, 30, workers=1)) as writing:
        written = writing.done()
    body = b"".join(written.body())
    assert len(body) == written.octets()
    items = [json.loads(line) for line in body.splitlines()]
    assert [item["handle"] for item in items] == written.names
    whole = population.corpus().identifier(29)
    assert items[29] == whole | {"values": whole["values"][: population.VALUES]}
    assert list(population.lines(0, 30, population.VALUES)) == body.splitlines(keepends=True)


def test_the_draw_is_of_all_names_and_the_same_each_time():
    names = [f"n{at}" for at in range(1000)]
    asked = population.popular(names, 5000, seed=1)
    assert asked == population.popular(names, 5000, seed=1)
    assert len(asked.draws) == 5000
    assert len(set(asked.names)) == len(asked.names) > 500
    assert set(asked.draws) == set(range(len(asked.names)))
    counts = sorted((asked.draws.count(at) for at in range(len(asked.names))), reverse=True)
    assert 500 < counts[0] < 850  # 1 / (1 + 1/2 + … + 1/1000) of them is 668
    most = max(range(len(asked.names)), key=asked.draws.count)
    assert asked.names[most] != names[0]  # popularity has nothing to do with the order


def test_a_question_is_what_the_codec_writes():
    for name in ("88.300.1/A", "88.300.1/" + "x" * 120, "88.300.1/煤"):
        header = Header(op_code=OpCode.RESOLUTION, flags=0x1900_0000, expiration=0x7FFF_FFFF)
        asked = message.Message(request_id=7, header=header, body=bodies.Asked(name))
        assert wire.resolution(name, 7) == message.encode(asked)
        assert wire.numbered(wire.resolution(name, 0), 7) == message.encode(asked)
