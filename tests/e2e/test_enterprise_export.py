"""Everything an enterprise owns, out in one command, and in again."""

import hashlib
import json

import aiohttp

from node.commands.exporting import MANIFEST


def told(path):
    return [json.loads(line) for line in path.read_bytes().splitlines()]


async def test_an_enterprise_is_exported_whole_and_can_be_imported_again(node, tmp_path):
    names = [f"{node.prefix}/EXPORT-{n}" for n in range(3)]
    async with node.registry() as registry:
        for name in names:
            values = [{"index": 1, "type": "URL", "data": "https://coal.example/"}]
            await registry.create({"handle": name, "values": values})
        await registry.delete(names[2])
    out = tmp_path / "out"
    done = await node.command("enterprise", "export", "1", str(out))
    manifest = json.loads(done.stdout)
    assert json.loads((out / MANIFEST).read_bytes()) == manifest
    assert manifest["personal_data"] == "masked"
    assert {file["shape"] for file in manifest["files"].values()} == {1}
    (key,) = json.loads((out / "keys.json").read_bytes())
    assert key["id"] == node.api_key.partition(".")[0]
    for name in ("codes", "webhooks", "key-pairs", "accounts", "documents"):
        assert json.loads((out / f"{name}.json").read_bytes()) == []
    for name, file in manifest["files"].items():
        octets = (out / name).read_bytes()
        assert (len(octets), hashlib.sha256(octets).hexdigest()) == (file["bytes"], file["sha256"])
        assert (out / name).stat().st_mode & 0o777 == 0o600
    lines = told(out / "identifiers.ndjson")
    assert [line["handle"] for line in lines] == names[:2]
    past = told(out / "history.ndjson")
    assert [(line["handle"], line["version"]) for line in past] == [(names[2], 1)]
    audit = [line["action"] for line in told(out / "audit.ndjson")]
    assert {"prefix.home", "identifier.create", "identifier.delete", "enterprise.export"} <= {
        *audit
    }
    media = {
        "Content-Type": "application/x-ndjson",
        "Authorization": f"Bearer {node.api_key}",
    }
    async with (
        aiohttp.ClientSession(headers=media) as session,
        session.post(
            f"{node.url('registry')}/api/v1/imports?mode=replace",
            data=(out / "identifiers.ndjson").read_bytes(),
        ) as answer,
    ):
        assert (await answer.json())["unchanged"] == 2
    again = await node.command("enterprise", "export", "1", str(out), check=False)
    assert (again.returncode, "has something in it" in again.stderr) == (1, True)
    nobody = await node.command("enterprise", "export", "9", str(tmp_path / "no"), check=False)
    assert (nobody.returncode, "no enterprise 9" in nobody.stderr) == (1, True)
