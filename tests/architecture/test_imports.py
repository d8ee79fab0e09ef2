"""The arrows between rooms, read from the sources (docs/architecture.md)."""

import ast
import builtins
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = {"identifiers", "edge", "idnode"}
MAY_IMPORT = {
    "identifiers": set[str](),
    "edge": {"identifiers"},
    "idnode": {"identifiers"},
    "resolver": SERVICES,
    "registry": SERVICES,
    "sync": SERVICES,
    "loadtest": SERVICES,
    "storage": {"identifiers"},
    "admin": SERVICES | {"registry"},
    "node": SERVICES | {"resolver", "registry", "sync", "storage", "admin", "loadtest"},
}
# The domain does no IO, reads no clock, draws no random number and logs nothing.
FORBIDDEN_IN_IDENTIFIERS = {
    "asyncio", "socket", "ssl", "time", "os", "logging", "random", "secrets", "threading",
    "subprocess", "pathlib", "aiohttp", "asyncpg", "redis", "structlog", "uvloop",
}  # fmt: skip
ROOMS = [room for room in MAY_IMPORT if (ROOT / room).is_dir()]


def sources(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import at line {node.lineno}"
            yield node.module or ""


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_what_it_may(room):
    allowed = MAY_IMPORT[room] | {room}
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in sources(room)
        for name in imported(ast.parse(path.read_text()))
        if (top := name.partition(".")[0]) in MAY_IMPORT and top not in allowed
    ]
    assert not wrong


def test_every_room_of_the_tree_is_in_the_table():
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages <= MAY_IMPORT.keys()
    assert {"identifiers", "resolver", "registry", "storage", "node"} <= set(ROOMS)


def test_the_domain_does_no_io():
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in sources("identifiers")
        for name in imported(ast.parse(path.read_text()))
        if name.partition(".")[0] in FORBIDDEN_IN_IDENTIFIERS
    ]
    assert not wrong


PORTS = [path for room in ROOMS for path in sources(room) if path.name == "ports.py"]


@pytest.mark.parametrize("path", PORTS, ids=lambda path: path.parent.name)
def test_what_crosses_a_port_is_the_domains(path):
    """Every name that a port's signature uses comes from identifiers or from the language."""
    tree = ast.parse(path.read_text())
    homes = dict.fromkeys(dir(builtins), "builtins") | dict.fromkeys(own_names(tree), "builtins")
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                module = node.module or "" if isinstance(node, ast.ImportFrom) else alias.name
                homes[alias.asname or alias.name.partition(".")[0]] = module.partition(".")[0]
    wrong = [
        f"{function.name}: {name} of {homes.get(name)}"
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for name in names_in(
            [a.annotation for a in ast.walk(function.args) if isinstance(a, ast.arg)]
            + [function.returns]
        )
        if homes.get(name) not in {"identifiers", *sys.stdlib_module_names}
    ]
    assert not wrong


def own_names(tree: ast.Module) -> set[str]:
    """Return what the module itself defines: classes and type variables."""
    assigned = [node for node in tree.body if isinstance(node, ast.Assign)]
    targets = [target for node in assigned for target in node.targets]
    classes = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
    return classes | {target.id for target in targets if isinstance(target, ast.Name)}


def names_in(annotations: list[ast.expr | None]) -> set[str]:
    """Return the names in annotations, those in quotes too."""
    nodes = [node for a in annotations if a is not None for node in ast.walk(a)]
    quoted = [ast.parse(n.value) for n in nodes if is_text(n)]
    nodes += [node for tree in quoted for node in ast.walk(tree)]
    return {node.id for node in nodes if isinstance(node, ast.Name)}


def is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def test_there_are_ports_to_look_at():
    assert {path.parent.name for path in PORTS} >= {"resolver", "registry"}
