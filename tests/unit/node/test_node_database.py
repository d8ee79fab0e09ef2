"""Which database a command works on: it never makes one that nobody asked for."""

import pytest

from node.commands.administer import adding_enterprise, administer
from node.commands.appoint import sealing
from node.config import load
from node.database import StartingUp, must_exist, reachable
from node.lock import only_node
from node.refusals import NotDone
from node.workers import Kind

WRONG = "no database in .*/none: is IDNODE_DATA_DIR the same"


def environ(data_dir, **more):
    return {"IDNODE_DATA_DIR": str(data_dir), **more}


async def test_no_command_makes_a_database(tmp_path):
    elsewhere = environ(tmp_path / "none")
    with pytest.raises(NotDone, match=WRONG):
        await administer(load(elsewhere), adding_enterprise("甲"))
    with pytest.raises(NotDone, match=WRONG):
        sealing(elsewhere)
    assert list(tmp_path.iterdir()) == []


async def test_what_a_node_left_without_a_database_is_none_either(tmp_path):
    data_dir = tmp_path / "none"
    data_dir.mkdir()
    async with only_node(data_dir, Kind.NODE):
        must_exist(load(environ(data_dir)))
        with pytest.raises(StartingUp):
            await administer(load(environ(data_dir)), adding_enterprise("甲"))
    with pytest.raises(NotDone, match=WRONG):
        await administer(load(environ(data_dir)), adding_enterprise("甲"))
    assert not (data_dir / "postgres").exists()


async def test_a_given_database_is_taken_as_it_is(tmp_path):
    url = "postgresql://idnode@db.example/idnode"
    settings = load(environ(tmp_path / "none", IDNODE_DATABASE_URL=url))
    must_exist(settings)
    async with reachable(settings) as dsn:
        assert dsn == url
