"""``docs/configuration.md`` lists exactly the settings there are, with their defaults."""

import re
from pathlib import Path

from node.config import SETTINGS

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"
ROW = re.compile(r"^\| `(IDNODE_[A-Z_]+)` \| (.*?) \|", re.MULTILINE)


def documented() -> dict[str, str]:
    return dict(ROW.findall(PAGE.read_text(encoding="utf-8")))


def test_every_setting_is_documented_and_nothing_else_is():
    assert sorted(documented()) == sorted(setting.name for setting in SETTINGS)


def test_documented_defaults_are_the_real_ones():
    wrong = {
        setting.name: (documented()[setting.name], setting.default)
        for setting in SETTINGS
        if setting.default and f"`{setting.default}`" not in documented()[setting.name]
    }
    assert wrong == {}


def test_a_default_that_is_empty_is_not_documented_as_a_value():
    claimed = {s.name for s in SETTINGS if not s.default and documented()[s.name].startswith("`")}
    assert claimed == set()
