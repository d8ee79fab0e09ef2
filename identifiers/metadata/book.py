"""The templates that are in force at one moment, and which prefixes ask for one. Immutable."""

from collections.abc import Iterable, Mapping
from typing import Final

from identifiers.faults import Fault
from identifiers.metadata.layouts import Layout, template_name, version_of
from identifiers.metadata.templates import Stage, Template

_TOLD: Final = 512
"""Characters of a name that is told back; whole names are shorter, unless they are none."""


class Book:
    """The newest revision of every template that was ever published.

    Whoever registers names a template by its version; the nearest one counts: that of the prefix
    itself, then of those above it, up to the node's own, which everybody may use. ``88.300/v1``
    names just one of them.
    """

    def __init__(self, templates: Iterable[Template] = (), demanding: Iterable[str] = ()) -> None:
        self._layouts = _layouts(templates)
        self.demanding = frozenset(demanding)
        """Prefixes under which nothing is registered without a template."""
        self.unique = any(layout.unique for layout in self._layouts.values())
        """Whether any template has entries whose values are unique."""

    def revised(self, templates: Iterable[Template], demands: Mapping[str, bool]) -> "Book":
        """Return the book with other templates and demands (by prefix) in place of some.

        What did not change is taken as it is: to make ten thousand layouts takes seconds.
        """
        book = Book()
        book._layouts = self._layouts | _layouts(templates)
        book.unique = any(layout.unique for layout in book._layouts.values())
        demanding = {prefix for prefix, demanded in demands.items() if demanded}
        book.demanding = frozenset(self.demanding - demands.keys() | demanding)
        return book

    def find(self, prefix: str, asked: str) -> Layout | Fault:
        """Return the template that is meant by who registers under `prefix`, for something new."""
        found = self._named(prefix, asked)
        if found is None:
            told = asked[:_TOLD]
            return Fault("template.unknown", params={"template": told, "prefix": prefix})
        if found.template.stage is Stage.WITHDRAWN:
            return Fault("template.withdrawn", params={"template": found.name})
        return found

    def of(self, stored: str | None) -> Layout | None:
        """Return the newest revision of the template that a record says it has."""
        return None if stored is None else self._layouts.get(version_of(stored)[0])

    def demands(self, prefix: str) -> bool:
        """Say whether nothing is registered under `prefix` without a template."""
        if not self.demanding:
            return False
        return any(above in self.demanding for above in _upwards(prefix))

    def _named(self, prefix: str, asked: str) -> Layout | None:
        home, slash, version = asked.rpartition("/")
        upwards = list(_upwards(prefix))
        if slash:
            return self._layouts.get(asked) if home in upwards else None
        found = (self._layouts.get(template_name(above, version)) for above in upwards)
        return next((layout for layout in found if layout is not None), None)


def _upwards(prefix: str) -> Iterable[str]:
    """Yield a prefix and those above it."""
    while prefix:
        yield prefix
        prefix = prefix.rpartition(".")[0]


def _layouts(templates: Iterable[Template]) -> dict[str, Layout]:
    return {
        template_name(t.prefix, t.version): Layout(t)
        for t in templates
        if t.stage is not Stage.DRAFT
    }


NO_TEMPLATES: Final = Book()
