"""PASS, FAIL or INVALID: pure rules from what was measured.

A wrong answer fails a run whatever else is true. A run in which the driver was the bottleneck says
nothing about the server, so it is INVALID and never a figure.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import msgspec

from loadtest.suites.profiles import Limits

DRIVER_BUSY: Final = 0.8
"""Share of a core above which the driver may be what is slow."""
DRIVER_EASY: Final = 0.3
"""Share of a core below which a time that the driver took is worth telling."""
DRIVER_HAS_ROOM: Final = 0.4
"""Share of a core up to which the driver can ask twice as much."""
SERVER_BUSY: Final = 0.6
"""Share of its cores below which a server is not what is slow."""
PUNCTUAL: Final = 0.98
"""Share of the questions that the driver must not have been late with."""


_CROWD: Final = 0.2


class Verdict(StrEnum):
    """What a run says."""

    PASS = "PASS"  # noqa: S105 -- a verdict
    FAIL = "FAIL"
    INVALID = "INVALID"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What one step came to. Rates are a second, times seconds, CPU shares of one core."""

    scale: int
    seconds: float
    offered: float | None
    """What the schedule wanted; None: closed load."""
    asked: int
    right: int
    wrong: int
    refused: int
    """Told that the server is too busy."""
    missing: int
    late: int
    """Questions that the driver asked `Limits.late` or more after their time."""
    p99: float | None
    driver: float
    server: float
    """Share of the cores that the server was given."""
    others: float = 0.0
    """Cores that neither driver nor server used, and somebody else did."""
    errors: int = 0
    """Users that ended on an error."""

    @property
    def rate(self) -> float:
        """Right answers a second."""
        return self.right / self.seconds

    @property
    def easy(self) -> bool:
        """Whether the driver had so little to do that its times are worth telling."""
        return self.driver < DRIVER_EASY


class Judged(msgspec.Struct, frozen=True):
    """A verdict and why; a PASS has no reasons."""

    verdict: Verdict
    reasons: tuple[str, ...] = ()


def goes_on(step: Step, limits: Limits) -> bool:
    """Say whether the next step is worth a try: this one was borne, and the driver has room.

    Where it has none the suite ends with what is borne at least, rather than with a doubt.
    """
    return not _broken(step, limits) and step.driver <= DRIVER_HAS_ROOM


def judge_step(step: Step, limits: Limits) -> Judged:
    """Say what one step is worth.

    Closed load claims that the server is saturated; open load claims it where a limit breaks.
    """
    if step.wrong:
        return Judged(Verdict.FAIL, (f"{step.wrong:,} wrong answers",))
    broken = _broken(step, limits)
    doubts = _doubts(step, saturated=step.offered is None or bool(broken))
    if doubts:
        return Judged(Verdict.INVALID, tuple(doubts))
    return Judged(Verdict.FAIL, tuple(broken)) if broken else Judged(Verdict.PASS)


def judge(steps: Sequence[Step], limits: Limits) -> Judged:
    """Say what a suite is worth. The step that breaks a limit is the knee and no failure.

    It fails on a wrong answer, when no step is borne, and when the best falls short of
    `limits.at_least`; it is invalid when one of its steps is.
    """
    judged = [judge_step(step, limits) for step in steps]
    reasons = {
        verdict: tuple(
            f"at {_name(step)}: {reason}"
            for step, one in zip(steps, judged, strict=True)
            if one.verdict is verdict
            for reason in one.reasons
        )
        for verdict in Verdict
    }
    if any(step.wrong for step in steps):
        return Judged(Verdict.FAIL, reasons[Verdict.FAIL])
    if not steps or reasons[Verdict.INVALID]:
        return Judged(Verdict.INVALID, reasons[Verdict.INVALID] or ("nothing was measured",))
    best = knee(steps, limits)
    if best is None:
        return Judged(Verdict.FAIL, reasons[Verdict.FAIL])
    if best.rate < limits.at_least:
        short = f"{best.rate:,.0f}/s is the most that is borne, {limits.at_least:,.0f}/s wanted"
        return Judged(Verdict.FAIL, (short, *reasons[Verdict.FAIL]))
    return Judged(Verdict.PASS)


def knee(steps: Sequence[Step], limits: Limits) -> Step | None:
    """Return the last step before the first that is not borne; None: the first is not."""
    best = None
    for step in steps:
        if judge_step(step, limits).verdict is not Verdict.PASS:
            break
        best = step
    return best


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """Return the verdict over several suites: a failure is a fact, an invalid run is none."""
    for verdict in (Verdict.FAIL, Verdict.INVALID):
        if verdict in verdicts:
            return verdict
    return Verdict.PASS if verdicts else Verdict.INVALID


EXIT_CODES: Final = {Verdict.PASS: 0, Verdict.FAIL: 1, Verdict.INVALID: 3}
"""2 is what command lines exit with when they are called wrongly."""


def _broken(step: Step, limits: Limits) -> list[str]:
    found = []
    share = step.right / step.asked if step.asked else 0.0
    if share < limits.answered:
        found.append(f"{share:.4%} answered right, {limits.answered:.4%} wanted")
    if step.offered is not None and step.asked < step.offered * (step.seconds - limits.under_way):
        decided = step.asked / step.seconds
        found.append(f"{decided:,.0f}/s were decided of {step.offered:,.0f}/s asked")
    if step.p99 is None or step.p99 > limits.p99:
        told = "nothing" if step.p99 is None else f"{1000 * step.p99:.1f} ms"
        found.append(f"p99 {told}, {1000 * limits.p99:.1f} ms allowed")
    return found


def _doubts(step: Step, *, saturated: bool) -> list[str]:
    found = []
    if step.errors:
        found.append(f"{step.errors} users ended on an error")
    if step.driver > DRIVER_BUSY:
        found.append(f"the driver used {step.driver:.0%} of its core: it may be what is slow")
    if step.late > (1 - PUNCTUAL) * max(step.asked, step.late):
        found.append(f"the driver was late with {step.late:,} of {step.asked:,} questions")
    if saturated and step.server < SERVER_BUSY:
        found.append(
            f"the server used {step.server:.0%} of its cores: it is not what is slow"
            + (f" (other processes used {step.others:.1f} cores)" if step.others > _CROWD else "")
        )
    return found


def _name(step: Step) -> str:
    return "full load" if step.offered is None else f"{step.offered:,.0f}/s"
