import asyncio
import os
import signal

import msgspec
import pytest

from node.commands.orders import run
from node.config import BadSettings, given, load
from node.control import Done, Question, converse
from node.listeners import listen_unix
from node.orders import Orders
from node.refusals import NotDone
from node.reloading import changes
from node.settings_file import parse, read
from node.stopping import stop_signals
from node.workers import State
from storage.embedded.place import write_private

KNOWN = {"IDNODE_WORKERS", "IDNODE_PREFIX"}


def test_a_file_of_settings_is_read_as_systemd_reads_one():
    text = "# a node\n\nIDNODE_WORKERS = 3\n IDNODE_PREFIX='88.300,88.301' \n"
    assert parse(text, KNOWN) == {"IDNODE_WORKERS": "3", "IDNODE_PREFIX": "88.300,88.301"}
    assert parse('IDNODE_WORKERS="3"\n', KNOWN) == {"IDNODE_WORKERS": "3"}


@pytest.mark.parametrize("last", ["IDNODE_WORK", "IDNODE_WORKERS=3", "HOME=/"])
def test_a_file_that_was_cut_is_told_with_all_else(last):
    with pytest.raises(ValueError, match=r"line does not end: .*; line 1: HOME is") as caught:
        parse(f"HOME=/\n{last}", KNOWN)
    assert "line 2" not in str(caught.value)


def test_all_faults_of_a_file_are_told(tmp_path):
    with pytest.raises(ValueError, match=r"line 1 is not NAME=value; line 2: HOME is no setting"):
        parse("nothing\nHOME=/\n", KNOWN)
    path = tmp_path / "settings"
    path.write_bytes(b"\xff\n")
    with pytest.raises(ValueError, match="no text"):
        read(path, KNOWN)
    path.write_text("#" * (1 << 20) + "\n")
    with pytest.raises(ValueError, match="another file"):
        read(path, KNOWN)


def test_the_environment_wins_over_the_file_and_children_get_both(tmp_path):
    path = tmp_path / "settings"
    path.write_text("IDNODE_WORKERS=3\nIDNODE_LOG_LEVEL=debug\n")
    environ = {"IDNODE_SETTINGS_FILE": str(path), "IDNODE_WORKERS": "2", "IDNODE_LOG_LEVEL": ""}
    settings = load(environ)
    assert (settings.workers, settings.log_level, settings.settings_file) == (2, "debug", path)
    assert given(environ) == {"IDNODE_WORKERS": "2", "IDNODE_LOG_LEVEL": "debug"}
    path.write_text("IDNODE_SETTINGS_FILE=other\n")
    with pytest.raises(BadSettings, match="IDNODE_SETTINGS_FILE: line 1"):
        load(environ)


def test_a_change_is_applied_or_told_and_what_comes_to_the_same_is_none():
    found = changes(
        {"IDNODE_WORKERS": "2", "IDNODE_LOG_LEVEL": "info", "IDNODE_RECURSION": "on"},
        {"IDNODE_WORKERS": "3", "IDNODE_LOG_LEVEL": "INFO", "IDNODE_DRAIN_DELAY": "5"},
    )
    assert found.apply == ("IDNODE_DRAIN_DELAY", "IDNODE_RECURSION")
    assert found.later == ("IDNODE_WORKERS",)
    assert found.texts == {
        "IDNODE_WORKERS": "2",
        "IDNODE_LOG_LEVEL": "INFO",
        "IDNODE_DRAIN_DELAY": "5",
    }


def test_settings_must_fit_those_that_stay():
    with pytest.raises(BadSettings, match="IDNODE_LOGIN_FIRST"):
        changes(
            {"IDNODE_HANDLE_ADDR": "127.0.0.1:1"},
            {"IDNODE_HANDLE_ADDR": "127.0.0.1:2", "IDNODE_LOGIN_FIRST": "127.0.0.1:2"},
        )


@pytest.fixture
def environ(tmp_path):
    return {"IDNODE_DATA_DIR": str(tmp_path)}


def test_an_order_needs_a_node(environ, tmp_path):
    with pytest.raises(NotDone, match="no node runs"):
        run(environ, Question.RELOAD)
    state = State(pid=7, control=str(tmp_path / "gone.sock"), database="", addresses={})
    write_private(tmp_path / "node.state", msgspec.json.encode(state).decode())
    with pytest.raises(NotDone, match="pid 7"):
        run(environ, Question.RELOAD)


def test_a_reload_of_settings_that_cannot_be_used_says_that_nothing_changes(environ):
    environ["IDNODE_LOG_LEVEL"] = "loud"
    with pytest.raises(NotDone, match=r"IDNODE_LOG_LEVEL: must be(.|\n)*in force stay as they are"):
        run(environ, Question.RELOAD)
    with pytest.raises(BadSettings, match="IDNODE_LOG_LEVEL"):
        run(environ, Question.RESTART_WORKERS)


async def test_a_reload_without_a_file_says_so():
    orders = Orders({}, {}, given({}), pytest.fail)
    (told,) = (await orders.reload()).told
    assert told == (
        "nothing to apply: IDNODE_SETTINGS_FILE is not set, so there is no file to read again"
    )


@pytest.mark.parametrize("ok", [True, False])
async def test_what_became_of_an_order_is_told(environ, tmp_path, capsys, ok):
    async def restart():
        return Done(ok=ok, told=("replaced: worker-0", "and so on"))

    path = tmp_path / "supervisor.sock"
    server = await converse(listen_unix(path), {Question.RESTART_WORKERS: restart})
    state = State(pid=7, control=str(path), database="", addresses={})
    write_private(tmp_path / "resolver.state", msgspec.json.encode(state).decode())
    order = asyncio.to_thread(run, environ, Question.RESTART_WORKERS)
    if ok:
        await order
        assert capsys.readouterr().out == "replaced: worker-0\nand so on\n"
    else:
        with pytest.raises(NotDone, match="replaced: worker-0\nand so on"):
            await order
    server.close()
    await server.wait_closed()


async def test_sighup_is_an_order_unless_the_terminal_is_gone(tmp_path):
    terminal, ordered = tmp_path / "tty", asyncio.Event()

    async def reload():
        ordered.set()

    terminal.touch()
    with stop_signals(reload, terminal) as stop:
        os.kill(os.getpid(), signal.SIGHUP)
        await ordered.wait()
        assert not stop.asked.is_set()
        terminal.unlink()
        os.kill(os.getpid(), signal.SIGHUP)
        await stop.asked.wait()
        os.kill(os.getpid(), signal.SIGTERM)
        await stop.hurry.wait()
    ordered.clear()
    with stop_signals(reload, terminal) as stop:  # started without one, as services are
        os.kill(os.getpid(), signal.SIGHUP)
        await ordered.wait()
        assert not stop.asked.is_set()
