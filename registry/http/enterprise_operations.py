"""The operations on enterprises and certificates, as they are served and described."""

from collections.abc import Sequence
from typing import Final

from registry.business.office import Office
from registry.http import business_schemas, certificates, enterprises
from registry.http.business import ENTERPRISE
from registry.http.business_kinds import (
    CERTIFIED,
    ENTERPRISE_STATE,
    NOT_FILED,
    NOT_VERIFIED,
)
from registry.http.business_schemas import json_body, json_result
from registry.http.certificates import CertificateRoutes
from registry.http.enterprises import EnterpriseRoutes
from registry.http.lists import list_parameters, page_of
from registry.http.operations import Body, Handler, Json, Operation, Parameter, Result
from registry.http.parameters import LANGUAGE, ONCE_DONE
from registry.http.permission import PERMISSION
from registry.http.problems import KEY_REUSED, KEY_SYNTAX, NO_SUCH, PARAMETER
from registry.http.reception import Reception
from registry.http.tokens import BODY

_RIGHTS: Final = (*PERMISSION, NO_SUCH, PARAMETER)
_CURSOR: Final[Json] = {"type": "string"}
_HTML: Final = "text/html"
_WHOSE, _AFTER, _LIMIT = list_parameters("those", _CURSOR)
_SERIAL: Final = Parameter(
    name="serial",
    place="path",
    required=True,
    schema={"type": "string"},
    example="3F9A1C0D7E5B2846",
    description="The serial number of the certificate.",
)


def enterprise_operations(office: Office, reception: Reception) -> Sequence[Operation]:
    """Return those on enterprises and certificates."""
    return (
        *_enterprises(EnterpriseRoutes(office, reception)),
        *_certificates(CertificateRoutes(office, reception)),
    )


def _enterprises(handlers: EnterpriseRoutes) -> Sequence[Operation]:
    path, one = enterprises.PATH, enterprises.PATH + "/{id}"
    shown = json_result("The enterprise.", business_schemas.MEMBER, business_schemas.MEMBER_EXAMPLE)

    def read(  # noqa: PLR0917 -- what the readings differ in
        where: str, name: str, summary: str, description: str, handler: Handler, result: Result
    ) -> Operation:
        paged = (_AFTER, _LIMIT) if where in {path, f"{one}/history"} else ()
        return Operation(
            method="GET",
            path=where,
            id=name,
            tag="Enterprises",
            summary=summary,
            description=description,
            handler=handler,
            parameters=(*((ENTERPRISE,) if where != path else ()), *paged),
            results={200: result},
            problems=(*_RIGHTS, NOT_FILED) if handler == handlers.filing else _RIGHTS,
        )

    def step(  # noqa: PLR0917 -- what the steps differ in
        verb: str, name: str, summary: str, description: str, handler: Handler, body: Body | None
    ) -> Operation:
        return Operation(
            method="POST",
            path=f"{one}/{verb}",
            id=name,
            tag="Enterprises",
            summary=summary,
            description=description,
            handler=handler,
            parameters=(ENTERPRISE, LANGUAGE),
            body=body,
            results={200: shown},
            problems=(
                *_RIGHTS,
                NOT_FILED if handler == handlers.verify else ENTERPRISE_STATE,
                *BODY,
            ),
            writes=True,
        )

    why = json_body("Why.", business_schemas.REASON, {"reason": "逾期未年审"})
    return (
        read(
            path,
            "listEnterprises",
            "List enterprises",
            "By number. An enterprise sees itself. Those that an operator added and of which "
            "nothing was filed (未备案) are among them: `filing` and `approved_at` are null then.",
            handlers.page,
            json_result(
                "A page.",
                page_of(business_schemas.MEMBER_BRIEF),
                business_schemas.MEMBERS_EXAMPLE,
            ),
        ),
        read(
            one,
            "getEnterprise",
            "Read an enterprise",
            "As it was approved, with its prefixes. Personal data is masked. Of one of which "
            "nothing was filed (未备案) `filing`, `approved_at` and `particulars` are null.",
            handlers.read,
            shown,
        ),
        read(
            f"{one}/history",
            "getEnterpriseHistory",
            "See what happened to an enterprise",
            "Who did what and when, and every value that changed, old and new, personal data "
            "masked.",
            handlers.history,
            json_result(
                "A page, oldest first.",
                page_of(business_schemas.MEMBER_VERSION),
                business_schemas.HISTORY_EXAMPLE,
            ),
        ),
        read(
            f"{one}/filing-record",
            "getFilingRecord",
            "Print the filing record",
            "The filing record (备案记录) as a page in Chinese and English, for A4 paper.",
            handlers.filing,
            Result(description="The page.", content={_HTML: ({"type": "string"}, None)}),
        ),
        step(
            "suspension",
            "suspendEnterprise",
            "Suspend an enterprise",
            "All of its prefixes are off within a second: their names are told as living nowhere, "
            "nothing is registered under them. What is stored stays.",
            handlers.suspend,
            why,
        ),
        step(
            "resumption",
            "resumeEnterprise",
            "Resume an enterprise",
            "Its prefixes are on again, each as it was by itself.",
            handlers.resume,
            None,
        ),
        step(
            "closing",
            "closeEnterprise",
            "Close an enterprise",
            "It left, for good: its prefixes are off, its names stay taken, its certificate is "
            "revoked.",
            handlers.close,
            why,
        ),
        step(
            "verification",
            "verifyEnterprise",
            "Note whether the enterprise is who it says",
            "Verification of real names (实名核验): the newest counts, all are kept.",
            handlers.verify,
            json_body("What was found.", business_schemas.FINDING, business_schemas.FOUND),
        ),
    )


def _certificates(handlers: CertificateRoutes) -> Sequence[Operation]:
    path, one = certificates.PATH, certificates.PATH + "/{serial}"
    told = business_schemas.CERTIFICATE, business_schemas.CERTIFICATE_EXAMPLE
    return (
        Operation(
            method="POST",
            path=path,
            id="issueCertificate",
            tag="Certificates",
            summary="Certify an enterprise",
            description="Issues a certificate (认证证书), signed by the key of the node, to an "
            "enterprise that is active and verified. If it has a public key in the record of its "
            "prefix, the certificate is an HS_CERT over that key and stands in that record.",
            handler=handlers.issue,
            parameters=(ONCE_DONE, LANGUAGE),
            body=json_body("For whom.", business_schemas.WISH, {"enterprise": 1, "days": 365}),
            results={201: json_result("Issued.", *told)},
            problems=(
                *(*_RIGHTS, ENTERPRISE_STATE, NOT_FILED, NOT_VERIFIED, CERTIFIED),
                *(KEY_REUSED, KEY_SYNTAX, *BODY),
            ),
            writes=True,
        ),
        Operation(
            method="GET",
            path=path,
            id="listCertificates",
            tag="Certificates",
            summary="List certificates",
            description="By serial number.",
            handler=handlers.page,
            parameters=(_WHOSE, _AFTER, _LIMIT),
            results={
                200: json_result(
                    "A page.",
                    page_of(business_schemas.CERTIFICATE),
                    {"items": [business_schemas.CERTIFICATE_EXAMPLE]},
                )
            },
            problems=_RIGHTS,
        ),
        Operation(
            method="GET",
            path=one,
            id="checkCertificate",
            tag="Certificates",
            summary="Check a certificate",
            description="Whether it holds, and for whom. Needs no key, and tells no personal data.",
            handler=handlers.read,
            parameters=(_SERIAL, LANGUAGE),
            results={200: json_result("The certificate.", *told)},
            problems=(NO_SUCH, PARAMETER),
            open=True,
        ),
        Operation(
            method="POST",
            path=f"{one}/revocation",
            id="revokeCertificate",
            tag="Certificates",
            summary="Revoke a certificate",
            description="For good. It leaves the record of the prefix.",
            handler=handlers.revoke,
            parameters=(_SERIAL, LANGUAGE),
            body=json_body("Why.", business_schemas.REASON, {"reason": "密钥泄露"}),
            results={200: json_result("Revoked.", *told)},
            problems=(*_RIGHTS, *BODY),
            writes=True,
        ),
        Operation(
            method="GET",
            path=certificates.PAGE + "/{serial}",
            id="showCertificate",
            tag="Certificates",
            summary="See a certificate",
            description="The public page of a certificate, in Chinese and English.",
            handler=handlers.show,
            parameters=(_SERIAL,),
            results={
                200: Result(description="The page.", content={_HTML: ({"type": "string"}, None)}),
                404: Result(
                    description="There is none of that number.",
                    content={_HTML: ({"type": "string"}, None)},
                ),
            },
            open=True,
        ),
    )
