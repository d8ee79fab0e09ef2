"""The ports in PostgreSQL 14 or newer, over asyncpg.

It decides nothing about identifiers; it decides what an error of the server means for the caller.
In reading order:

* ``errors``      what the driver raises, told as what the caller must do
* ``pool``        connections at hand, made beside whoever waits for them
* ``database``    `Database.read` and `Database.commit`
* ``schema``      migrations, from the numbered files in ``migrations/``
* ``records``     `PostgresRecords`: RecordSource
* ``locks``       which locks a unit of work takes
* ``write``       the unit of work; ``copying`` (pure): many new records at once
* ``imports``, ``directory``, ``keys``  the registry's other tables
* ``business``    `PostgresBusiness`: BusinessStore
* ``revisions``   what applications told before they were mended
* ``documents``   `PostgresDocuments`: DocumentStore
* ``limits``      `PostgresLimits`: LimitStore
* ``key_bounds``  `PostgresKeyBounds`: BoundStore
* ``key_checks``  which secrets of the node a database was made with
* ``vouching``    `PostgresNotices`: NoticeStore, and what stands beside enterprises
* ``accounts``    `PostgresAccounts`: AccountStore
* ``templates``   `PostgresTemplates`: TemplateStore; ``claims``: what is unique
* ``codes``       `PostgresCodes`: CodeStore
* ``store``       `PostgresStore`: RegistryStore
* ``history``     `PostgresHistory`: HistoryStore
* ``jobs``        `PostgresJobs`: JobStore
* ``webhooks``    `PostgresWebhooks`: WebhookStore
* ``followers``   `PostgresFollowers`: FollowerStore
* ``relations``   `RelationProjection` and `PostgresRelations`: RelationStore
* ``wakeups``     LISTEN and NOTIFY
* ``feed``        `PostgresFeed`: ChangeFeed
* ``terms``, ``blocks``, ``sieve``  (pure) identifiers as the search index holds them
* ``projection``  `SearchProjection`: keeps that index
* ``search``      `PostgresSearch`: SearchIndex; ``reverse``: `PostgresReverse`: ReverseLookup
* ``tallies``     `PostgresTallies`: TallyStore, and the sums by day
* ``upkeep``      what must be done now and then: partitions, pruning, durability check
* ``sql/``        the statements, one file for each module
"""

from storage.postgres.accounts import PostgresAccounts
from storage.postgres.business import PostgresBusiness
from storage.postgres.codes import PostgresCodes
from storage.postgres.database import Database
from storage.postgres.directory import PostgresDirectory
from storage.postgres.documents import PostgresDocuments
from storage.postgres.errors import NotDurable, Unsuitable
from storage.postgres.feed import PostgresFeed
from storage.postgres.followers import PostgresFollowers
from storage.postgres.history import PostgresHistory
from storage.postgres.jobs import PostgresJobs
from storage.postgres.key_bounds import PostgresKeyBounds
from storage.postgres.key_checks import forget_key_check, keep_key_checks, key_checks
from storage.postgres.limits import PostgresLimits
from storage.postgres.pool import Census
from storage.postgres.projection import SearchProjection
from storage.postgres.records import PostgresRecords
from storage.postgres.relations import PostgresRelations, RelationProjection
from storage.postgres.reverse import PostgresReverse
from storage.postgres.schema import Phase, check_schema, migrate
from storage.postgres.search import PostgresSearch
from storage.postgres.store import PostgresStore
from storage.postgres.tallies import PostgresTallies
from storage.postgres.templates import PostgresTemplates
from storage.postgres.upkeep import maintain
from storage.postgres.vouching import PostgresNotices
from storage.postgres.wakeups import Nudge
from storage.postgres.webhooks import PostgresWebhooks

__all__ = [
    "Census",
    "Database",
    "NotDurable",
    "Nudge",
    "Phase",
    "PostgresAccounts",
    "PostgresBusiness",
    "PostgresCodes",
    "PostgresDirectory",
    "PostgresDocuments",
    "PostgresFeed",
    "PostgresFollowers",
    "PostgresHistory",
    "PostgresJobs",
    "PostgresKeyBounds",
    "PostgresLimits",
    "PostgresNotices",
    "PostgresRecords",
    "PostgresRelations",
    "PostgresReverse",
    "PostgresSearch",
    "PostgresStore",
    "PostgresTallies",
    "PostgresTemplates",
    "PostgresWebhooks",
    "RelationProjection",
    "SearchProjection",
    "Unsuitable",
    "check_schema",
    "forget_key_check",
    "keep_key_checks",
    "key_checks",
    "maintain",
    "migrate",
]
