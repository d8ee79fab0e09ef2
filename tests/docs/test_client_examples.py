"""The examples of docs/client.md run, and print what the page says."""

import ast
import contextlib
import inspect
import io
import re
from contextlib import AsyncExitStack
from pathlib import Path
from types import FunctionType

import pytest

from identifiers.wire.handle.site import encode_site
from tests.unit.idnode.authority import Authority
from tests.unit.idnode.services import Services

PAGE = (Path(__file__).parents[2] / "docs/client.md").read_text()
EXAMPLE = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```)?", re.MULTILINE | re.DOTALL)
EXAMPLES = EXAMPLE.findall(PAGE)


def test_there_are_examples():
    assert len(EXAMPLES) == PAGE.count("```python") == 10


@pytest.mark.parametrize("at", range(len(EXAMPLES)))
async def test_an_example_prints_what_is_written_below_it(at, tmp_path, monkeypatch):
    example, expected = EXAMPLES[at]
    monkeypatch.chdir(tmp_path)
    printed = io.StringIO()
    async with AsyncExitStack() as stack:
        authority, services = Authority(), Services()
        await authority.start(stack)
        await services.start(stack)
        (tmp_path / "site.bin").write_bytes(encode_site(authority.site))
        for shown, real in (
            ("2641", str(authority.port)),
            ("http://127.0.0.1:8080", services.registry),
            ("http://127.0.0.1:8000", services.http),
        ):
            example = example.replace(shown, real)
        with contextlib.redirect_stdout(printed):
            await run(example)
    assert printed.getvalue() == expected


async def run(example):
    code = compile(example, "docs/client.md", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    running = FunctionType(code, {"__name__": "example"})()
    assert inspect.iscoroutine(running)
    await running
