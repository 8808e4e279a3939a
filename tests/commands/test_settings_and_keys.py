from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from casefile import config
from casefile.errors import ConfigError
from tests.real_server import free_port

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

WRONG = [
    ("CASEFILE_COLOUR", "blue", "colour"),
    ("CASEFILE_", "x", "Unknown setting"),
    ("CASEFILE_PORT", "eighty", "port"),
    ("CASEFILE_PORT", "0", "port"),
    ("CASEFILE_PORT", "65536", "port"),
    ("CASEFILE_PORT", "-1", "port"),
    ("CASEFILE_PORT", "80.5", "port"),
    ("CASEFILE_PORT", "", "port"),
    ("CASEFILE_PORT", "9" * 5000, "port"),
    ("CASEFILE_INDEX_MEMORY_MB", "1", "index_memory_mb"),
    ("CASEFILE_PASSWORD_MEMORY_MB", "63", "password_memory_mb"),
    ("CASEFILE_UPLOAD_LIMIT_MB", "0", "upload_limit_mb"),
    ("CASEFILE_TRUSTED_PROXIES", "many", "trusted_proxies"),
    ("CASEFILE_TIMEZONE", "Asia/Nowhere", "timezone"),
    ("CASEFILE_TIMEZONE", "../../etc/passwd", "timezone"),
    ("CASEFILE_TIMEZONE", "", "timezone"),
    ("CASEFILE_TIMEZONE", "Asia", "timezone"),
    ("CASEFILE_DATABASE_URL", "mysql://root@localhost/x", "database_url"),
    ("CASEFILE_DATABASE_URL", "postgresql:", "database_url"),
    ("CASEFILE_DATABASE_URL", "postgresql://user@host:port/name", "database_url"),
    ("CASEFILE_OBJECTS_URL", "ftp://files.example/", "bucket"),
    ("CASEFILE_HOST", "0.0.0.0", "0.0.0.0"),  # noqa: S104 - refused is what it must be
    ("CASEFILE_HOST", "192.0.2.7", "TRUSTED_PROXIES"),
    ("CASEFILE_HOST", "news.example", "TRUSTED_PROXIES"),
    ("CASEFILE_HOST", "", "host"),
    ("CASEFILE_PUBLIC_URL", "casefile.example", "public_url"),
    ("CASEFILE_PUBLIC_URL", "https://casefile.example/under", "public_url"),
    ("CASEFILE_SMTP_URL", "mail.example", "smtp_url"),
    ("CASEFILE_SMTP_URL", "http://mail.example", "smtp_url"),
    ("CASEFILE_SMTP_URL", "smtp://mail.example:99999", "smtp_url"),
    ("CASEFILE_SMTP_URL", "smtps://me:word@mail.example", "smtp_password_file"),
    ("CASEFILE_SMTP_URL", "smtps://me@mail.example", "smtp_password_file"),
    ("CASEFILE_SMTP_URL", "smtp+plain://mail.example", "without TLS"),
    ("CASEFILE_SMTP_URL", "smtps://mail.example", "mail_from"),
    ("CASEFILE_SECOND_FACTOR", "sometimes", "editors, everyone, nobody"),
    ("CASEFILE_SECOND_FACTOR", "x" * 5000, "second_factor"),
]


@pytest.mark.parametrize(("name", "value", "says"), WRONG)
def test_a_wrong_setting_is_refused_and_named(
    name: str, value: str, says: str, instance: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from casefile.app import open_resources

    monkeypatch.chdir(instance.parent)
    given = {"CASEFILE_INSTANCE": str(instance), name: value}
    with pytest.raises(ConfigError) as refusal:
        open_resources(config.load(given))
    assert says in refusal.value.message
    assert len(refusal.value.message) < 500, "a message is to be read"


def test_editors_must_have_a_second_factor_unless_it_is_a_sample_or_said_otherwise(
    instance: Path,
) -> None:
    given = {"CASEFILE_INSTANCE": str(instance)}
    assert config.load(given).second_factor == "editors"
    assert config.load({**given, "CASEFILE_SECOND_FACTOR": ""}).second_factor == "editors"
    (instance / "sample").touch()
    assert config.load(given).second_factor == "nobody"
    assert config.load({**given, "CASEFILE_SECOND_FACTOR": "everyone"}).second_factor == "everyone"


WRONG_FILES = [
    ("port = ", "casefile.toml"),
    ("port = 80\nport = 81", "casefile.toml"),
    ("port == 8000", "casefile.toml"),
    ("\xff\xfe", "casefile.toml"),
    ("colour = 'blue'", "colour"),
    ("port = 'eighty'", "port"),
    ("port = true", "port"),
    ("port = 80.0", "port"),
    ("timezone = 6", "timezone"),
    ("host = ['127.0.0.1']", "host"),
    ("[port]\nport = 8000", "port"),
    ("instance = '/elsewhere'", "instance"),
]


@pytest.mark.parametrize(("text", "says"), WRONG_FILES)
def test_a_wrong_line_in_the_file_of_settings_is_refused_and_named(
    text: str, says: str, instance: Path
) -> None:
    (instance / "casefile.toml").write_bytes(text.encode("latin-1"))

    with pytest.raises(ConfigError) as refusal:
        config.load({"CASEFILE_INSTANCE": str(instance)})
    assert says in refusal.value.message


def test_the_environment_goes_before_the_file(instance: Path) -> None:
    (instance / "casefile.toml").write_text("port = 8123\ntimezone = 'Europe/Berlin'\n")

    settings = config.load({"CASEFILE_INSTANCE": str(instance), "CASEFILE_PORT": "8124"})

    assert (settings.port, settings.timezone) == (8124, "Europe/Berlin")


@pytest.mark.parametrize("command", [("serve",), ("audit", "verify"), ("init",), ("demo",)])
def test_every_command_stops_at_a_wrong_setting_with_exit_code_2(
    command: tuple[str, ...], casefile: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    more = ("--username", "x", "--name", "X", "--password-stdin") if command == ("init",) else ()

    done = casefile(*command, *more, port="eighty")

    assert done.returncode == 2
    assert done.stderr == "casefile: port must be a whole number from 1 to 65535, not 'eighty'.\n"
    assert done.stdout == ""


def test_a_syntax_error_in_the_file_is_one_line_and_exit_code_2(
    instance: Path, casefile: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    (instance / "casefile.toml").write_text("port == 8000\n")

    done = casefile("doctor")

    assert done.returncode == 2
    assert done.stderr.startswith("casefile: casefile.toml cannot be read")
    assert "line 1" in done.stderr


def lose(path: Path) -> None:
    path.unlink()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:31])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def add_a_line_feed(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\n")


def make_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def take_another_newsrooms(path: Path) -> None:
    path.write_bytes(bytes(range(64, 96)))


@pytest.mark.parametrize(
    "harm",
    [lose, cut, empty, add_a_line_feed, make_a_folder, take_another_newsrooms],
    ids=lambda harm: harm.__name__,
)
def test_a_key_file_that_is_not_this_newsrooms_stops_the_start_and_changes_nothing(
    harm: Callable[[Path], None],
    instance: Path,
    casefile: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    harm(instance / "pepper")
    before = (instance / "casefile.db").read_bytes()

    served = casefile("serve", port=free_port())
    verified = casefile("audit", "verify")

    for done in (served, verified):
        assert done.returncode in {1, 2}
        assert done.stderr.startswith("casefile: ")
        assert "key" in done.stderr.splitlines()[0]
        assert "Traceback" not in done.stderr
    assert (instance / "casefile.db").read_bytes() == before
