"""The whole registration API on the stores in memory, as `node` puts it together on Postgres."""

import socket
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from secrets import token_bytes
from time import time_ns

from cryptography.hazmat.primitives.asymmetric import rsa

from edge.addresses import Networks
from edge.server import serve
from identifiers.codes.divisions import Divisions
from identifiers.codes.industries import SHIPPED
from identifiers.directory import PrefixEntry, PrefixKind
from identifiers.enterprises.particulars import Registers
from identifiers.keys.signers import RsaSigner
from identifiers.names import Prefix
from identifiers.principals import Operator, Role
from registry.access.accounts import Accounts, NewAccount
from registry.access.bounds import BoundsBook
from registry.access.key_pairs import KeyPairs
from registry.access.keys import Keys
from registry.access.limits import LimitBook
from registry.access.logins import Logins
from registry.access.passwords import Cost, Passwords
from registry.access.programs import Safe
from registry.access.quotas import Quotas
from registry.attempts import Attempts
from registry.business.admissions import Admissions
from registry.business.approvals import Terms
from registry.business.certificates import Certificates
from registry.business.codes import Codes
from registry.business.documents import Documents
from registry.business.farewell import Farewell
from registry.business.feed import Feed
from registry.business.history import History
from registry.business.hosting import Hostings
from registry.business.jobs import Jobs
from registry.business.members import Enterprises
from registry.business.office import Office
from registry.business.personal import Sealer
from registry.business.prefix_applications import PrefixApplications
from registry.business.prefixes import Holdings
from registry.business.relations import Relations
from registry.business.searching import Searching
from registry.business.templates import Templates
from registry.business.webhooks import Webhooks
from registry.commands import change_ids
from registry.commit import GroupCommit
from registry.http.account_operations import account_operations
from registry.http.app import Noun, registry_app
from registry.http.application_operations import application_operations
from registry.http.codes import codes_noun
from registry.http.enterprise_operations import enterprise_operations
from registry.http.feed import feed_noun
from registry.http.history import history_noun
from registry.http.key_operations import key_operations
from registry.http.key_pair_operations import key_pair_operations
from registry.http.limits import limit_operations
from registry.http.prefix_operations import prefix_application_operations, prefix_operations
from registry.http.prefixes import Desk
from registry.http.relations import relations_noun
from registry.http.search import search_noun
from registry.http.state_job_operations import jobs_noun
from registry.http.template_operations import templates_noun
from registry.http.tokens import token_operations
from registry.http.webhooks import webhooks_noun
from registry.imports.service import Imports
from registry.keys import KeyRing
from registry.prefixes import Prefixes
from registry.service import Registry
from registry.shelf import Shelf
from registry.snms.operations import Parts, snms_operations
from storage.memory import (
    MemoryAccounts,
    MemoryBusiness,
    MemoryCodes,
    MemoryFollowers,
    MemoryHistory,
    MemoryJobs,
    MemoryKeyBounds,
    MemoryLimits,
    MemoryRelations,
    MemorySearch,
    MemoryStore,
    MemoryTemplates,
    MemoryWebhooks,
)
from storage.memory.prefixes import MemoryPrefixes
from tests.unit.registry.world import PEPPER, SEALS, asked, audit

ROOT = Prefix.parse("88.300")
CHEAP = Passwords(Cost(16, 1, 1))


class Memory:
    """The stores, and what is made of them."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.business = MemoryBusiness(self.store)
        self.books = MemoryPrefixes(self.store, self.business, lambda: time_ns() // 1_000_000)
        self.prefixes = Prefixes(self.store)
        self.templates = MemoryTemplates(self.store)
        self.shelf = Shelf(self.templates)
        self.registry = Registry(
            self.store, GroupCommit(self.store), self.prefixes, SEALS, shelf=self.shelf
        )
        self.kept, self.safe = MemoryAccounts(self.store), Safe(b"k" * 32)
        self.accounts = Accounts(self.kept, self.store, CHEAP, self.safe)
        self.logins = Logins(self.kept, PEPPER, CHEAP, self.safe, Attempts())

    async def administrator(self) -> str:
        """Home the node's own prefix; return the secret of a program of its administrators."""
        entry = PrefixEntry(prefix=ROOT, kind=PrefixKind.SECONDARY, enterprise=0)
        await self.store.home_prefix(entry, audit())
        new = NewAccount(name="first", role=Role.ADMINISTRATOR, enterprise=None, password=None)
        made = await self.accounts.add(new, asked(Operator("root"), changes=0))
        return made.secret

    def written(self) -> object:
        """Return what is another once anything is written: every write is in the audit log."""
        return len(self.store.audited), len(self.store.changes)

    def nouns(self) -> Sequence[Noun]:
        """Return all that the API has."""
        return (*self._access(), *self._names(), *self._business())

    def _access(self) -> Sequence[Noun]:
        limits = MemoryLimits(self.store)
        book = LimitBook(limits)
        quotas = Quotas(self.store, book)
        bounds = MemoryKeyBounds(self.store)
        pairs = KeyPairs(self.store, bounds, self.prefixes, BoundsBook(bounds))
        return (
            lambda reception: token_operations(self.logins, reception),
            lambda reception: account_operations(self.accounts, self.logins, reception),
            lambda reception: key_operations(Keys(self.store, PEPPER), reception),
            lambda reception: key_pair_operations(pairs, reception),
            lambda reception: limit_operations(limits, book, quotas, reception),
        )

    def _names(self) -> Sequence[Noun]:
        store, prefixes = self.store, self.prefixes
        rules = MemoryCodes(store)
        feed = Feed(MemoryFollowers(store), prefixes)
        return (
            templates_noun(self._templates(), self.templates, prefixes),
            codes_noun(Codes(rules, store), rules, prefixes),
            search_noun(Searching(MemorySearch(store), prefixes)),
            feed_noun(feed),
            webhooks_noun(Webhooks(MemoryWebhooks(store), feed, self.safe)),
            relations_noun(Relations(MemoryRelations(store), store, prefixes)),
            history_noun(History(MemoryHistory(store), prefixes, self.registry)),
            jobs_noun(Jobs(MemoryJobs(store), store, prefixes)),
        )

    def _business(self) -> Sequence[Noun]:
        holdings = Holdings(self.books, _change, self.prefixes.forget)
        desk = Desk(
            store=self.books,
            records=self.store,
            holdings=holdings,
            hostings=Hostings(self.books, _change, self.prefixes.forget),
            reachable=lambda host: not host.startswith("10."),
        )
        applications = PrefixApplications(self.books, local=True, changed=self.prefixes.forget)
        office = self._office(holdings)
        parts = Parts(
            registry=self.registry,
            logins=self.logins,
            templates=self._templates(),
            template_store=self.templates,
            prefixes=self.prefixes,
            desk=desk,
            office=office,
        )
        return (
            lambda reception: application_operations(office, reception),
            lambda reception: enterprise_operations(office, reception),
            lambda reception: prefix_operations(desk, reception),
            lambda reception: prefix_application_operations(applications, desk, reception),
            lambda reception: snms_operations(parts, reception),
        )

    def _templates(self) -> Templates:
        return Templates(self.templates, SHIPPED, self.shelf.forget)

    def _office(self, holdings: Holdings) -> Office:
        sealer = Sealer(bytes(32))
        terms = Terms(registers=Registers(places=Divisions(), trades=SHIPPED), local=True)
        leaving = Farewell(self.books, holdings, self.kept, self.store)
        signer = RsaSigner(rsa.generate_private_key(public_exponent=65537, key_size=2048))
        return Office(
            store=self.business,
            records=self.store,
            notices=self.business,
            sealer=sealer,
            local=True,
            admissions=Admissions(self.business, sealer, terms),
            documents=Documents(self.business.documents, sealer),
            enterprises=Enterprises(self.business, local=True, leaving=leaving),
            certificates=Certificates(self.business, self.store, signer),
        )


@asynccontextmanager
async def served(memory: Memory) -> AsyncGenerator[str]:
    """Serve the API on a loopback port; gives its address."""
    app = registry_app(
        memory.registry,
        Imports(memory.store, memory.prefixes, SEALS, shelf=memory.shelf),
        KeyRing(memory.store, PEPPER),
        Networks(()),
        logins=memory.logins,
        nouns=memory.nouns(),
    )
    bound = socket.create_server(("127.0.0.1", 0))
    runner = await serve(app, [bound])
    yield f"http://127.0.0.1:{bound.getsockname()[1]}"
    await runner.cleanup()


def _change(at):
    (made,) = change_ids(at, token_bytes, 1)
    return made
