"""How an application (申请) is decided: by the node, then by the national node. Pure.

An application is a document and where it stands. Each step takes what was decided and gives the
application that comes of it, or says why it cannot be decided so. With the reasons of a rejection
the applicant may resubmit, as the next revision. A node that reports to nobody (local mode) decides
alone.
"""

from enum import StrEnum
from typing import Final, assert_never

import msgspec

MAX_REASONS: Final = 20
MAX_REASON: Final = 1000


class Kind(StrEnum):
    """What is applied for."""

    ADMISSION = "admission"
    """To be an enterprise of this node (备案)."""
    CHANGE = "change"
    """Other particulars than those that were approved (变更)."""
    PREFIX = "prefix"
    """A prefix more (前缀)."""


class Stage(StrEnum):
    """Where it stands."""

    SUBMITTED = "submitted"
    """The node is to review it."""
    PASSED = "passed"
    """The node approved; the national node is to review it."""
    APPROVED = "approved"
    REJECTED = "rejected"
    """Somebody told reasons; it may be resubmitted."""
    WITHDRAWN = "withdrawn"


class Reviewer(StrEnum):
    """Who decides."""

    NODE = "node"
    NATIONAL = "national"


class National(StrEnum):
    """What part the national node has in this node's decisions."""

    LOCAL = "local"
    """None: this node decides alone, and tells nobody."""
    REVIEWED = "reviewed"
    """It reviews what this node approved; its verdicts are recorded."""
    SANDBOX = "sandbox"
    """A stand-in within this node reviews in its stead, for demonstrations and tests."""


class Approval(msgspec.Struct, frozen=True):
    """Yes."""

    by: Reviewer


class Rejection(msgspec.Struct, frozen=True):
    """No, and what the applicant is to mend: sentences."""

    by: Reviewer
    reasons: tuple[str, ...]


class Resubmission(msgspec.Struct, frozen=True):
    """It was mended."""


class Withdrawal(msgspec.Struct, frozen=True):
    """The applicant wants it no more."""


Step = Approval | Rejection | Resubmission | Withdrawal


class Standing(msgspec.Struct, frozen=True):
    """Where an application stands: in which revision of it, at which stage."""

    stage: Stage = Stage.SUBMITTED
    revision: int = 1

    @property
    def open(self) -> bool:
        """Whether anybody has still to decide it, or to mend it."""
        return self.stage in {Stage.SUBMITTED, Stage.PASSED, Stage.REJECTED}


class NotNow(msgspec.Struct, frozen=True):
    """An application at this stage cannot be decided so."""

    stage: Stage


_AWAITS: Final = {Stage.SUBMITTED: Reviewer.NODE, Stage.PASSED: Reviewer.NATIONAL}


def stepped(standing: Standing, step: Step, *, local: bool) -> Standing | NotNow:
    """Return where an application stands after a step; `local`: the node decides alone.

    What was decided already is decided so again: a verdict that is told twice changes nothing.
    """
    stage = standing.stage
    match step:
        case Approval(by):
            to = Stage.PASSED if by is Reviewer.NODE and not local else Stage.APPROVED
            if _AWAITS.get(stage) is by or stage is to:
                return msgspec.structs.replace(standing, stage=to)
        case Rejection(by):
            if _AWAITS.get(stage) is by or stage is Stage.REJECTED:
                return msgspec.structs.replace(standing, stage=Stage.REJECTED)
        case Resubmission():
            if stage is Stage.REJECTED:
                return Standing(Stage.SUBMITTED, standing.revision + 1)
        case Withdrawal():
            if standing.open or stage is Stage.WITHDRAWN:
                return msgspec.structs.replace(standing, stage=Stage.WITHDRAWN)
        case _:
            assert_never(step)
    return NotNow(stage)
