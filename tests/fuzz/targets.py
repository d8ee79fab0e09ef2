"""Every decoder of received octets. For a new one a `Target` is all that has to be written."""

from tests.fuzz import documents, handles, keyrings, languages, replies
from tests.fuzz.target import Target

TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        *handles.TARGETS,
        *documents.TARGETS,
        *keyrings.TARGETS,
        *languages.TARGETS,
        *replies.TARGETS,
    )
}
