"""A database and another keys directory than its own: refused before anything is made."""

import aiohttp
import pytest

from tests.e2e.nodes import DidNotStart, until

TOLD = "the database was made with other keys than those in"


async def status_of(node):
    """What the registry answers the enterprise's key."""
    headers = {"Authorization": f"Bearer {node.api_key}"}
    url = f"{node.url('registry')}/api/v1/identifiers"
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.get(url, params={"prefix": node.prefix}) as answer,
    ):
        return answer.status


async def refuses(node, *command, reason):
    done = await node.command(*command, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"idnode: {TOLD}")
    assert reason in line


async def test_keys_that_are_away_are_not_made_anew(node):
    keys, away = node.data_dir / "keys", node.data_dir / "keys.away"
    assert await status_of(node) == 200
    # While it runs: the process that needs them waits for them, and says so.
    keys.rename(away)
    done = await node.command("check-config", check=False)
    assert done.returncode == 1
    assert f"{TOLD} {keys} (api-key-pepper is missing)" in done.stderr
    old = await node.kill("registry")
    await until(lambda: f"{TOLD} {keys}" in node.log.read_text("utf-8"))
    assert not keys.exists()
    away.rename(keys)
    await node.replaced("registry", old)
    assert await status_of(node) == 200
    await node.stop()

    keys.rename(away)
    with pytest.raises(DidNotStart, match=rf"exit status 1:(?s:.*)idnode: {TOLD}"):
        await node.start()
    for command in (
        ("key", "create", "--enterprise", "1"),
        ("prefix", "admin", node.prefix, "--secret"),
        ("prefix", "sign", node.prefix),
        ("application", "list"),
    ):
        await refuses(node, *command, reason="api-key-pepper is missing")
    assert not keys.exists()
    assert "is IDNODE_KEYS_DIR right?" in (await node.command("check-config")).stderr

    # Another node's: all is there, and nothing is right.
    keys.mkdir(mode=0o700)
    for name in ("api-key-pepper", "secret-key-seal"):
        (keys / name).write_bytes(bytes(32))
        (keys / name).chmod(0o600)
    with pytest.raises(DidNotStart, match="api-key-pepper is another one"):
        await node.start()
    await refuses(node, "account", "list", reason="api-key-pepper is another one")
    assert len(list(keys.iterdir())) == 2

    (keys / "api-key-pepper").unlink()
    (keys / "secret-key-seal").unlink()
    keys.rmdir()
    away.rename(keys)
    await node.start()
    assert await status_of(node) == 200
