"""All of the node's business together, for whoever serves it."""

import msgspec

from registry.business.admissions import Admissions
from registry.business.certificates import Certificates
from registry.business.documents import Documents
from registry.business.members import Enterprises
from registry.business.personal import Sealer
from registry.business.ports import BusinessStore, NoticeStore
from registry.ports import RegistryStore


class Office(msgspec.Struct, frozen=True, kw_only=True):
    """What applications, documents, enterprises and certificates are worked on with.

    `local`: this node decides alone.
    """

    store: BusinessStore
    records: RegistryStore
    notices: NoticeStore
    sealer: Sealer
    local: bool
    admissions: Admissions
    documents: Documents
    enterprises: Enterprises
    certificates: Certificates
