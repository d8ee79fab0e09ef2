"""Files that settings name are read before anything starts."""

import pytest

from node.certificates import material
from node.commands.run import run
from node.commands.settings import check
from node.config import SETTINGS, BadSettings, load
from node.named_files import load as load_with_files
from node.reloading import changes
from node.settings_file import parse
from node.workers import Kind

NOPE = "/nope"
NAMED = ("IDNODE_COUNTRIES", "IDNODE_TRUST_ROOTS", "IDNODE_UPSTREAM_SITE", "IDNODE_PG_BIN")
MISSING = dict.fromkeys(NAMED, NOPE)


def told(refused):
    return {fault.name: fault.why for fault in refused.value.faults}


def test_all_are_told_at_once_with_what_else_is_wrong():
    with pytest.raises(BadSettings) as refused:
        load_with_files({**MISSING, "IDNODE_WORKERS": "none", "IDNODE_REDIS_URL": "x"})
    faults = told(refused)
    assert set(faults) == {*NAMED, "IDNODE_WORKERS", "IDNODE_REDIS_URL"}
    assert all(NOPE in faults[name] for name in NAMED)


def test_what_is_in_them_is_parsed(tmp_path):
    file = tmp_path / "file"
    file.write_text("nonsense\n")
    files = {name: str(file) for name in NAMED}
    with pytest.raises(BadSettings) as refused:
        load_with_files(files)
    assert "no table of countries" in told(refused)["IDNODE_COUNTRIES"]
    assert "no list of trust roots" in told(refused)["IDNODE_TRUST_ROOTS"]
    assert "no site record" in told(refused)["IDNODE_UPSTREAM_SITE"]
    assert "not a program" in told(refused)["IDNODE_PG_BIN"]


def test_what_means_nothing_with_these_settings_is_passed_over():
    load_with_files(
        {
            "IDNODE_PG_BIN": NOPE,
            "IDNODE_DATABASE_URL": "postgresql://h/d",
            "IDNODE_TLS_CERT": NOPE,
        }
    )


@pytest.mark.parametrize("setting", ["IDNODE_HTTPS_ADDR", "IDNODE_REGISTRY_TLS_ADDR"])
def test_a_certificate_is_loaded_where_tls_is_served(tmp_path, setting):
    served = {setting: "127.0.0.1:0", "IDNODE_DATA_DIR": str(tmp_path)}
    load_with_files(served)  # it signs one itself
    with pytest.raises(BadSettings) as refused:
        load_with_files({**served, "IDNODE_TLS_CERT": NOPE})
    assert set(told(refused)) == {"IDNODE_TLS_CERT"}
    own = material(load(served), clients=False).certificate
    load_with_files({**served, "IDNODE_TLS_CERT": str(own)})
    own.write_text("no certificate")
    with pytest.raises(BadSettings, match=r"IDNODE_TLS_CERT: .*cannot be served"):
        load_with_files({**served, "IDNODE_TLS_CERT": str(own)})


@pytest.mark.parametrize("command", [check, lambda environ: run(Kind.NODE, environ)])
def test_commands_refuse_and_nothing_is_begun(tmp_path, command):
    data = tmp_path / "data"
    with pytest.raises(BadSettings) as refused:
        command({**MISSING, "IDNODE_DATA_DIR": str(data)})
    assert set(told(refused)) == set(NAMED)
    assert not data.exists()


def test_a_reload_replaces_nothing_to_find_out():
    with pytest.raises(BadSettings) as refused:
        changes({}, MISSING)
    assert set(told(refused)) == set(NAMED)
    # What is in force is not asked about: a file may have gone since, and no process needs it.
    assert changes(MISSING, {}).later == ("IDNODE_PG_BIN",)


def test_what_check_config_prints_is_a_settings_file(tmp_path, capsys):
    environ = {"IDNODE_WORKERS": "1", "IDNODE_DATA_DIR": str(tmp_path), "IDNODE_REDIS_URL": "none"}
    check(environ)
    printed = capsys.readouterr().out
    assert "# IDNODE_DATABASE_URL is empty" in printed
    assert parse(printed, {s.name for s in SETTINGS}).items() >= environ.items()
    check({})
    assert "# IDNODE_REDIS_URL is empty" in capsys.readouterr().out
