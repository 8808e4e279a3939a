from __future__ import annotations

from typing import TYPE_CHECKING

from tests.cast import close
from tests.intruder import actions
from tests.second_factors import factors_of, give_app, give_password
from tests.strict_browser import StrictBrowser

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from flask import Flask

    from tests.cast import Cast, Clock


def test_whoever_has_lost_them_removes_them_with_the_password_on_the_server(
    app: Flask,
    casefile: Callable[..., subprocess.CompletedProcess[str]],
    cast: Cast,
    clock: Clock,
) -> None:
    give_app(app, cast.ada, clock)
    give_password(StrictBrowser(app), cast.ada)
    asked = ("remove-factors", "--username", "ADA", "--password-stdin")

    wrong = casefile(*asked, given="not the password\n")
    unknown = casefile("remove-factors", "--username", "nobody", "--password-stdin", given="x\n")
    assert wrong.returncode == unknown.returncode == 1
    assert wrong.stderr == unknown.stderr
    assert factors_of(app, cast.ada).mine
    done = casefile(*asked, given=f"{cast.ada.password}\n")

    assert done.returncode == 0, done.stderr
    assert factors_of(app, cast.ada).mine == ()
    assert factors_of(app, cast.ada).sound
    assert "factors.ended" in actions(app)
    browser = StrictBrowser(app)
    page = browser.post("/sign-in", username="ada", password=cast.ada.password)
    assert page.location == "/"
    close(app)
