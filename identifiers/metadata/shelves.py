"""What is kept of templates, as it crosses to the store and back."""

import msgspec

from identifiers.changes import AuditEntry
from identifiers.metadata.templates import Template


class Shelved(msgspec.Struct, frozen=True, kw_only=True):
    """What one decision about a template writes. No `template`: nothing changes."""

    template: Template | None = None
    audit: tuple[AuditEntry, ...] = ()


class Demand(msgspec.Struct, frozen=True):
    """Whether identifiers under a prefix need a template."""

    prefix: str
    demanded: bool


class TemplateNews(msgspec.Struct, frozen=True, kw_only=True):
    """What changed of templates since a serial: the newest revision of each, and demands."""

    serial: int
    templates: tuple[Template, ...] = ()
    demands: tuple[Demand, ...] = ()
