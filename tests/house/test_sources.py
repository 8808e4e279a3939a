"""Rules of the house that a reading of the sources can check."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

# One process reads the sources and makes a newsroom for all of these.
pytestmark = pytest.mark.xdist_group("house")

ROOT = Path(__file__).parent.parent.parent
PACKAGE = ROOT / "casefile"
MODULES = sorted(PACKAGE.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))
LONGEST = 400
# Who may import what; everybody else may not. A folder stands for all in it.
ONLY_IMPORTERS = {
    "cryptography": ("keys/",),
    "rfc3161_client": ("keys/timestamps.py",),
    "webauthn": ("keys/",),
    "segno": ("accounts/factors/routes.py",),
    "whoosh": ("index/",),
    "Stemmer": ("index/",),
    "sqlcipher3": ("db.py", "index/"),
    "obstore": ("vault/bucket.py",),
    "huey": ("jobs.py",),
    "alembic": ("db.py", "migrations/"),
    "gunicorn": ("serving.py",),
    "click": (
        "audit_commands.py",
        "ceremony.py",
        "cli.py",
        "grants_commands.py",
        "inspection.py",
        "safeguards.py",
    ),
    "shamir_mnemonic": ("keys/",),
    "docx": ("sandbox/",),
    "pypdfium2": ("sandbox/",),
    "weasyprint": ("sandbox/",),
    "pickle": (),
    "random": (),
    "requests": (),
    "urllib.request": (),
}
FLASK = ("flask", "flask_wtf", "flask_login", "flask_bootstrap")
KNOW_FLASK = re.compile(
    r"(.*/)?(\w+_)?routes\.py|(.*/)?(\w+_)?forms\.py|web/.*|app\.py|cli\.py|(cases|grants)/access\.py"
)
# Where a change is closed: the unit of work, and bookkeeping that is no change of anybody's.
MAY_COMMIT = {
    "uow.py",
    "db.py",
    "jobs.py",
    "accounts/sessions.py",
    "evidence/extraction.py",
}
VAGUE = re.compile(r"(utils?|helpers?|common|manager|base|data|info|misc)(\.py)?")
ACTION = re.compile(r"[a-z]+\.[a-z]+(_[a-z]+)*")
PAST = re.compile(r"(\w+_)?(\w+ed|written|begun|made|sent|given|taken|read|unreadable|withdrawn)")


def _name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=str(path))


@cache
def _nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(_tree(path)))


@cache
def _imports(path: Path) -> frozenset[str]:
    found: set[str] = set()
    for node in _nodes(path):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(found)


def _inside(name: str, places: tuple[str, ...]) -> bool:
    return any(name.startswith(place) if place[-1] == "/" else name == place for place in places)


def _is_of(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def test_imports_go_down_the_house_and_never_up() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("package", ONLY_IMPORTERS)
def test_a_package_with_sharp_edges_has_one_importer(package: str) -> None:
    importers = {
        _name(path) for path in MODULES if any(_is_of(module, package) for module in _imports(path))
    }
    strangers = {name for name in importers if not _inside(name, ONLY_IMPORTERS[package])}

    assert not strangers, f"{strangers} import {package}"


def test_the_rule_about_importers_names_packages_that_are_used() -> None:
    used = set().union(*(_imports(path) for path in MODULES))
    for package, places in ONLY_IMPORTERS.items():
        if places:
            assert any(_is_of(module, package) for module in used), f"nobody imports {package}"


def test_flask_stops_at_routes_and_forms() -> None:
    for path in MODULES:
        known = {m for m in _imports(path) if any(_is_of(m, package) for package in FLASK)}
        assert not known or KNOW_FLASK.fullmatch(_name(path)), f"{_name(path)} knows {known}"


def test_a_module_holds_one_idea_in_at_most_400_lines() -> None:
    lines = {path: len(path.read_text().splitlines()) for path in [*MODULES, *TESTS]}

    assert not {str(path.relative_to(ROOT)): n for path, n in lines.items() if n > LONGEST}


def test_modules_have_names_that_say_something() -> None:
    for path in [*PACKAGE.rglob("*.py"), *(ROOT / "tests").rglob("*.py")]:
        parts = path.relative_to(ROOT).parts
        vague = [part for part in parts if VAGUE.fullmatch(part)]
        assert not vague, path


def _calls(path: Path, method: str) -> list[ast.Call]:
    return [
        node
        for node in _nodes(path)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == method
    ]


def test_only_the_unit_of_work_and_bookkeeping_commit() -> None:
    committing = {
        _name(path)
        for path in MODULES
        if _calls(path, "commit")
        and not _name(path).startswith(("vault/", "index/", "migrations/"))
    }

    assert committing <= MAY_COMMIT
    assert "uow.py" in committing


def _actions() -> dict[str, str]:
    found = {}
    for path in MODULES:
        for name in ("record", "record_look"):
            for call in _calls(path, name):
                for node in ast.walk(call):
                    if (
                        isinstance(node, ast.Constant)
                        and isinstance(node.value, str)
                        and ACTION.fullmatch(node.value)
                    ):
                        found[node.value] = _name(path)
    return found


def test_audit_actions_are_named_thing_and_past_participle() -> None:
    actions = _actions()

    assert len(actions) > 25
    for action, place in actions.items():
        assert PAST.fullmatch(action.partition(".")[2]), f"{action} in {place}"


def test_every_writer_of_a_service_leaves_an_entry() -> None:
    for path in MODULES:
        if path.name not in {"service.py", "seats.py", "invitations.py", "sessions.py"}:
            continue
        functions = [node for node in _tree(path).body if isinstance(node, ast.FunctionDef)]
        recording = _those_that_record(functions)
        for function in functions:
            writes = [arg.arg for arg in function.args.args][:1] == ["uow"]
            if writes and not function.name.startswith("_") and function.name not in PARTS:
                assert function.name in recording, f"{_name(path)}: {function.name}"


# Parts of a change whose whole leaves the entry.
PARTS = {
    "new_user",
    "grant",
    "hold",
    "count_change",
    "certify_invited",
    "get",
    "members_of",
    "write_manifest",
    "tell",
    "remind",
    "forget_reminders",
    "forget_case",
    "check_attester",
    "tell_newsroom",
}


def _those_that_record(functions: list[ast.FunctionDef]) -> set[str]:
    found: set[str] = set()
    grew = True
    while grew:
        before = len(found)
        for function in functions:
            for node in ast.walk(function):
                if not isinstance(node, ast.Call):
                    continue
                direct = isinstance(node.func, ast.Attribute) and node.func.attr == "record"
                through = isinstance(node.func, ast.Name) and node.func.id in found
                if direct or through:
                    found.add(function.name)
        grew = len(found) > before
    return found


def test_time_comes_from_the_clock_that_was_handed_in() -> None:
    allowed = {
        "app.py",
        "uow.py",
        "doorway.py",
        "safeguards.py",
        "demo/content.py",
        "demo/loader.py",
        "vault/folder.py",
    }
    for path in MODULES:
        asks = [call for call in [*_calls(path, "now"), *_calls(path, "utcnow")] if call.func]
        named = [
            c for c in asks if isinstance(c.func.value, ast.Name) and c.func.value.id == "datetime"
        ]  # type: ignore[attr-defined]
        assert not named or _name(path) in allowed, f"{_name(path)} looks at its own watch"


def test_nothing_is_left_for_later() -> None:
    word = re.compile(r"\b(TODO|FIXME|XXX|HACK|raise NotImplementedError)\b")
    for path in MODULES:
        assert not word.search(path.read_text()), path


def test_every_noqa_and_type_ignore_names_its_code() -> None:
    bare = re.compile(r"#\s*noqa(?!:\s*[A-Z])|#\s*type:\s*ignore(?!\[)")
    for path in MODULES:
        assert not bare.search(path.read_text()), path


def test_no_secret_stands_in_the_sources() -> None:
    secret = re.compile(r"""(secret|password|pepper)\w*\s*=\s*["'][^"']{6,}["']""", re.IGNORECASE)
    for path in MODULES:
        found = [m[0] for m in secret.finditer(path.read_text()) if "Error" not in m[0]]
        assert not found, f"{_name(path)}: {found}"


def test_no_two_test_files_have_one_name() -> None:
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]

    assert sorted(names) == sorted(set(names))
