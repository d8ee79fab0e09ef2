"""``docs/threat-model.md`` covers every listener, and the tests that it names exist."""

import ast
import re
from pathlib import Path

import pytest

from node.config import LISTENERS, SETTINGS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
CITED = re.findall(r"`(tests/[a-z_/]+\.py)(?:::(\w+))?`", PAGE)
WITHOUT_TABLE = {"Whom we expect", "What is worth protecting"}


def test_every_listener_of_the_settings_has_its_table():
    named = set(re.findall(r"IDNODE_[A-Z_]+_ADDR", PAGE))
    assert named == {s.name for s in SETTINGS if s.field in LISTENERS}


@pytest.mark.parametrize("section", sorted(SECTIONS.keys() - WITHOUT_TABLE))
def test_a_table_says_what_guards_and_what_shows_it(section):
    rows = re.findall(r"^\| ([STRIDE](?:, [STRIDE])*) \|(.*)\|$", SECTIONS[section], re.MULTILINE)
    assert rows
    for _, row in rows:
        cells = [cell.strip() for cell in row.split("|")]
        assert len(cells) == 4, row
        assert all(cells[:3]), row
        assert "tests/" in cells[2], row


def test_every_test_that_is_named_exists():
    assert len(CITED) > 60
    missing = []
    for file, name in CITED:
        path = ROOT / file
        tree = ast.parse(path.read_text(encoding="utf-8")) if path.exists() else ast.Module([], [])
        found = {
            node.name
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        if not found or (name and name not in found):
            missing.append(f"{file}::{name}")
    assert missing == []
