import ast
from pathlib import Path

import loadtest.suites

ROOM = Path(loadtest.suites.__file__).parent
LOCUSTS = {"users", "equipment", "publishing", "conductor", "locustfile"}
"""What only Locust loads: importing Locust replaces the IO of the whole process (gevent)."""


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_only_what_locust_loads_imports_locust():
    forbidden = {"locust", "gevent", *(f"loadtest.suites.{name}" for name in LOCUSTS)}
    room = Path(loadtest.__file__).parent
    importing = {
        path.stem
        for path in room.rglob("*.py")
        for name in imported(path)
        if name in forbidden or name.partition(".")[0] in {"locust", "gevent"}
    }
    assert importing == LOCUSTS


def test_every_module_is_told_of():
    told = loadtest.suites.__doc__
    assert [p.stem for p in ROOM.glob("[!_]*.py") if f"``{p.stem}``" not in told] == []
