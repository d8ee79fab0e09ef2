import pytest
from aiohttp import web

from edge import problems
from edge.problems import Problem, of_denial, of_faults, problem_of
from identifiers.directory import Off, OffAs
from identifiers.faults import Fault
from identifiers.principals import (
    Allowed,
    Disabled,
    LivesElsewhere,
    LoginFirst,
    MissingScope,
    NotYours,
    Scope,
    WrongAddress,
)


@pytest.mark.parametrize(
    ("verdict", "kind"),
    [
        (LoginFirst(), problems.UNAUTHENTICATED),
        (NotYours(), problems.NOT_YOURS),
        (MissingScope(Scope.DELETE), problems.MISSING_SCOPE),
        (WrongAddress(), problems.WRONG_ADDRESS),
        (Disabled(), problems.PREFIX_DISABLED),
        (LivesElsewhere(), problems.PREFIX_DELEGATED),
    ],
)
def test_denials(verdict, kind):
    assert of_denial(verdict).kind is kind


def test_a_missing_scope_is_named_and_a_login_asked_for():
    assert of_denial(MissingScope(Scope.DELETE)).document("en")["scope"] == "identifiers:delete"
    assert ("WWW-Authenticate", 'Bearer realm="idnode"') in of_denial(LoginFirst()).headers


def test_whose_prefix_is_off_is_told_why():
    off = Disabled(Off(OffAs.ENTERPRISE_SUSPENDED, "欠缴年费"))
    told = of_denial(off).document("en")
    assert (told["state"], told["reason"]) == ("enterprise_suspended", "欠缴年费")
    assert of_denial(Disabled(Off())).document("en")["reason"] is None
    assert "state" not in of_denial(Disabled()).document("en")


def test_what_is_allowed_is_no_problem():
    with pytest.raises(TypeError):
        of_denial(Allowed())


@pytest.mark.parametrize(
    ("codes", "status"),
    [(["empty"], 422), (["json.syntax"], 400), (["empty", "utf8"], 400), (["json.too_deep"], 422)],
)
def test_what_cannot_be_read_at_all_is_another_problem(codes, status):
    assert of_faults(tuple(Fault(code, params={"why": "", "at": 0}) for code in codes)).status == (
        status
    )


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TimeoutError(), problems.TIMED_OUT),
        (web.HTTPNotFound(), problems.NO_ROUTE),
        (web.HTTPRequestEntityTooLarge(max_size=1, actual_size=2), problems.TOO_LARGE),
        (web.HTTPGone(), problems.BAD_REQUEST),
        (web.RequestPayloadError(), problems.BAD_REQUEST),
    ],
)
def test_errors_of_the_http_library(error, kind):
    assert problem_of(error).kind is kind


@pytest.mark.parametrize("error", [ValueError(), web.HTTPInternalServerError(), OSError()])
def test_unknown_errors_are_no_problem_documents(error):
    assert problem_of(error) is None


def test_a_document_has_what_rfc_9457_asks_for_and_the_rest():
    problem = Problem(
        kind=problems.INVALID,
        detail="more",
        faults=(Fault("empty", "/a"),),
        members={"extra": [1]},
    )
    assert problem.document("zh", "r1") == {
        "type": "urn:idnode:problem:invalid",
        "title": "请求内容有误。",
        "status": 422,
        "detail": "more",
        "extra": [1],
        "errors": [{"pointer": "/a", "code": "empty", "detail": "不能为空"}],
        "request_id": "r1",
    }


def test_every_kind_is_told_in_both_languages():
    codes = [kind.code for kind in problems.SHARED_KINDS]
    assert len(set(codes)) == len(codes)
    for kind in problems.SHARED_KINDS:
        assert kind.title("en") != kind.title("zh")
