"""Whether a child that gives no sign of life hangs, or only waits for a processor.

A starved child is not replaced, however long it takes: its successor would stand in the same queue,
and begin anew there. So time counts against a child only while it could have given its sign: while
it ran without doing so, and while it wanted no processor (stopped, or waiting for what never
comes).
"""

from typing import Final

import msgspec

ALLOWED: Final = 4
"""So many signs may be missing from one that serves, before it hangs."""
ALLOWED_STARTING: Final = 15
"""Before it serves: nobody waits for its answers, and beginning anew costs more than waiting."""
_SLACK: Final = 0.5
"""Parts of a second that it may have waited for a processor and be taken for hung all the same:
nobody waits for none at all."""


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """What the kernel says of the main thread of a child, which is the one that gives the signs."""

    ran: float
    """Seconds on a processor since it began."""
    waited: float
    """Seconds in which it was ready to run and had no processor, of waits that are over; 0 where
    the kernel does not count them."""
    runnable: bool
    """Whether it runs, or would if it had a processor."""


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """For how long nothing was heard of a child."""

    missed: int = 0
    """Signs missing in a row, counted one by one: after a pause of the whole machine it is a single
    one, however long that was."""
    own: float = 0.0
    """For how many of them the child has only itself to blame."""

    def after(self, pulse: float, before: Spent | None, now: Spent | None) -> "Silence":
        """Return the silence that is longer by one sign, `pulse` seconds after the last look.

        None: the kernel does not tell. Then each sign counts.
        """
        return Silence(missed=self.missed + 1, own=self.own + _own(pulse, before, now) / pulse)

    def hangs(self, allowed: int) -> bool:
        """Tell whether it is to be replaced."""
        return self.own > allowed - _SLACK

    def starves(self, allowed: int) -> bool:
        """Tell whether it would be, had it not waited for a processor."""
        return self.missed >= allowed and not self.hangs(allowed)


def _own(pulse: float, before: Spent | None, now: Spent | None) -> float:
    """Return how many of `pulse` seconds count against the child."""
    if before is None or now is None:
        return pulse
    if now.runnable:
        # The wait that it may be in is not counted yet (Linux adds it up when it ends), so what it
        # did not run it waited. A busy loop is found out by what it ran.
        return min(pulse, now.ran - before.ran)
    return max(0.0, pulse - (now.waited - before.waited))
