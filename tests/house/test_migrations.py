from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from casefile import db

if TYPE_CHECKING:
    from casefile.uow import Resources

pytestmark = pytest.mark.xdist_group("house")

VERSIONS = sorted((Path(db.__file__).parent / "migrations" / "versions").glob("*.py"))


def test_the_migrations_make_exactly_the_tables_of_the_models(resources: Resources) -> None:
    with resources.database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, db.Base.metadata)

    assert differences == []
    assert db.is_current(resources.database)


def test_a_migration_imports_nothing_of_ours_and_says_when_and_what() -> None:
    assert VERSIONS
    for path in VERSIONS:
        date, time, what = path.stem.split("_", 2)
        assert (len(date), len(time)) == (8, 4)
        assert what
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                assert not (node.module or "").startswith("casefile"), path.name
            elif isinstance(node, ast.Import):
                assert not [a for a in node.names if a.name.startswith("casefile")], path.name


def test_migrations_form_one_line(resources: Resources) -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    configuration = Config()
    configuration.set_main_option("script_location", str(VERSIONS[0].parent.parent))

    assert len(ScriptDirectory.from_config(configuration).get_heads()) == 1
    assert "audit_entry" in sa.inspect(resources.database.engine).get_table_names()


def test_running_the_migrations_again_changes_nothing(resources: Resources) -> None:
    before = sa.inspect(resources.database.engine).get_table_names()

    db.migrate(resources.database)

    assert sa.inspect(resources.database.engine).get_table_names() == before
