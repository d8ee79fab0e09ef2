"""All ports in memory: for the unit tests of other rooms, and the measure of the contract suite.

* ``store``        `MemoryStore`: RegistryStore, RecordSource, ChangeFeed and DirectorySource
* ``business``     `MemoryBusiness`: BusinessStore and NoticeStore
* ``accounts``     `MemoryAccounts`: AccountStore
* ``limits``       `MemoryLimits`: LimitStore
* ``key_bounds``   `MemoryKeyBounds`: BoundStore
* ``documents``    `MemoryDocuments`: DocumentStore
* ``history``      `MemoryHistory`: HistoryStore
* ``jobs``         `MemoryJobs`: JobStore
* ``webhooks``     `MemoryWebhooks`: WebhookStore
* ``followers``    `MemoryFollowers`: FollowerStore
* ``relations``    `MemoryRelations`: RelationStore
* ``codes``        `MemoryCodes`: CodeStore
* ``reverse``      `MemoryReverse`: ReverseLookup
* ``search``       `MemorySearch`: SearchIndex
* ``templates``    `MemoryTemplates`: TemplateStore
* ``shared_tier``  `MemorySharedTier`: SharedTier

Nothing here survives its process. Both have switches that make them fail as real servers do.
"""

from storage.memory.accounts import MemoryAccounts
from storage.memory.business import MemoryBusiness
from storage.memory.codes import MemoryCodes
from storage.memory.documents import MemoryDocuments
from storage.memory.followers import MemoryFollowers
from storage.memory.history import MemoryHistory
from storage.memory.jobs import MemoryJobs
from storage.memory.key_bounds import MemoryKeyBounds
from storage.memory.limits import MemoryLimits
from storage.memory.relations import MemoryRelations
from storage.memory.reverse import MemoryReverse
from storage.memory.search import MemorySearch
from storage.memory.shared_tier import MemorySharedTier
from storage.memory.store import MemoryStore
from storage.memory.templates import MemoryTemplates
from storage.memory.webhooks import MemoryWebhooks

__all__ = [
    "MemoryAccounts",
    "MemoryBusiness",
    "MemoryCodes",
    "MemoryDocuments",
    "MemoryFollowers",
    "MemoryHistory",
    "MemoryJobs",
    "MemoryKeyBounds",
    "MemoryLimits",
    "MemoryRelations",
    "MemoryReverse",
    "MemorySearch",
    "MemorySharedTier",
    "MemoryStore",
    "MemoryTemplates",
    "MemoryWebhooks",
]
