"""The operations on applications and documents, as they are served and described."""

from collections.abc import Sequence
from typing import Any, Final

from identifiers.enterprises.review import Kind, Stage
from registry.business.office import Office
from registry.http import applications, business_schemas, documents
from registry.http.applications import ApplicationRoutes
from registry.http.business import APPLICATION
from registry.http.business_kinds import (
    ALREADY_MEMBER,
    DOCUMENT_FORM,
    DOCUMENTS_WAIT,
    ENTERPRISE_STATE,
    NO_LABEL,
    NOT_FILED,
    PENDING,
    STAGE,
)
from registry.http.business_schemas import json_body, json_result
from registry.http.documents import DocumentRoutes
from registry.http.lists import list_parameters, page_of
from registry.http.operations import Body, Handler, Json, Operation, Parameter, Result
from registry.http.parameters import IF_MATCH, LANGUAGE, ONCE_DONE
from registry.http.permission import PERMISSION
from registry.http.problems import KEY_REUSED, KEY_SYNTAX, NO_SUCH, PARAMETER, STALE
from registry.http.reception import Reception
from registry.http.replies import JSON
from registry.http.tokens import BODY

_RIGHTS: Final = (*PERMISSION, NO_SUCH, PARAMETER)
_KEYED: Final = (KEY_REUSED, KEY_SYNTAX)
_CURSOR: Final[Json] = {"type": "string"}
_WHOSE, _AFTER, _LIMIT = list_parameters("those", _CURSOR)
_PAGED: Final = (_AFTER, _LIMIT)
_STAGE: Final = Parameter(
    name="stage",
    place="query",
    schema={"enum": [stage.value for stage in Stage]},
    description="Only those at this stage.",
)
_KIND: Final = Parameter(
    name="kind",
    place="query",
    schema={"enum": [kind.value for kind in Kind]},
    description="Only those of this kind.",
)


def application_operations(office: Office, reception: Reception) -> Sequence[Operation]:
    """Return those on applications and documents."""
    return (
        *_applications(ApplicationRoutes(office, reception)),
        *_documents(DocumentRoutes(office, reception)),
    )


def _shown(description: str) -> Result:
    told = business_schemas.APPLICATION, business_schemas.APPLICATION_EXAMPLE
    return Result(description=description, content={JSON: told}, headers={"ETag": "Its version."})


def _applications(handlers: ApplicationRoutes) -> Sequence[Operation]:
    path, one = applications.PATH, applications.PATH + "/{id}"
    taken = {
        201: _shown("Taken."),
        200: _shown("The same was sent before: that application."),
    }
    submitted = json_body(
        "What the applicant tells.", business_schemas.SUBMITTED, business_schemas.SUBMITTED_EXAMPLE
    )

    def step(  # noqa: PLR0917 -- what the steps differ in
        verb: str, name: str, summary: str, description: str, handler: Handler, body: Body | None
    ) -> Operation:
        return Operation(
            method="POST",
            path=f"{one}/{verb}",
            id=name,
            tag="Applications",
            summary=summary,
            description=description,
            handler=handler,
            parameters=(APPLICATION, IF_MATCH, LANGUAGE),
            body=body,
            results={200: _shown("As it stands now.")},
            problems=(*_RIGHTS, STAGE, STALE, NO_LABEL, ENTERPRISE_STATE, *BODY),
            writes=True,
        )

    return (
        Operation(
            method="POST",
            path=path,
            id="submitApplication",
            tag="Applications",
            summary="Apply for admission",
            description="Takes the particulars (主体数据) of an organisation that wants to be an "
            "enterprise of this node (备案). Documents are uploaded before and named by their ids. "
            "The same once more is the same application.",
            handler=handlers.submit,
            parameters=(ONCE_DONE, LANGUAGE),
            body=submitted,
            results=taken,
            problems=(*_RIGHTS, ALREADY_MEMBER, PENDING, *_KEYED, *BODY),
            writes=True,
        ),
        Operation(
            method="POST",
            path=applications.CHANGES,
            id="requestChange",
            tag="Applications",
            summary="Ask for other particulars",
            description="Takes all particulars of an enterprise anew (变更). They are reviewed as "
            "an application is, and count once they are approved; what they were stays in the "
            "history.",
            handler=handlers.change,
            parameters=(ONCE_DONE, LANGUAGE),
            body=json_body(
                "All particulars, as they are to be.",
                business_schemas.CHANGED,
                {"particulars": {"basic": {"org_name": "…"}}},
            ),
            results=taken,
            problems=(*_RIGHTS, PENDING, ENTERPRISE_STATE, NOT_FILED, *_KEYED, *BODY),
            writes=True,
        ),
        Operation(
            method="GET",
            path=path,
            id="listApplications",
            tag="Applications",
            summary="List applications",
            description="Oldest first.",
            handler=handlers.page,
            parameters=(_WHOSE, _STAGE, _KIND, _AFTER, _LIMIT),
            results={
                200: json_result(
                    "A page.",
                    page_of(business_schemas.APPLICATION_BRIEF),
                    business_schemas.APPLICATIONS_EXAMPLE,
                )
            },
            problems=_RIGHTS,
        ),
        Operation(
            method="GET",
            path=one,
            id="getApplication",
            tag="Applications",
            summary="Read an application",
            description="With what was done to it. Personal data is masked.",
            handler=handlers.read,
            parameters=(APPLICATION, LANGUAGE),
            results={200: _shown("The application.")},
            problems=_RIGHTS,
        ),
        Operation(
            method="GET",
            path=f"{one}/history",
            id="getApplicationHistory",
            tag="Applications",
            summary="See what was mended",
            description="Each revision (版次) of an application: who sent it and when, every value "
            "that changed since the one before, old and new, personal data masked, and what was "
            "done to it since.",
            handler=handlers.history,
            parameters=(APPLICATION, *_PAGED),
            results={
                200: json_result(
                    "A page, oldest first.",
                    page_of(business_schemas.REVISION),
                    business_schemas.REVISIONS_EXAMPLE,
                )
            },
            problems=_RIGHTS,
        ),
        Operation(
            method="PUT",
            path=one,
            id="resubmitApplication",
            tag="Applications",
            summary="Mend an application",
            description="Takes one again that was rejected, as its next revision. What it told "
            "before stays in its history.",
            handler=handlers.resubmit,
            parameters=(APPLICATION, IF_MATCH, LANGUAGE),
            body=submitted,
            results={200: _shown("Taken again.")},
            problems=(*_RIGHTS, STAGE, STALE, *BODY),
            writes=True,
        ),
        step(
            "approval",
            "approveApplication",
            "Approve for the node",
            "The first of two reviews, and in local mode the only one. Whoever is admitted is an "
            "enterprise with a filing number and a prefix at once.",
            handlers.approve,
            None,
        ),
        step(
            "rejection",
            "rejectApplication",
            "Reject for the node",
            "The applicant is told why, and may mend it.",
            handlers.reject,
            json_body("Why.", business_schemas.REASONS, {"reasons": ["营业执照照片不清"]}),
        ),
        step(
            "withdrawal",
            "withdrawApplication",
            "Withdraw an application",
            "The applicant wants it no more.",
            handlers.withdraw,
            None,
        ),
        step(
            "national-verdict",
            "recordNationalVerdict",
            "Record the national node's verdict",
            "On what this node approved. The same verdict once more changes nothing.",
            handlers.national,
            json_body("The verdict.", business_schemas.VERDICT, {"approved": True}),
        ),
        step(
            "purge",
            "purgeApplication",
            "Remove the personal data of a refused applicant",
            "Of an application that was rejected or withdrawn: personal data and documents go, for "
            "good. That there was one, and what was decided, stays.",
            handlers.purge,
            None,
        ),
        step(
            "verification",
            "verifyApplicant",
            "Note whether the applicant is who it says",
            "Verification of real names (实名核验) stands apart from the reviews.",
            handlers.verify,
            json_body("What was found.", business_schemas.FINDING, business_schemas.FOUND),
        ),
    )


def _documents(handlers: DocumentRoutes) -> Sequence[Operation]:
    binary: Json = {"type": "string", "format": "binary"}
    content: dict[str, tuple[Json, Any]] = dict.fromkeys(documents.ACCEPTED, (binary, None))
    kept = business_schemas.DOCUMENT, business_schemas.DOCUMENT_EXAMPLE
    return (
        Operation(
            method="POST",
            path=documents.PATH,
            id="uploadDocument",
            tag="Applications",
            summary="Upload a document",
            description="Pictures (JPEG, PNG) of up to 1 MiB, PDF of up to 5 MiB, judged by their "
            "first octets. It is kept sealed, is bound to the field of the application that names "
            "it, once, and is removed after a day if none does. The same once more is the first.",
            handler=handlers.upload,
            parameters=(ONCE_DONE, LANGUAGE),
            body=Body(description="The document.", content=content),
            results={
                201: json_result("Kept.", *kept),
                200: json_result("It was sent before.", *kept),
            },
            problems=(*_RIGHTS, DOCUMENT_FORM, DOCUMENTS_WAIT, *_KEYED, *BODY),
            writes=True,
        ),
        Operation(
            method="GET",
            path=documents.PATH + "/{id}",
            id="readDocument",
            tag="Applications",
            summary="Read a document",
            description="As it was sent. That it was read, and by whom, is noted.",
            handler=handlers.read,
            parameters=(
                Parameter(
                    name="id",
                    place="path",
                    required=True,
                    schema={"type": "string", "format": "uuid"},
                    example=business_schemas.DOCUMENT_EXAMPLE["id"],
                    description="The document.",
                ),
            ),
            results={
                200: Result(
                    description="The document.",
                    content=dict.fromkeys(documents.ACCEPTED[:-1], (binary, None)),
                )
            },
            problems=_RIGHTS,
            writes=True,
        ),
    )
