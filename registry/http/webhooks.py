"""Webhooks of an enterprise: made, looked at, resumed, removed."""

from typing import Any, Final, assert_never

import msgspec
from aiohttp import web

from edge.bodies import read_body
from edge.problems import (
    CONTENT_ENCODING,
    INVALID,
    MALFORMED,
    MEDIA_TYPE_UNKNOWN,
    SLOW,
    TOO_LARGE,
    Problem,
    Refusal,
)
from identifiers.access import Action
from identifiers.faults import Faults, Invalid
from identifiers.webhooks import NAME, Delivery, Webhook
from identifiers.wire.jsonform import instant
from identifiers.wire.jsonload import load
from identifiers.wire.members import members_of
from registry.answers import Faulty
from registry.business.feed import News
from registry.business.webhooks import (
    DELIVERIES,
    Added,
    NameTaken,
    Renewed,
    TooManySecrets,
    TooManyWebhooks,
    Webhooks,
)
from registry.commands import Asked
from registry.http import requests
from registry.http.app import Noun
from registry.http.cursors import write_cursor
from registry.http.feed import change_document
from registry.http.keys import MAX_OVERLAP_HOURS
from registry.http.operations import Body, Json, Operation, Parameter, Result
from registry.http.parameters import LANGUAGE, ONCE_DONE
from registry.http.permission import PERMISSION, permit
from registry.http.problems import (
    KEY_REUSED,
    KEY_SYNTAX,
    NO_WEBHOOK,
    PARAMETER,
    TOO_MANY_SECRETS,
    TOO_MANY_WEBHOOKS,
    WEBHOOK_TAKEN,
    problem_of_answer,
)
from registry.http.reception import Caller, Reception
from registry.http.repeats import Repeats
from registry.http.replies import JSON, Reply, json_reply
from registry.http.webhook_schemas import (
    ATTEMPT,
    DELIVERY,
    EXAMPLE,
    HOOK,
    MADE,
    NEW,
    OVERLAP,
    RENEWED,
    items,
)

WEBHOOKS: Final = "/api/v1/webhooks"
_NONE: Final[frozenset[str]] = frozenset()
_BODY_LIMIT: Final = 8192
_NO_STORE: Final = ("Cache-Control", "no-store")
_Answer = Added | NameTaken | TooManyWebhooks | Faulty


def webhooks_noun(webhooks: Webhooks) -> Noun:
    """Return what makes the operations on webhooks."""

    def operations(reception: Reception) -> tuple[Operation, ...]:
        return webhook_operations(WebhookRoutes(webhooks, reception))

    return operations


def telling(hook: Webhook, news: News) -> bytes:
    """Return the body that tells a webhook of changes."""
    return msgspec.json.encode(
        {
            "webhook": hook.name,
            "items": [change_document(change) for change in news.changes],
            "cursor": write_cursor(str(news.place)),
        }
    )


class WebhookRoutes:
    """The handlers below ``/api/v1/webhooks``."""

    def __init__(self, webhooks: Webhooks, reception: Reception) -> None:
        self._webhooks = webhooks
        self._reception = reception
        self._repeats = Repeats(reception)

    async def add(self, request: web.Request) -> web.Response:
        """POST: make a webhook."""
        requests.query(request, _NONE)
        caller = await self._reception.caller(request)
        permit(caller, Action.WEBHOOK_WRITE, caller.enterprise)
        requests.needs_media_type(request, JSON)
        body = await read_body(request, _BODY_LIMIT)
        name, url = read_webhook(body)

        async def add(asked: Asked[Any]) -> _Answer:
            return await self._webhooks.add(caller.enterprise or 0, name, url, asked)

        return await self._repeats.once(request, body, caller, add, _added)

    async def list(self, request: web.Request) -> web.Response:
        """GET: the enterprise's webhooks."""
        requests.query(request, _NONE)
        caller = await self._reception.caller(request)
        permit(caller, Action.WEBHOOK_READ, caller.enterprise)
        found = await self._webhooks.list(caller.enterprise or 0)
        return json_reply({"items": [webhook_document(hook) for hook in found]}).response()

    async def read(self, request: web.Request) -> web.Response:
        """GET: one webhook."""
        _, hook = await self._found(request, Action.WEBHOOK_READ)
        return json_reply(webhook_document(hook)).response()

    async def resume(self, request: web.Request) -> web.Response:
        """POST: try a webhook anew at once."""
        caller, hook = await self._found(request, Action.WEBHOOK_WRITE)
        after = await self._webhooks.resume(hook, self._reception.asked(caller))
        if after is None:  # it was told just now, or it is gone
            _, after = await self._found(request, Action.WEBHOOK_WRITE)
        return json_reply(webhook_document(after)).response()

    async def renew(self, request: web.Request) -> web.Response:
        """POST: another secret, beside which those before it sign for a while."""
        caller, hook = await self._found(request, Action.WEBHOOK_WRITE)
        requests.needs_media_type(request, JSON)
        body = await read_body(request, _BODY_LIMIT)
        overlap = read_overlap(body)

        async def renew(asked: Asked[Any]) -> Renewed | TooManySecrets | None:
            renewed = await self._webhooks.renew(hook, overlap, asked)
            if renewed is None:  # it got another one just now, or it is gone
                _, there = await self._found(request, Action.WEBHOOK_WRITE)
                renewed = await self._webhooks.renew(there, overlap, asked)
            return renewed

        return await self._repeats.once(request, body, caller, renew, _renewed)

    async def remove(self, request: web.Request) -> web.Response:
        """DELETE: forget a webhook."""
        caller, hook = await self._found(request, Action.WEBHOOK_WRITE)
        if not await self._webhooks.remove(hook, self._reception.asked(caller)):
            return caller.told.problem(Problem(kind=NO_WEBHOOK)).response()
        return json_reply(webhook_document(hook)).response()

    async def deliveries(self, request: web.Request) -> web.Response:
        """GET: what came of telling a webhook, newest first."""
        _, hook = await self._found(request, Action.WEBHOOK_READ)
        found = await self._webhooks.deliveries(hook, DELIVERIES)
        return json_reply({"items": [delivery_document(one) for one in found]}).response()

    async def _found(self, request: web.Request, action: Action) -> tuple[Caller, Webhook]:
        requests.query(request, _NONE)
        caller = await self._reception.caller(request)
        permit(caller, action, caller.enterprise)
        name = request.match_info["name"]
        hook = None
        if NAME.fullmatch(name) is not None:
            hook = await self._webhooks.find(caller.enterprise or 0, name)
        if hook is None:
            raise Refusal(Problem(kind=NO_WEBHOOK))
        return caller, hook


def _added(answer: _Answer) -> Reply:
    match answer:
        case Added():
            document = webhook_document(answer.hook) | {"secret": answer.secret}
            where = ("Location", f"{WEBHOOKS}/{answer.hook.name}")
            return json_reply(document, 201, where, _NO_STORE)
        case Faulty():
            raise Refusal(problem_of_answer(answer))
        case NameTaken():
            raise Refusal(Problem(kind=WEBHOOK_TAKEN))
        case TooManyWebhooks():
            raise Refusal(Problem(kind=TOO_MANY_WEBHOOKS))
        case _:
            assert_never(answer)


def _renewed(answer: Renewed | TooManySecrets | None) -> Reply:
    if answer is None:
        raise Refusal(Problem(kind=NO_WEBHOOK))
    if isinstance(answer, TooManySecrets):
        raise Refusal(Problem(kind=TOO_MANY_SECRETS))
    document = webhook_document(answer.hook) | {
        "secret": answer.secret,
        "previous_until": instant(answer.until // 1000),
    }
    return json_reply(document, 201, _NO_STORE)


def read_webhook(body: bytes) -> tuple[str, str]:
    """Read ``{"name", "url"}``. Raises `Invalid` with every fault."""
    faults = Faults()
    members = members_of(load(body), "", faults, ("name", "url"))
    if members is None:
        raise Invalid(faults)
    name, url = members.text("name"), members.text("url")
    if faults:
        raise Invalid(faults)
    return name, url


def read_overlap(body: bytes) -> int:
    """Read ``{"overlap_hours"}`` and return it in seconds. Raises `Invalid`."""
    faults = Faults()
    members = members_of(load(body), "", faults, ("overlap_hours",))
    hours = 0 if members is None else members.integer("overlap_hours", 0, MAX_OVERLAP_HOURS, 24)
    if faults:
        raise Invalid(faults)
    return hours * 3600


def webhook_document(hook: Webhook) -> Json:
    """Return a webhook as its owner sees it, without the secret."""
    return {
        "name": hook.name,
        "url": hook.url,
        "state": "parked" if hook.parked else "failing" if hook.failing_since else "active",
        "attempts": hook.attempts,
        "failing_since": instant(hook.failing_since // 1000) if hook.failing_since else None,
        "next_attempt": instant(hook.next_at // 1000) if hook.failing_since else None,
        "cursor": write_cursor(str(hook.place)),
        "created_at": instant(hook.created_at // 1000),
    }


def delivery_document(delivery: Delivery) -> Json:
    """Return what came of an attempt."""
    document: Json = {
        "delivery": str(delivery.number),
        "at": instant(delivery.at // 1000),
        "attempt": delivery.attempt,
        "changes": delivery.changes,
        "status": delivery.status or None,
        "milliseconds": delivery.milliseconds,
    }
    if delivery.error:
        document["error"] = delivery.error
    return document


_NAME: Final = Parameter(
    name="name",
    place="path",
    required=True,
    schema={"type": "string"},
    example="erp",
    description="The webhook.",
)
_TAG: Final = "Webhooks"


def webhook_operations(handlers: WebhookRoutes) -> tuple[Operation, ...]:
    """Return the operations on webhooks."""
    one, shown = WEBHOOKS + "/{name}", {JSON: (HOOK, EXAMPLE)}
    return (
        Operation(
            method="POST",
            path=WEBHOOKS,
            id="addWebhook",
            tag=_TAG,
            summary="Have changes told to a URL",
            description="From now on each change under the enterprise's prefixes is posted, in "
            "order and at least once, up to 100 in one body. `Idnode-Delivery` is the same when "
            "the same is told again. `Idnode-Signature: t=<epoch second>,v1=<hex>` is HMAC-SHA256 "
            "with the secret over `<t>.<body>`: refuse what is unsigned or older than minutes. Any "
            "2xx is a success; everything else is tried again after 5 seconds, then ever later, "
            "and after 24 hours the webhook is parked. Only https on public addresses is told; "
            "redirects are not followed.",
            handler=handlers.add,
            parameters=(ONCE_DONE, LANGUAGE),
            body=Body(
                description="Name and target.",
                content={
                    JSON: (NEW, {"name": "erp", "url": "https://erp.example/idnode"}),
                },
            ),
            results={
                201: Result(
                    description="Made.",
                    content={JSON: (MADE, {**EXAMPLE, "secret": "b2Zmc2V0LW9mLWV4YW1wbGU"})},
                    headers={"Location": "Where it is told."},
                )
            },
            problems=(
                *(KEY_REUSED, KEY_SYNTAX),
                *(*PERMISSION, WEBHOOK_TAKEN, TOO_MANY_WEBHOOKS, PARAMETER, MALFORMED, SLOW),
                *(TOO_LARGE, MEDIA_TYPE_UNKNOWN, CONTENT_ENCODING, INVALID),
            ),
            writes=True,
        ),
        Operation(
            method="GET",
            path=WEBHOOKS,
            id="listWebhooks",
            tag=_TAG,
            summary="List webhooks",
            description="The enterprise's webhooks by name.",
            handler=handlers.list,
            parameters=(LANGUAGE,),
            results={
                200: Result(
                    description="All of them.",
                    content={JSON: (items(HOOK), {"items": [EXAMPLE]})},
                )
            },
            problems=(*PERMISSION, PARAMETER),
        ),
        Operation(
            method="GET",
            path=one,
            id="getWebhook",
            tag=_TAG,
            summary="See how a webhook does",
            description="How far it was told, and whether it fails.",
            handler=handlers.read,
            parameters=(_NAME, LANGUAGE),
            results={200: Result(description="The webhook.", content=shown)},
            problems=(NO_WEBHOOK, *PERMISSION, PARAMETER),
        ),
        Operation(
            method="DELETE",
            path=one,
            id="removeWebhook",
            tag=_TAG,
            summary="Remove a webhook",
            description="It is told nothing more; what came of telling it is forgotten.",
            handler=handlers.remove,
            parameters=(_NAME, LANGUAGE),
            results={200: Result(description="Removed.", content=shown)},
            problems=(NO_WEBHOOK, *PERMISSION, PARAMETER),
            writes=True,
        ),
        Operation(
            method="PUT",
            path=one + "/active",
            id="resumeWebhook",
            tag=_TAG,
            summary="Try a webhook anew",
            description="At once, also when it is parked: it goes on where it was.",
            handler=handlers.resume,
            parameters=(_NAME, LANGUAGE),
            results={200: Result(description="Resumed.", content=shown)},
            problems=(NO_WEBHOOK, *PERMISSION, PARAMETER),
            writes=True,
        ),
        Operation(
            method="POST",
            path=one + "/secret",
            id="renewWebhookSecret",
            tag=_TAG,
            summary="Replace the secret of a webhook",
            description="For `overlap_hours` every body is signed by the new secret and by those "
            "before it: `Idnode-Signature` has a `v1` for each, the newest first. With 0 the "
            "others sign nothing that is sent from then on; what is being sent may still arrive.",
            handler=handlers.renew,
            parameters=(_NAME, ONCE_DONE, LANGUAGE),
            body=Body(
                description="How long the others sign.",
                content={JSON: (OVERLAP, {"overlap_hours": 24})},
            ),
            results={
                201: Result(
                    description="Replaced.",
                    content={
                        JSON: (
                            RENEWED,
                            {
                                **EXAMPLE,
                                "secret": "b2Zmc2V0LW9mLWV4YW1wbGU",
                                "previous_until": "2026-01-06T08:30:00Z",
                            },
                        )
                    },
                )
            },
            problems=(
                *(KEY_REUSED, KEY_SYNTAX),
                *(NO_WEBHOOK, TOO_MANY_SECRETS, *PERMISSION, PARAMETER, MALFORMED, SLOW),
                *(TOO_LARGE, MEDIA_TYPE_UNKNOWN, CONTENT_ENCODING, INVALID),
            ),
            writes=True,
        ),
        Operation(
            method="GET",
            path=one + "/deliveries",
            id="listDeliveries",
            tag=_TAG,
            summary="See what came of telling a webhook",
            description=f"The newest {DELIVERIES} attempts, newest first.",
            handler=handlers.deliveries,
            parameters=(_NAME, LANGUAGE),
            results={
                200: Result(
                    description="Attempts.",
                    content={JSON: (items(DELIVERY), {"items": [ATTEMPT]})},
                )
            },
            problems=(NO_WEBHOOK, *PERMISSION, PARAMETER),
        ),
    )
