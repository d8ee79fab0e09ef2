"""The files that settings name: read and parsed before anything starts, and only to find faults.

Who needs what is in them reads them again: that is another process, and later.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from edge.tls import UnfitTls
from node import config
from node.certificates import usable
from node.config import SettingFault, Settings
from node.countries import read_countries
from node.keys import UnfitKey
from node.readers import Embedded
from node.refusals import NotDone
from node.trust import read_roots, read_site
from storage.embedded.binaries import find_postgres
from storage.embedded.errors import EmbeddedServerError

_READERS: Final[Mapping[str, Callable[[Path], object]]] = {
    "trust_roots": read_roots,
    "countries": read_countries,
    "upstream_site": read_site,
}
_REFUSALS: Final = (NotDone, UnfitKey, UnfitTls, EmbeddedServerError)


def load(environ: Mapping[str, str]) -> Settings:
    """Read all settings and the files that they name. Raises `BadSettings` with every fault."""
    return config.load(environ, faults)


def faults(found: Mapping[str, Any]) -> list[SettingFault]:
    """Return a fault for each file that cannot be used. `found`: fields of `Settings` by name.

    Fields that could not be read are not in it. What means nothing with these settings is passed
    over: the certificate where no TLS is served, the programs of PostgreSQL where none is embedded.
    """
    told = [_fault(field, read, found.get(field)) for field, read in _READERS.items()]
    if isinstance(found.get("database"), Embedded):
        told.append(_fault("pg_bin", find_postgres, found.get("pg_bin")))
    if found.get("https") or found.get("registry_tls"):
        key = found.get("tls_key")
        told.append(_fault("tls_cert", lambda cert: usable(cert, key), found.get("tls_cert")))
    return [fault for fault in told if fault is not None]


def _fault(field: str, read: Callable[[Path], object], path: Path | None) -> SettingFault | None:
    if path is None:
        return None
    try:
        read(path)
    except _REFUSALS as why:
        name = next(setting.name for setting in config.SETTINGS if setting.field == field)
        return SettingFault(name, str(why))
    return None
