"""Every route and what it answers to each kind of person. A new URL gets its row here."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from casefile import keys
from casefile.accounts import invitations, renewing
from casefile.accounts.factors import opening, service
from casefile.policy import Role
from casefile.uow import UnitOfWork
from tests.cast import visit_of

if TYPE_CHECKING:
    from casefile.uow import Resources
    from tests.cast import Cast, Scene

PEOPLE = ("ann", "ben", "cleo", "eva", "dan", "ada", "nobody")
Row = tuple[str, str, tuple[int, int, int, int, int, int, int]]

# Ann leads the case, Ben reports on it, Cleo reads it, Eva edits it; Dan has another case, Ada administers.
# {seat} is Cleo's, {person} is Cleo, {session} and {factor} are of Ann's. Forms are sent empty.
#                                                            Ann  Ben  Cleo Eva  Dan  Ada  nobody
ROWS: tuple[Row, ...] = (
    ("GET", "/", (200, 200, 200, 200, 200, 200, 302)),
    ("GET", "/account/", (200, 200, 200, 200, 200, 200, 302)),
    ("POST", "/account/", (422, 422, 422, 422, 422, 422, 302)),
    ("GET", "/account/alive", (204, 204, 204, 204, 204, 204, 302)),
    ("GET", "/account/notices", (200, 200, 200, 200, 200, 200, 302)),
    ("POST", "/account/notices", (303, 303, 303, 303, 303, 303, 302)),
    ("POST", "/account/notices/calendar", (200, 200, 200, 200, 200, 200, 302)),
    ("POST", "/account/notices/calendar/delete", (303, 303, 303, 303, 303, 303, 302)),
    ("GET", "/account/password", (200, 200, 200, 200, 200, 200, 302)),
    ("POST", "/account/password", (422, 422, 422, 422, 422, 422, 302)),
    ("GET", "/account/confirm", (200, 200, 200, 200, 200, 200, 302)),
    ("POST", "/account/confirm", (422, 422, 422, 422, 422, 422, 302)),
    ("GET", "/account/second-factor", (200, 200, 200, 200, 200, 200, 302)),
    ("POST", "/account/second-factor/{factor}", (422, 404, 404, 404, 404, 404, 302)),
    ("POST", "/account/second-factor/{factor}/delete", (303, 404, 404, 404, 404, 404, 302)),
    ("GET", "/account/second-factor/{factor}/edit", (200, 404, 404, 404, 404, 404, 302)),
    ("POST", "/account/second-factor/app", (422, 422, 422, 422, 422, 422, 302)),
    ("GET", "/account/second-factor/app/new", (200, 200, 200, 200, 200, 200, 302)),
    ("POST", "/account/second-factor/codes", (422, 422, 422, 422, 422, 422, 302)),
    ("POST", "/account/second-factor/key", (422, 422, 422, 422, 422, 422, 302)),
    ("GET", "/account/second-factor/key/new", (200, 200, 200, 200, 200, 200, 302)),
    ("POST", "/account/second-factor/repair", (409, 409, 409, 409, 409, 409, 302)),
    ("GET", "/account/recovery-code", (200, 200, 200, 200, 200, 200, 302)),
    ("POST", "/account/recovery-code", (422, 422, 422, 422, 422, 422, 302)),
    ("POST", "/account/recovery-code/kept", (422, 422, 422, 422, 422, 422, 302)),
    ("POST", "/account/recovery-code/try", (422, 422, 422, 422, 422, 422, 302)),
    ("GET", "/account/sessions", (200, 200, 200, 200, 200, 200, 302)),
    ("POST", "/account/sessions/{session}/delete", (303, 404, 404, 404, 404, 404, 302)),
    ("POST", "/account/sessions/delete", (303, 303, 303, 303, 303, 303, 302)),
    ("GET", "/account/trail", (200, 200, 200, 200, 200, 200, 302)),
    ("POST", "/account/trail", (303, 303, 303, 303, 303, 303, 302)),
    ("GET", "/account/travel", (200, 200, 200, 200, 200, 200, 302)),
    ("POST", "/account/travel", (422, 422, 422, 422, 422, 422, 302)),
    ("GET", "/admin/", (403, 403, 403, 403, 403, 200, 302)),
    ("GET", "/admin/audit", (403, 403, 403, 403, 403, 200, 302)),
    ("POST", "/admin/invitations", (403, 403, 403, 403, 403, 422, 302)),
    ("POST", "/admin/invitations/{invitation}/delete", (403, 403, 403, 403, 403, 303, 302)),
    ("GET", "/admin/invitations/new", (403, 403, 403, 403, 403, 200, 302)),
    ("GET", "/admin/people/{person}", (403, 403, 403, 403, 403, 200, 302)),
    ("POST", "/admin/people/{person}/disable", (403, 403, 403, 403, 403, 303, 302)),
    ("POST", "/admin/people/{person}/enable", (403, 403, 403, 403, 403, 303, 302)),
    ("POST", "/admin/people/{person}/end", (403, 403, 403, 403, 403, 303, 302)),
    ("POST", "/admin/people/{person}/roles", (403, 403, 403, 403, 403, 422, 302)),
    ("POST", "/admin/people/{person}/second-factor/delete", (403, 403, 403, 403, 403, 409, 302)),
    ("POST", "/admin/people/{person}/renewal", (403, 403, 403, 403, 403, 200, 302)),
    ("GET", "/bootstrap/static/css/bootstrap.min.css", (200, 200, 200, 200, 200, 200, 200)),
    ("GET", "/calendar/{token}.ics", (404, 404, 404, 404, 404, 404, 404)),
    ("GET", "/cases/", (200, 200, 200, 200, 200, 200, 302)),
    ("POST", "/cases/", (422, 422, 403, 422, 422, 403, 302)),
    ("GET", "/cases/new", (200, 200, 403, 200, 200, 403, 302)),
    ("GET", "/cases/{case}/", (200, 200, 200, 200, 404, 404, 302)),
    ("GET", "/cases/{case}/activity/", (200, 200, 200, 200, 404, 404, 302)),
    ("GET", "/cases/{case}/edit", (200, 403, 403, 200, 404, 404, 302)),
    ("POST", "/cases/{case}/edit", (422, 403, 403, 422, 404, 404, 302)),
    ("GET", "/cases/{case}/evidence/", (200, 200, 200, 200, 404, 404, 302)),
    ("POST", "/cases/{case}/evidence/", (422, 422, 403, 422, 404, 404, 302)),
    ("GET", "/cases/{case}/evidence/{evidence}", (200, 200, 200, 200, 404, 404, 302)),
    ("GET", "/cases/{case}/evidence/{evidence}/content", (200, 200, 200, 200, 404, 404, 302)),
    ("GET", "/cases/{case}/evidence/{evidence}/edit", (200, 200, 403, 200, 404, 404, 302)),
    ("POST", "/cases/{case}/evidence/{evidence}/edit", (422, 422, 403, 422, 404, 404, 302)),
    ("POST", "/cases/{case}/evidence/{evidence}/verify", (303, 303, 303, 303, 404, 404, 302)),
    ("GET", "/cases/{case}/evidence/new", (200, 200, 403, 200, 404, 404, 302)),
    ("GET", "/cases/{case}/evidence/number/1", (302, 302, 302, 302, 404, 404, 302)),
    ("GET", "/cases/{case}/members/", (200, 200, 200, 200, 404, 404, 302)),
    ("POST", "/cases/{case}/members/", (422, 403, 403, 422, 404, 404, 302)),
    ("POST", "/cases/{case}/members/{seat}", (422, 403, 403, 422, 404, 404, 302)),
    ("POST", "/cases/{case}/members/{seat}/delete", (303, 403, 403, 303, 404, 404, 302)),
    ("POST", "/cases/{case}/members/{seat}/readmit", (409, 403, 403, 409, 404, 404, 302)),
    ("POST", "/cases/{case}/members/{seat}/restore", (409, 403, 403, 409, 404, 404, 302)),
    ("GET", "/cases/{case}/milestones/", (200, 200, 200, 200, 404, 404, 302)),
    ("POST", "/cases/{case}/milestones/link", (403, 403, 403, 422, 404, 404, 302)),
    ("POST", "/cases/{case}/milestones/unlink", (403, 403, 403, 404, 404, 404, 302)),
    ("GET", "/cases/{case}/milestones/{milestone}", (404, 404, 404, 404, 404, 404, 302)),
    ("GET", "/cases/{case}/milestones/{milestone}/edit", (404, 404, 403, 404, 404, 404, 302)),
    ("POST", "/cases/{case}/milestones/{milestone}/edit", (404, 404, 403, 404, 404, 404, 302)),
    ("GET", "/cases/{case}/milestones/{milestone}/verdict", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/cases/{case}/milestones/{milestone}/verdict", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/cases/{case}/milestones/{milestone}/release", (403, 403, 403, 404, 404, 404, 302)),
    (
        "POST",
        "/cases/{case}/milestones/{milestone}/submissions/{submission}/open",
        (403, 403, 403, 404, 404, 404, 302),
    ),
    ("GET", "/cases/{case}/notes/", (200, 200, 200, 200, 404, 404, 302)),
    ("POST", "/cases/{case}/notes/", (422, 422, 403, 422, 404, 404, 302)),
    ("GET", "/cases/{case}/notes/{note}", (200, 200, 200, 200, 404, 404, 302)),
    ("POST", "/cases/{case}/notes/{note}/delete", (303, 303, 403, 303, 404, 404, 302)),
    ("GET", "/cases/{case}/notes/{note}/edit", (200, 200, 403, 200, 404, 404, 302)),
    ("POST", "/cases/{case}/notes/{note}/edit", (422, 422, 403, 422, 404, 404, 302)),
    ("POST", "/cases/{case}/notes/{note}/restore", (303, 303, 403, 303, 404, 404, 302)),
    ("GET", "/cases/{case}/notes/{note}/versions/", (200, 200, 200, 200, 404, 404, 302)),
    ("GET", "/cases/{case}/notes/new", (200, 200, 403, 200, 404, 404, 302)),
    ("POST", "/cases/{case}/notes/preview", (200, 200, 200, 200, 404, 404, 302)),
    ("GET", "/forgotten-password", (200, 200, 200, 200, 200, 200, 200)),
    ("POST", "/forgotten-password", (422, 422, 422, 422, 422, 422, 422)),
    ("GET", "/grants/awards/", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/awards/", (404, 404, 404, 404, 404, 404, 302)),
    ("GET", "/grants/awards/new", (404, 404, 404, 404, 404, 404, 302)),
    ("GET", "/grants/awards/{award}", (404, 404, 404, 404, 404, 404, 302)),
    ("GET", "/grants/awards/{award}/edit", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/awards/{award}/edit", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/awards/{award}/approve", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/awards/{award}/back", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/awards/{award}/sign", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/awards/{award}/steps/submit", (404, 404, 404, 404, 404, 404, 302)),
    ("GET", "/grants/awards/{award}/bank", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/awards/{award}/bank", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/awards/{award}/bank/confirm", (404, 404, 404, 404, 404, 404, 302)),
    ("GET", "/grants/calendar", (404, 404, 404, 404, 404, 404, 302)),
    ("GET", "/grants/overview", (404, 404, 404, 404, 404, 404, 302)),
    ("GET", "/grants/overview/export.xlsx", (404, 404, 404, 404, 404, 404, 302)),
    ("GET", "/grants/queue", (404, 404, 404, 404, 404, 404, 302)),
    ("GET", "/grants/payments/", (404, 404, 404, 404, 404, 404, 302)),
    ("GET", "/grants/payments/export.csv", (404, 404, 404, 404, 404, 404, 302)),
    ("GET", "/grants/payments/{payment}", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/payments/{payment}/request", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/payments/{payment}/check", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/payments/{payment}/approve", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/payments/{payment}/pay", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/payments/{payment}/fail", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/payments/{payment}/back", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/payments/{payment}/cancel", (404, 404, 404, 404, 404, 404, 302)),
    ("GET", "/grants/milestones/{milestone}", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/milestones/{milestone}/accept", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/milestones/{milestone}/met", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/milestones/{milestone}/return", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/milestones/{milestone}/waive", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/milestones/{milestone}/waive/sign", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/milestones/{milestone}/waive/refuse", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/milestones/{milestone}/verifier", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/milestones/{milestone}/drop", (404, 404, 404, 404, 404, 404, 302)),
    ("GET", "/healthz", (200, 200, 200, 200, 200, 200, 200)),
    ("GET", "/invitations/{token}", (200, 200, 200, 200, 200, 200, 200)),
    ("POST", "/invitations/{token}", (422, 422, 422, 422, 422, 422, 422)),
    ("GET", "/lock", (403, 403, 403, 200, 403, 200, 302)),
    ("POST", "/lock", (403, 403, 403, 303, 403, 303, 302)),
    ("GET", "/notices/", (200, 200, 200, 200, 200, 200, 302)),
    ("POST", "/notices/{notice}", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/notices/read", (303, 303, 303, 303, 303, 303, 302)),
    ("GET", "/readyz", (200, 200, 200, 200, 200, 200, 200)),
    ("GET", "/renewals/{renewal}", (200, 200, 200, 200, 200, 200, 200)),
    ("POST", "/renewals/{renewal}", (422, 422, 422, 422, 422, 422, 422)),
    ("GET", "/search", (200, 200, 200, 200, 200, 200, 302)),
    ("GET", "/search/complete", (200, 200, 200, 200, 200, 200, 302)),
    ("GET", "/sign-in", (303, 303, 303, 303, 303, 303, 200)),
    ("POST", "/sign-in", (422, 422, 422, 422, 422, 422, 422)),
    ("GET", "/sign-in/factor", (303, 303, 303, 303, 303, 303, 303)),
    ("POST", "/sign-in/factor", (303, 303, 303, 303, 303, 303, 303)),
    ("POST", "/sign-in/factor/key", (303, 303, 303, 303, 303, 303, 303)),
    ("POST", "/sign-out", (303, 303, 303, 303, 303, 303, 302)),
    ("GET", "/static/casefile.css", (200, 200, 200, 200, 200, 200, 200)),
    # Grants: nobody of the newsroom has a role there, so there is nothing; see test_grants_access.py.
    ("GET", "/apply/", (200, 200, 200, 200, 200, 200, 200)),
    ("GET", "/apply/applications/none", (404, 404, 404, 404, 404, 404, 404)),
    ("POST", "/apply/applications/none", (404, 404, 404, 404, 404, 404, 404)),
    ("POST", "/apply/applications/none/answers", (404, 404, 404, 404, 404, 404, 404)),
    ("POST", "/apply/applications/none/files", (404, 404, 404, 404, 404, 404, 404)),
    ("GET", "/apply/applications/none/files/{nowhere}", (404, 404, 404, 404, 404, 404, 404)),
    ("POST", "/apply/applications/none/files/{nowhere}/void", (404, 404, 404, 404, 404, 404, 404)),
    ("GET", "/apply/applications/none/receipts/1.json", (404, 404, 404, 404, 404, 404, 404)),
    ("POST", "/apply/applications/none/withdraw", (404, 404, 404, 404, 404, 404, 404)),
    ("GET", "/apply/calls/none", (404, 404, 404, 404, 404, 404, 404)),
    ("POST", "/apply/calls/none", (404, 404, 404, 404, 404, 404, 404)),
    ("GET", "/apply/invitations/none", (404, 404, 404, 404, 404, 404, 404)),
    ("POST", "/apply/invitations/none", (404, 404, 404, 404, 404, 404, 404)),
    ("GET", "/grants/", (404, 404, 404, 404, 404, 404, 302)),
    ("GET", "/grants/agreements/", (404, 404, 404, 404, 404, 404, 302)),
    ("GET", "/grants/agreements/{nowhere}", (404, 404, 404, 404, 404, 404, 302)),
    ("GET", "/grants/agreements/{nowhere}/edit", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/agreements/{nowhere}/edit", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/agreements/{nowhere}/move", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/agreements/{nowhere}/void", (404, 404, 404, 404, 404, 404, 302)),
    ("GET", "/grants/applications/", (404, 404, 404, 404, 404, 404, 302)),
    ("GET", "/grants/applications/{nowhere}", (404, 404, 404, 404, 404, 404, 302)),
    (
        "GET",
        "/grants/applications/{nowhere}/annexes/{nowhere}",
        (404, 404, 404, 404, 404, 404, 302),
    ),
    ("POST", "/grants/applications/{nowhere}/continue", (404, 404, 404, 404, 404, 404, 302)),
    ("GET", "/grants/applications/{nowhere}/interests", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/applications/{nowhere}/interests", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/applications/{nowhere}/move", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/applications/{nowhere}/organisation", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/applications/{nowhere}/questions", (404, 404, 404, 404, 404, 404, 302)),
    ("GET", "/grants/applications/{nowhere}/review", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/applications/{nowhere}/review", (404, 404, 404, 404, 404, 404, 302)),
    ("GET", "/grants/calls/", (404, 404, 404, 404, 404, 404, 302)),
    ("GET", "/grants/calls/{nowhere}", (404, 404, 404, 404, 404, 404, 302)),
    ("GET", "/grants/calls/{nowhere}/applications", (404, 404, 404, 404, 404, 404, 302)),
    (
        "POST",
        "/grants/calls/{nowhere}/applications/{nowhere}/promote",
        (404, 404, 404, 404, 404, 404, 302),
    ),
    ("GET", "/grants/calls/{nowhere}/criteria", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/calls/{nowhere}/criteria", (404, 404, 404, 404, 404, 404, 302)),
    ("GET", "/grants/calls/{nowhere}/deadline", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/calls/{nowhere}/deadline", (404, 404, 404, 404, 404, 404, 302)),
    ("GET", "/grants/calls/{nowhere}/decision", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/calls/{nowhere}/decision", (404, 404, 404, 404, 404, 404, 302)),
    ("GET", "/grants/calls/{nowhere}/edit", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/calls/{nowhere}/edit", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/calls/{nowhere}/invitations", (404, 404, 404, 404, 404, 404, 302)),
    (
        "POST",
        "/grants/calls/{nowhere}/invitations/{nowhere}/void",
        (404, 404, 404, 404, 404, 404, 302),
    ),
    ("POST", "/grants/calls/{nowhere}/move", (404, 404, 404, 404, 404, 404, 302)),
    ("GET", "/grants/calls/{nowhere}/questions", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/calls/{nowhere}/questions", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/calls/{nowhere}/reviewers", (404, 404, 404, 404, 404, 404, 302)),
    (
        "POST",
        "/grants/calls/{nowhere}/reviewers/{nowhere}/void",
        (404, 404, 404, 404, 404, 404, 302),
    ),
    ("GET", "/grants/exports/programmes.csv", (404, 404, 404, 404, 404, 404, 302)),
    ("GET", "/grants/imports/", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/imports/", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/imports/preview", (404, 404, 404, 404, 404, 404, 302)),
    ("GET", "/grants/organisations/", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/organisations/", (404, 404, 404, 404, 404, 404, 302)),
    ("GET", "/grants/organisations/new", (404, 404, 404, 404, 404, 404, 302)),
    ("GET", "/grants/organisations/{nowhere}", (404, 404, 404, 404, 404, 404, 302)),
    ("GET", "/grants/organisations/{nowhere}/edit", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/organisations/{nowhere}/edit", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/organisations/{nowhere}/people", (404, 404, 404, 404, 404, 404, 302)),
    (
        "POST",
        "/grants/organisations/{nowhere}/people/{nowhere}/void",
        (404, 404, 404, 404, 404, 404, 302),
    ),
    ("GET", "/grants/programmes/", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/programmes/", (404, 404, 404, 404, 404, 404, 302)),
    ("GET", "/grants/programmes/new", (404, 404, 404, 404, 404, 404, 302)),
    ("GET", "/grants/programmes/{nowhere}", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/programmes/{nowhere}/agreements", (404, 404, 404, 404, 404, 404, 302)),
    ("GET", "/grants/programmes/{nowhere}/agreements/new", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/programmes/{nowhere}/calls", (404, 404, 404, 404, 404, 404, 302)),
    ("GET", "/grants/programmes/{nowhere}/calls/new", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/programmes/{nowhere}/components", (404, 404, 404, 404, 404, 404, 302)),
    ("GET", "/grants/programmes/{nowhere}/components/new", (404, 404, 404, 404, 404, 404, 302)),
    (
        "GET",
        "/grants/programmes/{nowhere}/components/{nowhere}",
        (404, 404, 404, 404, 404, 404, 302),
    ),
    (
        "POST",
        "/grants/programmes/{nowhere}/components/{nowhere}",
        (404, 404, 404, 404, 404, 404, 302),
    ),
    (
        "POST",
        "/grants/programmes/{nowhere}/components/{nowhere}/editions",
        (404, 404, 404, 404, 404, 404, 302),
    ),
    (
        "POST",
        "/grants/programmes/{nowhere}/components/{nowhere}/editions/{nowhere}/void",
        (404, 404, 404, 404, 404, 404, 302),
    ),
    ("GET", "/grants/programmes/{nowhere}/edit", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/programmes/{nowhere}/edit", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/programmes/{nowhere}/organisations", (404, 404, 404, 404, 404, 404, 302)),
    (
        "POST",
        "/grants/programmes/{nowhere}/organisations/{nowhere}/void",
        (404, 404, 404, 404, 404, 404, 302),
    ),
    ("GET", "/grants/rates/", (404, 404, 404, 404, 404, 404, 302)),
    ("POST", "/grants/rates/", (404, 404, 404, 404, 404, 404, 302)),
    ("GET", "/grants/rates/new", (404, 404, 404, 404, 404, 404, 302)),
    ("GET", "/grants/reviews/", (404, 404, 404, 404, 404, 404, 302)),
)

NOWHERE = UUID(int=0x4E6F5468696E67)


def fill(
    url: str,
    cast: Cast,
    case: Scene | None = None,
    *,
    things: Scene | None = None,
    **more: object,
) -> str:
    """Put ids into a row's URL: the ids of `things` inside the address of `case`."""
    case = case or cast.case
    things = things or case
    seat = things.seats["cleo"] if "cleo" in things.seats else next(iter(things.seats.values()))
    given: dict[str, object] = {
        "case": case.id,
        "note": things.note,
        "evidence": things.evidence,
        "seat": seat,
        "person": cast.cleo.id,
        "session": NOWHERE,
        "factor": NOWHERE,
        "notice": NOWHERE,
        "award": NOWHERE,
        "milestone": NOWHERE,
        "payment": NOWHERE,
        "submission": NOWHERE,
        "invitation": NOWHERE,
        "token": "none",
        "renewal": "none",
        "nowhere": NOWHERE,
    }
    return url.format(**{**given, **more})


def invite(resources: Resources, cast: Cast) -> tuple[UUID, str]:
    """Let Ada invite somebody; returns the invitation's id and the token of its link."""
    with UnitOfWork(resources, cast.ada.id, cast.ada.bundle) as uow:
        invitation, token = invitations.create(uow, name="Fay", roles=[Role.REPORTER])
        return invitation.id, token


def add_factor(resources: Resources, cast: Cast) -> UUID:
    """Give Ann an app as a second factor; returns its id."""
    secrets = {"secret": keys.app_secret().hex()}
    with UnitOfWork(resources, cast.ann.id, cast.ann.bundle) as uow:
        visit = visit_of(cast.ann)
        return service.add(uow, visit, kind=opening.APP, name="Telephone", secrets=secrets)


def renew(resources: Resources, cast: Cast) -> str:
    """Let Ada make a link for Cleo to begin anew; returns its token."""
    with UnitOfWork(resources, cast.ada.id, cast.ada.bundle) as uow:
        return renewing.create(uow, cast.cleo.id)[1]
