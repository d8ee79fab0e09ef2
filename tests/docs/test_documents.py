"""Documents that can be held against the tree are."""

import re
import tomllib
from pathlib import Path

import pytest
from typer.main import get_command

from node.cli import app

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")
FENCE = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMENT = re.compile(r"(?:^| +)# .*$", re.MULTILINE)


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def test_there_are_pages():
    assert len(PAGES) > 8


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page):
    links = LINK.findall(page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_direct_dependency_has_its_reason():
    project = tomllib.loads(read("pyproject.toml"))
    declared = [
        *project["project"]["dependencies"],
        *(name for extra in project["project"]["optional-dependencies"].values() for name in extra),
        *project["dependency-groups"]["dev"],
    ]
    names = {re.match(r"[\w.-]+", requirement)[0] for requirement in declared}
    rows = re.findall(
        r"^\| ([\w.-]+) \| .+ \|$", read("docs/decisions/0002-dependencies.md"), re.MULTILINE
    )
    assert set(rows) - {"Package", "---"} == names


def test_both_readmes_show_the_same_commands():
    english, chinese = (
        # Each has its comments in its own language.
        [COMMENT.sub("", block) for block in FENCE.findall(read(name)) if "│" not in block]
        for name in ("README.md", "README.zh-CN.md")
    )
    assert len(english) == 4
    assert english == chinese


def test_every_make_target_is_explained():
    targets = set(re.findall(r"^([a-z0-9-]+):.*##", read("Makefile"), re.MULTILINE))
    told = set(re.findall(r"`make ([a-z0-9-]+)`", read("CONTRIBUTING.md")))
    assert targets - told == {"help", "clean"}
    assert told <= targets


def test_every_term_has_a_chinese_name_and_no_term_comes_twice():
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in read("docs/glossary.md").splitlines()
        if line.startswith("| ") and not line.startswith("| Term ")
    ]
    assert len(rows) > 50
    assert [row for row in rows if not re.search(r"[一-鿿]", row[1])] == []
    terms = [row[0] for row in rows]
    assert sorted(set(terms)) == sorted(terms)


def test_every_room_is_told_of():
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    told = set(re.findall(r"^\| `(\w+)/` \|", read("docs/architecture.md"), re.MULTILINE))
    assert rooms == told


def test_decisions_are_numbered_without_a_gap():
    names = sorted(path.name for path in (ROOT / "docs/decisions").glob("*.md"))
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))


CITED = re.compile(r"`assurance` ((?:(?:I\d+|F\d+|R-DOS-\d|\d\.\d)(?:, | and )?)+)")


def test_every_clause_that_a_comment_cites_exists():
    page = read("docs/assurance.md")
    clauses = {
        *re.findall(r"^\| ([IF]\d+|R-DOS-\d) \|", page, re.MULTILINE),
        *re.findall(r"^### (\d\.\d) ", page, re.MULTILINE),
    }
    sources = [path for room in ROOT.glob("*/__init__.py") for path in room.parent.rglob("*.py")]
    cited = {
        clause
        for path in sources
        for match in CITED.findall(re.sub(r"\s+#?\s*", " ", path.read_text(encoding="utf-8")))
        for clause in re.split(", | and ", match)
        if clause
    }
    assert len(cited) > 5
    assert cited <= clauses


def test_every_command_that_is_shown_exists_and_every_command_is_told_of():
    shown = {
        name
        for page in PAGES
        for name in re.findall(r"(?:`|bin/)idnode ([a-z-]+)", page.read_text(encoding="utf-8"))
    }
    commands = set(get_command(app).commands)
    assert shown <= commands
    line = re.search(r"Command line `idnode`: ([^.]+)\.", read("CHANGELOG.md"))
    assert set(re.findall(r"`([a-z-]+)`", line[1])) == commands
