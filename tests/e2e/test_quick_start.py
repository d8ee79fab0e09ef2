"""The commands of docs/quick-start.md, and of its Chinese sister, do what the page says."""

import asyncio
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
ENGLISH, CHINESE = DOCS / "quick-start.md", DOCS / "quick-start.zh.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMENT = re.compile(r"(?:^| +)# .*$", re.MULTILINE)
SHOWN = {"http://127.0.0.1:8080": "registry", "http://127.0.0.1:8000": "http"}
ROWS = 3000


def blocks(page):
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def test_both_languages_show_the_same_commands():
    english, chinese = (
        [COMMENT.sub("", block) for block in blocks(page)] for page in (ENGLISH, CHINESE)
    )
    assert len(english) > 10
    assert english == chinese


@pytest.mark.skipif(
    not shutil.which("curl") and "CI" not in os.environ, reason="curl is not installed"
)
@pytest.mark.parametrize(
    ("page", "rows"),
    [
        pytest.param(ENGLISH, ROWS, id="en"),
        pytest.param(CHINESE, ROWS, id="zh"),
        pytest.param(
            ENGLISH,
            1_000_000,
            id="million",
            marks=[pytest.mark.large, pytest.mark.timeout(3600)],
        ),
    ],
)
async def test_the_commands_run_as_they_stand(make_node, tmp_path, page, rows):
    node = await make_node()
    script = "".join(blocks(page))
    for shown, role in SHOWN.items():
        assert script.count(shown) == 1
        script = script.replace(shown, node.url(role))
    told = await run(node, tmp_path, script, rows)
    for said in (
        "submitted\n",
        "88.300-20",
        "published\n",
        "BATCH_NO",
        f"{rows} rows: {rows} created, 0 updated, 0 unchanged, 0 rejected\n",
        '"revoked"',
        "valid\n",
    ):
        assert said in told
    async with node.http() as client:
        answers = await client.resolve_many(
            [f"88.300.MINE/B-{row:0{len(str(rows))}}" for row in range(1, 1001)]
        )
    assert all(answer.found for answer in answers)
    exported = (tmp_path / "all.ndjson").read_bytes().count(b"\n")
    assert exported == rows + 1
    assert "有效" in (tmp_path / "certificate.html").read_text(encoding="utf-8")


HELPERS = r"^field\(\) \{.*?^\}\n^soon\(\) \{.*?^\}\n"


async def shell(script, read=b""):
    (helpers,) = re.findall(HELPERS, ENGLISH.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    process = await asyncio.create_subprocess_exec(
        "bash",
        "-c",
        helpers + script,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    told, errors = await process.communicate(read)
    return process.returncode, told.decode(), errors.decode()


@pytest.mark.parametrize(
    "answer", ['{"type": "invalid", "faults": [{"detail": "应为…"}]}', "[1]", "502", "no JSON"]
)
async def test_an_answer_without_the_member_is_shown(answer):
    assert await shell("field id", answer.encode()) == (1, "", f"{answer}\n")


async def test_no_answer_at_all_is_said():
    assert await shell("field id") == (1, "", "there was no answer\n")
    assert await shell("field id", b'{"id": 7}') == (0, "7\n", "")


async def test_waiting_has_an_end():
    script = "sleep() { echo slept; }; soon true && soon false 1"
    status, slept, said = await shell(script)
    assert (status, slept.count("slept")) == (1, 100)
    assert said == "not within 30 seconds: false 1\n"


async def run(node, directory, script, rows):
    """Run a script with the commands and settings of a node; return what it printed."""
    beside = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "ROWS": str(rows)}
    addresses = {
        f"IDNODE_{role.upper()}_ADDR": node.ready[role]
        for role in ("handle", "http", "registry", "ops")
    }
    process = await asyncio.create_subprocess_exec(
        "bash",
        "-euxo",
        "pipefail",
        "-c",
        script,
        cwd=directory,
        env=node.environment | addresses | beside,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    told, errors = await process.communicate()
    assert process.returncode == 0, (told.decode()[-2000:], errors.decode()[-4000:])
    return told.decode()
