from __future__ import annotations

import re
from typing import TYPE_CHECKING

from casefile.grants.application_models import Application
from casefile.grants.call_models import Call
from tests import grants_scene as scene

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Clock
    from tests.strict_browser import Browse


def test_a_call_goes_from_draft_to_decision_over_the_pages(  # noqa: PLR0915 - the whole way is the point
    app: Flask, browse: Browse, grants: scene.Grants, clock: Clock
) -> None:
    gina, dora = browse(grants.gina), browse(grants.dora)
    made = gina.post(
        f"/grants/programmes/{grants.programme}/calls",
        fields={
            "code": "VILLAGES-1",
            "title_en": "Villages",
            "opens": "2030-01-01T09:00",
            "closes": "2030-02-01T18:00",
            "zone": "Asia/Bishkek",
            "currency": "usd",
            "envelope": "20 000",
            "minimum": "1000",
            "maximum": "10,000.00",
            "partners_required": "0",
            "entry": "public",
            "blind": "single",
            "reviews_wanted": "1",
            "quorum": "2",
            "sealed_until_close": "y",
        },
    )
    url = made.location
    call_id = url.rpartition("/")[2]
    gina.post(
        f"{url}/questions", fields={"version": "1", "lines": "yes_no=yes | Are you registered?"}
    )
    gina.post(
        f"{url}/criteria",
        422,
        fields={"version": "2", "lines": "60 | Public interest\n30 | Method"},
    )
    gina.post(
        f"{url}/criteria",
        fields={"version": "2", "lines": "60 | Public interest\n40 | Method | How?"},
    )
    gina.post(f"{url}/move", fields={"version": "3", "to": "published"})
    gina.post(f"{url}/reviewers", fields={"person": str(grants.jo.id)})
    assert "Published" in gina.get(url).main

    outside = browse()
    outside.post("/apply/calls/VILLAGES-1", 409)
    clock.forward(days=(2030 - 2026) * 365 - 300)
    with scene.acting(app, None) as uow:
        from casefile.grants import calls, keeping

        row = keeping.held(uow, Call, scene.UUID(call_id))
        row.opens_at = uow.now
        row.closes_at = uow.now + scene.timedelta(days=3)
        calls.settle(uow, row)
    begun = outside.post("/apply/calls/VILLAGES-1")
    mine = begun.location
    fields = {
        "version": "1",
        "applicant": "Village Voices",
        "title": "Listening",
        "summary": "We listen.",
        "requested": "5000",
        "email": "voices@village.example",
        "answer-q1": "yes",
    }
    outside.post(mine, fields=fields)
    assert "not submitted" in outside.get(mine).text.casefold() or "Draft" in outside.get(mine).main
    outside.post(mine, 409, fields=fields)
    outside.post(
        mine, fields={**fields, "version": outside.get(mine).value("version"), "submit": "1"}
    )
    page = outside.get(mine)
    assert re.search(r"R-[0-9A-Z]{10}", page.text)

    clock.forward(days=4)
    gina, dora, jo = (browse(one, fresh=True) for one in (grants.gina, grants.dora, grants.jo))
    with scene.acting(app, None) as uow:
        from casefile.grants import calls

        calls.settle_due(uow)
    listed = gina.get(f"/grants/calls/{call_id}/applications")
    application = listed.find("//tbody//a/@href")[0]
    row_id = scene.UUID(application.rpartition("/")[2])

    def version(model: type, one: scene.UUID) -> str:
        return str(scene.version_of(app, model, one))

    gina.post(
        f"{application}/move", fields={"version": version(Application, row_id), "to": "eligible"}
    )
    call_version = version(Call, scene.UUID(call_id))
    gina.post(f"{url}/move", fields={"version": call_version, "to": "under_review"})
    gina.post(
        f"{application}/move", fields={"version": version(Application, row_id), "to": "in_review"}
    )

    assert "Review" in jo.get("/grants/").main
    assert jo.get(f"{application}/review", 303).location.endswith("/interests")
    jo.post(f"{application}/interests", fields={"conflict": "no"})
    form = jo.get(f"{application}/review")
    scores = dict.fromkeys(form.find("//select[starts-with(@name, 'score-')]/@name"), "4")
    jo.post(f"{application}/review", 422, fields={"version": "0", "send": "1", **scores})
    jo.post(
        f"{application}/review",
        fields={
            "version": "0",
            "send": "1",
            "recommendation": "fund",
            "feedback": "Good.",
            **scores,
        },
    )
    gina.post(
        f"{application}/move", fields={"version": version(Application, row_id), "to": "recommended"}
    )

    decision = f"{url}/decision"
    given = {
        "version": version(Call, scene.UUID(call_id)),
        f"outcome-{row_id}": "awarded",
        f"amount-{row_id}": "5000",
        f"reason-{row_id}": "The best one.",
    }
    assert "1 of 2 members" in dora.post(decision, 422, fields=given).problems()
    dora.post(decision, fields={**given, "present": str(grants.gina.id)})
    assert "Decided" in gina.get(url).main
    assert "Awarded" in outside.get(mine).main
    assert "Jo Juror" not in outside.get(mine).text
    assert "Good." in outside.get(mine).text
