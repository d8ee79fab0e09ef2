"""``/snms/api/v3|v5/template``: metadata templates. What is created here is in force at once."""

from typing import Final

from identifiers.access import Action
from identifiers.faults import Fault, Faults, Invalid
from identifiers.metadata.layouts import template_name
from identifiers.metadata.templates import Stage, Template, is_version
from identifiers.names import Prefix
from identifiers.snms.envelope import Envelope, done, refused, sentence
from identifiers.snms.lenient import members
from identifiers.snms.templates import read_changes, read_template, theirs, told_template
from registry.answers import Faulty
from registry.business.asking import By
from registry.business.templates import (
    Moved,
    NoTemplate,
    Taken,
    Templates,
    TemplateStore,
    Written,
    WrongStage,
)
from registry.http.permission import permit
from registry.prefixes import Prefixes
from registry.snms.calls import Call

_EXISTS: Final = "模板已存在"
_NONE: Final = "模板不存在"
_NO_PREFIX: Final = "前缀不存在"
_WITHDRAWN: Final = "模板已停用"


class TemplateCalls:
    """The calls on templates."""

    def __init__(self, templates: Templates, store: TemplateStore, prefixes: Prefixes) -> None:
        self._templates = templates
        self._store = store
        self._prefixes = prefixes

    async def query(self, call: Call) -> Envelope:
        """GET ``?prefix=&version=``."""
        prefix, version = _named(dict(call.parameters))
        await self._permit(call, Action.TEMPLATE_READ, prefix)
        found = await self._store.template(prefix, version)
        if found is None or found.stage is Stage.DRAFT:
            return refused(_NONE)
        return done(told_template(found, template_name(found.prefix, found.version)))

    async def create(self, call: Call) -> Envelope:
        """POST a template."""
        document = read_template(call.document)
        read = self._templates.read(document)
        if isinstance(read, Faulty):
            return _faulty(read.faults)
        await self._permit(call, Action.TEMPLATE_PUBLISH, read.prefix)
        if (await self._prefixes.picture()).exact(read.prefix) is None:
            return refused(_NO_PREFIX)
        by = _by(call)
        there = await self._store.template(read.prefix, read.version)
        if there is not None and there.stage is not Stage.DRAFT:
            return refused(_EXISTS)
        written = await self._templates.write(document, by)
        if not isinstance(written, Template):
            return _answered(written)
        return _answered(await self._templates.publish(read.prefix, read.version, by))

    async def update(self, call: Call) -> Envelope:
        """PUT a template's prefix and version, and items that change or come."""
        prefix, version = _named(call.document)
        await self._permit(call, Action.TEMPLATE_WRITE, prefix)
        there = await self._store.template(prefix, version)
        if there is None or there.stage is Stage.DRAFT:
            return refused(_NONE)
        items = read_changes(call.document, there)
        return _answered(await self._templates.revise(prefix, version, items, _by(call)))

    async def delete(self, call: Call) -> Envelope:
        """DELETE ``{"prefix", "version"}``: nothing new is registered with it any more."""
        prefix, version = _named(call.document)
        await self._permit(call, Action.TEMPLATE_PUBLISH, prefix)
        return _answered(await self._templates.withdraw(prefix, version, _by(call)))

    async def _permit(self, call: Call, action: Action, prefix: str) -> None:
        """Let the caller do it to the templates of a prefix. Raises `Refusal`."""
        home = (await self._prefixes.picture()).nearest(prefix)
        owner = None if home is None else home.enterprise or None
        # What names under it are described by may be read with a key to a prefix below it.
        read = home is None or action is Action.TEMPLATE_READ
        permit(call.caller, action, owner, under=None if read else Prefix.parse(prefix))


def _named(document: object) -> tuple[str, str]:
    faults = Faults()
    sent = members(document, "", faults)
    prefix, version = ("", "") if sent is None else (sent.text("prefix"), sent.text("version"))
    if prefix:
        try:
            prefix = str(Prefix.parse(prefix))
        except Invalid as invalid:
            faults.extend(fault.below("/prefix") for fault in invalid.faults)
    if version and not is_version(version):
        faults.append(Fault("template.version", "/version"))
    if faults:
        raise Invalid(faults)
    return prefix, version


def _by(call: Call) -> By:
    return By(
        actor=call.caller.name,
        at=call.caller.at,
        request_id=call.caller.told.request_id,
        enterprise=call.caller.enterprise or 0,
    )


def _answered(answer: Written | Moved) -> Envelope:
    match answer:
        case Template():
            return done()
        case Taken():
            return refused(_EXISTS)
        case NoTemplate():
            return refused(_NONE)
        case WrongStage():
            return refused(_WITHDRAWN)
        case Faulty(faults=faults):
            return _faulty(faults)


def _faulty(faults: tuple[Fault, ...]) -> Envelope:
    return refused(sentence(map(theirs, faults)))
