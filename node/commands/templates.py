"""``template …``: the operator's part in templates. Each command writes JSON."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, assert_never

import msgspec

from identifiers.faults import Invalid
from identifiers.metadata.shipped import SHIPPED
from identifiers.metadata.templates import Template, told_template
from identifiers.names import Prefix
from identifiers.wire import jsonload
from node import config
from node.commands.administer import opened, ordering, parse_prefix, sentence
from node.refusals import NotDone
from node.registers import registers
from registry.answers import Faulty
from registry.business.asking import By
from registry.business.templates import (
    EVERY_STAGE,
    NoTemplate,
    NotShipped,
    Taken,
    Templates,
    TemplateStore,
    WrongStage,
)
from storage.postgres import PostgresDirectory, PostgresTemplates

_PAGE: Final = 1000


class Desk(msgspec.Struct, frozen=True):
    """What a command works with. `root` is the node's own prefix."""

    templates: Templates
    store: TemplateStore
    root: Prefix
    by: By

    def prefix(self, text: str) -> Prefix:
        """Return a prefix that was named, or the node's own."""
        return parse_prefix(text) if text else self.root


Work = Callable[[Desk], Awaitable[object]]
_Answer = Template | Faulty | Taken | NoTemplate | WrongStage | NotShipped


def run(environ: Mapping[str, str], work: Work) -> None:
    """Do one piece of work on this node and write its result as JSON."""
    found = asyncio.run(_do(config.load(environ), work))
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n")


async def _do(settings: config.Settings, work: Work) -> object:
    async with opened(settings) as (database, _):
        directory = await PostgresDirectory(database).directory()
        root = next((e.prefix for e in directory.entries if not e.enterprise), None)
        if root is None:
            raise NotDone("this node has no secondary prefix: idnode prefix home PREFIX")
        store = PostgresTemplates(database)
        ordered = ordering()
        by = By(
            actor=f"operator:{ordered.operator.name}",
            at=ordered.at,
            request_id=ordered.request_id,
        )
        templates = Templates(store, registers(settings.data_dir).trades)
        return await work(Desk(templates, store, root, by))


def listing(prefix: str) -> Work:
    """List what stands under a prefix, and under the node's own what can be adopted."""

    async def work(desk: Desk) -> object:
        named = str(desk.prefix(prefix))
        found = await _every(desk.store, named)
        known = {template.version for template in found}
        shipped = [] if prefix else [v for v in SHIPPED if v not in known]
        return [_row(template) for template in found] + [
            {"version": version, "stage": "shipped", "title": SHIPPED[version]["title"]}
            for version in shipped
        ]

    return work


def showing(version: str, prefix: str) -> Work:
    """Show a template."""

    async def work(desk: Desk) -> object:
        found = await desk.store.template(str(desk.prefix(prefix)), version)
        if found is None and version in SHIPPED and not prefix:
            return {**SHIPPED[version], "stage": "shipped"}
        return _told(NoTemplate() if found is None else found)

    return work


def adding(text: bytes, *, publish: bool) -> Work:
    """Write a draft, and publish it if that is wanted."""
    try:
        document = jsonload.load(text)
    except Invalid as invalid:
        raise NotDone(sentence(invalid.faults)) from invalid

    async def work(desk: Desk) -> object:
        written = await desk.templates.write(document, desk.by)
        if publish and isinstance(written, Template):
            return _told(await desk.templates.publish(written.prefix, written.version, desk.by))
        return _told(written)

    return work


def publishing(version: str, prefix: str) -> Work:
    """Put a template in force."""

    async def work(desk: Desk) -> object:
        return _told(await desk.templates.publish(str(desk.prefix(prefix)), version, desk.by))

    return work


def withdrawing(version: str, prefix: str) -> Work:
    """Let nothing new be registered with a template."""

    async def work(desk: Desk) -> object:
        return _told(await desk.templates.withdraw(str(desk.prefix(prefix)), version, desk.by))

    return work


def adopting(versions: Sequence[str], prefix: str, *, every: bool) -> Work:
    """Put templates in force that the program comes with."""
    wanted = tuple(SHIPPED) if every else tuple(versions)
    if not wanted:
        raise NotDone("name what to adopt, or --all: idnode template list")

    async def work(desk: Desk) -> object:
        rows = []
        for version in wanted:
            adopted = await desk.templates.adopt(version, desk.prefix(prefix), desk.by)
            _told(adopted)
            if isinstance(adopted, Template):
                rows.append(_row(adopted))
        return rows

    return work


def requiring(prefix: str, *, required: bool) -> Work:
    """Say whether identifiers under a prefix need a template."""

    async def work(desk: Desk) -> object:
        named = parse_prefix(prefix)
        await desk.templates.demand(named, desk.by, demanded=required)
        return {"prefix": str(named), "required": required}

    return work


async def _every(store: TemplateStore, prefix: str) -> Sequence[Template]:
    found: list[Template] = []
    after = ("", "")
    while page := await store.templates((prefix,), EVERY_STAGE, after, _PAGE):
        found += page
        after = (page[-1].prefix, page[-1].version)
    return found


def _row(template: Template) -> dict[str, object]:
    return {
        "prefix": template.prefix,
        "version": template.version,
        "revision": template.revision,
        "stage": template.stage.value,
        "title": template.title,
    }


def _told(answer: _Answer) -> dict[str, object]:
    match answer:
        case Template():
            return told_template(answer)
        case Faulty():
            raise NotDone(sentence(answer.faults))
        case Taken():
            raise NotDone(f"there is another template of this version ({answer.stage.value})")
        case WrongStage():
            raise NotDone(f"the template is {answer.stage.value}: it cannot be done now")
        case NoTemplate():
            raise NotDone("there is no such template: idnode template list")
        case NotShipped():
            raise NotDone("idnode comes with no such template: idnode template list")
        case _:
            assert_never(answer)
