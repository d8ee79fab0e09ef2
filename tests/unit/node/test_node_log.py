import io
import json
import logging

import pytest
import structlog

from node.log import BURST, LONGEST, configure


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def lines(clock):
    stream = io.StringIO()
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    configure("info", "worker-0", stream=stream, clock=clock)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    structlog.reset_defaults()
    logging.basicConfig(handlers=handlers, level=level, force=True)


def test_an_event_is_one_json_object_that_names_its_process(lines):
    structlog.get_logger().info("child ready", child="worker-1", size=3)
    structlog.get_logger().debug("not shown")
    (line,) = lines()
    assert list(line)[:3] == ["time", "level", "process"]
    assert line["time"].endswith("Z")
    assert (line["level"], line["process"], line["event"]) == ("info", "worker-0", "child ready")
    assert (line["child"], line["size"]) == ("worker-1", 3)


def test_what_is_bound_to_the_request_is_on_every_line(lines):
    with structlog.contextvars.bound_contextvars(request_id="r1"):
        structlog.get_logger().info("asked")
    assert lines()[0]["request_id"] == "r1"


def test_hostile_text_stays_on_its_line_and_is_harmless(lines):
    hostile = "a\nb\x1b[31m\x9b\u202e\u2028\udc00二级"
    structlog.get_logger().info("asked", name=hostile)
    (line,) = lines()
    assert line["name"] == hostile


def test_escapes_are_in_the_octets_themselves(capsys):
    configure("info", "p", clock=Clock())
    structlog.get_logger().info("asked", name="\u202e\x9b二级")
    structlog.reset_defaults()
    written = capsys.readouterr().err
    assert "\\u202e\\u009b二级" in written
    assert written.count("\n") == 1


def test_a_long_string_is_cut(lines):
    structlog.get_logger().info("asked", name="x" * 100_000)
    assert len(lines()[0]["name"]) == LONGEST + 1


def test_one_class_of_event_fills_few_lines_a_second_and_says_what_was_dropped(lines, clock):
    log = structlog.get_logger()
    for _ in range(BURST + 90):
        log.warning("malformed")
    log.warning("something else")
    assert len(lines()) == BURST + 1
    clock.now += 1
    log.warning("malformed")
    log.warning("malformed")
    assert [line.get("dropped") for line in lines()[-2:]] == [90, None]


def test_the_memory_of_classes_is_bounded(lines):
    for number in range(3000):
        structlog.get_logger().info(f"class {number}")
    assert len(lines()) == 3000


def test_messages_of_libraries_take_the_same_way(lines):
    logging.getLogger("asyncio").warning("socket.send() raised %s", "exception")
    logging.getLogger("asyncio").info("too quiet")
    logging.getLogger("aiohttp").error("broken", exc_info=RuntimeError("why"))
    first, second = lines()
    assert first["event"] == "socket.send() raised exception"
    assert first["logger"] == "asyncio"
    assert "RuntimeError: why" in second["exception"]


def test_messages_of_libraries_are_bounded_by_their_form(lines):
    for number in range(100):
        logging.getLogger("asyncio").warning("fault %s", number)
    assert len(lines()) == BURST
