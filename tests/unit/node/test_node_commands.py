"""What commands print and whom they ask; they are run whole in the end-to-end tests."""

import msgspec
import pytest

from identifiers.values import Value
from identifiers.wire.handle.data import Admin, encode_admin
from idnode.errors import Problem
from idnode.resolution import Resolution
from idnode.transfers import ImportReport, RowResult
from node.commands.ask import handle_server, http_base, shown, text
from node.commands.run import announce, tell
from node.commands.transfer import (
    _form_of,
    api_key,
    opened,
    registry_base,
    rejection,
    summary,
)
from node.config import load
from node.refusals import NotDone


def value(index, kind, data, **more):
    return Value(index=index, type=kind, data=data, timestamp=1_700_000_000, **more)


def test_a_look_up_is_a_line_for_each_value():
    found = Resolution(
        handle="88.300.1/二级",
        code=1,
        values=(
            value(1, "URL", b"https://a.example/"),
            value(2, "RAW", b"\x00\xff", ttl=1_700_000_000, absolute=True),
            value(100, "HS_ADMIN", encode_admin(Admin(0x0FF3, "0.NA/88.300", 200))),
            value(3, "SECRET", "密".encode(), permissions=0x0C),
        ),
    )
    assert text(found).splitlines() == [
        "88.300.1/二级",
        "  1    URL       86400 s                     2023-11-14T22:13:20Z        https://a.example/",
        "  2    RAW       until 2023-11-14T22:13:20Z  2023-11-14T22:13:20Z        0x00ff",
        (
            "  100  HS_ADMIN  86400 s                     2023-11-14T22:13:20Z        "
            '{"handle":"0.NA/88.300","index":200,"permissions":"111111110011"}'
        ),
        "  3    SECRET    86400 s                     2023-11-14T22:13:20Z  1100  密",
    ]
    assert text(Resolution(handle="a/b", code=100)) == ""


def test_what_could_fool_a_terminal_is_escaped():
    assert shown("a\x1b[31m\u202e二\n\x9b") == "a\\x1b[31m\\u202e二\\n\\x9b"


@pytest.mark.parametrize(
    ("server", "asked"),
    [
        (None, ("127.0.0.1", 2641)),
        ("10.0.0.1", ("10.0.0.1", 2641)),
        ("10.0.0.1:99", ("10.0.0.1", 99)),
        ("[::1]:99", ("::1", 99)),
        ("[::1]", ("::1", 2641)),
        ("::1", ("::1", 2641)),
        ("node.example:99", ("node.example", 99)),
    ],
)
def test_whom_the_handle_protocol_asks(server, asked):
    assert handle_server({}, server) == asked


def test_the_settings_say_where_this_node_is():
    environ = {
        "IDNODE_HANDLE_ADDR": "[::]:2642",
        "IDNODE_HTTP_ADDR": "0.0.0.0:8001",
        "IDNODE_REGISTRY_ADDR": "[::1]:8081",
    }
    assert handle_server(environ, None) == ("::1", 2642)
    assert http_base(environ, None) == "http://127.0.0.1:8001"
    assert registry_base(environ, None) == "http://[::1]:8081"
    for base in (http_base, registry_base):
        assert base({}, "10.0.0.1:80") == "http://10.0.0.1:80"
        assert base({}, "https://node.example") == "https://node.example"


def test_a_port_that_is_none():
    with pytest.raises(NotDone, match="must be a number"):
        handle_server({}, "node.example:http")


def test_an_import_is_summed_up():
    report = ImportReport(
        id="i",
        state="done",
        mode="create",
        dry_run=False,
        rows=6,
        created=1,
        updated=2,
        unchanged=0,
        rejected=3,
        results="/r",
        replayed=True,
    )
    assert summary(report) == (
        "6 rows: 1 created, 2 updated, 0 unchanged, 3 rejected"
        " (this file was imported before: that is its result; --again imports it anew)\n"
    )
    tried = msgspec.structs.replace(report, dry_run=True, replayed=False)
    assert summary(tried).endswith("3 rejected (dry run: nothing was changed)\n")


def test_a_rejected_row_saysrejection():
    problem = Problem(
        status=422, title="Faults.", errors=({"pointer": "/values", "detail": "is\nempty"},)
    )
    row = RowResult(row=7, handle="88.300.1/\x1b", status="rejected", problem=problem)
    assert rejection(row) == "row 7 88.300.1/\\x1b Faults. /values is\\nempty"
    assert rejection(RowResult(row=7, handle="", status="rejected")) == "row 7 rejected"
    cut = Problem(status=422, title="Faults.", errors=({"pointer": "", "detail": "3 cells"},))
    assert rejection(RowResult(row=4, handle="", status="rejected", problem=cut)) == (
        "row 4 Faults. 3 cells"
    )


def test_the_key_comes_from_a_file_or_the_environment(tmp_path):
    file = tmp_path / "key"
    file.write_text(" id.secret\n")
    assert api_key({"IDNODE_API_KEY": "other"}, file) == "id.secret"
    assert api_key({"IDNODE_API_KEY": "other"}, None) == "other"
    file.write_text('{"enterprise": {"prefix": "88.300.1", "api_key": "demo.key"}, "console": []}')
    assert api_key({}, file) == "demo.key"
    for content in ('{"enterprise": 1}', "{", '{"console": []}'):
        file.write_text(content)
        with pytest.raises(NotDone, match="no API key"):
            api_key({}, file)
    with pytest.raises(NotDone, match="cannot be read"):
        api_key({}, tmp_path / "none")
    with pytest.raises(NotDone, match="IDNODE_API_KEY"):
        api_key({}, None)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"one.secret\ntwo.secret\n", "has 2 lines"),
        (b"one secret", "holds no API key"),
        (b"one.\x01secret", "holds no API key"),
        (b"\xe4\xb8\xad", "holds no API key"),
        (b"\xff", "it is no text"),
        (b'{"enterprise": {"api_key": "one\\ntwo"}}', "has 2 lines"),
    ],
)
def test_what_is_no_key_is_told_in_a_line_that_does_not_show_it(tmp_path, content, told):
    file = tmp_path / "key"
    file.write_bytes(content)
    with pytest.raises(NotDone, match=told) as refused:
        api_key({}, file)
    assert str(refused.value).startswith(f"{file} ")
    assert "secret" not in str(refused.value)


def test_a_key_of_the_environment_is_looked_at_too():
    assert api_key({"IDNODE_API_KEY": "id.secret\n"}, None) == "id.secret"
    with pytest.raises(NotDone, match="IDNODE_API_KEY has 2 lines"):
        api_key({"IDNODE_API_KEY": "id.secret\nother.secret"}, None)


def test_the_form_is_said_by_the_name(tmp_path):
    assert _form_of(tmp_path / "a.JSONL") == "ndjson"
    assert _form_of(tmp_path / "a.csv") == "csv"
    assert _form_of(tmp_path / "a.cbor") == "cbor"
    with pytest.raises(NotDone, match="--format"):
        _form_of(tmp_path / "a.txt")


def test_a_file_is_written_wholly_or_not_at_all(tmp_path):
    out = tmp_path / "out"
    out.write_bytes(b"old")

    def cut():
        with opened(out) as file:
            file.write(b"half")
            raise ConnectionError

    with pytest.raises(ConnectionError):
        cut()
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    assert out.read_bytes() == b"old"
    with opened(out) as file:
        file.write(b"new")
    assert out.read_bytes() == b"new"


def test_the_ready_line_is_the_only_thing_on_stdout(capsys):
    announce({"handle": "127.0.0.1:1", "http": None}, "/c")
    tell({"IDNODE_HANDEL_ADDR": "x"}, load({"IDNODE_OPS_ADDR": "0.0.0.0:1"}))
    out, err = capsys.readouterr()
    assert out == '{"ready":true,"handle":"127.0.0.1:1","http":null,"credentials":"/c"}\n'
    assert "IDNODE_HANDEL_ADDR is no setting" in err
    assert "IDNODE_OPS_ADDR" in err
