"""What a command may end with that is told in a sentence: everything else is a mistake of ours."""

from typing import Final

from edge.addresses import BadAddress
from identifiers.errors import StoreError
from idnode.errors import IdnodeError
from node.config import BadSettings
from node.database import StartingUp
from node.keys import UnfitKey
from node.listeners import CannotListen
from node.lock import AlreadyRunning
from node.refusals import NotDone
from node.seats import CannotStart
from registry.access.programs import Broken as SecretBroken
from registry.business.personal import Broken as PersonalBroken
from registry.seals import SealBroken
from storage.embedded.errors import EmbeddedServerError
from storage.postgres import Unsuitable

EXPECTED: Final = (
    AlreadyRunning,
    BadAddress,
    BadSettings,
    CannotListen,
    CannotStart,
    EmbeddedServerError,
    IdnodeError,
    NotDone,
    PersonalBroken,
    SealBroken,
    SecretBroken,
    StartingUp,
    StoreError,
    UnfitKey,
    Unsuitable,
)
