"""Settings: from the environment, else from `instance/casefile.toml`; anything wrong stops the start."""

from __future__ import annotations

import ipaddress
import os
import tomllib
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from casefile.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "CASEFILE_"
FILE_NAME = "casefile.toml"
PEPPER_BYTES = 32
HIGHEST_PORT = 65_535
LONGEST_SHOWN = 80
FILE, CREDENTIAL, TYPED = "file", "credential", "typed"
SAMPLE_MARK = "sample"
SECOND_FACTOR_RULES = ("editors", "everyone", "nobody")


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting there is. The name in the environment is `CASEFILE_` + the upper-case name."""

    instance: Path
    host: str = "127.0.0.1"
    port: int = 8000
    database_url: str = ""
    objects_url: str = ""
    pepper_file: str = ""
    pepper_source: str = "file"
    index_memory_mb: int = 64
    trusted_proxies: int = 0
    upload_limit_mb: int = 2048
    password_memory_mb: int = 128
    session_idle_minutes: int = 30
    session_hours: int = 12
    timezone: str = "Asia/Bishkek"
    allowed_hosts: str = ""
    timestamp_url: str = ""
    timestamp_roots: str = ""
    second_factor: str = "editors"
    """Who must have one: `editors` (and administrators), `everyone`, or `nobody`."""

    @property
    def database_path(self) -> Path:
        return self.instance / "casefile.db"

    @property
    def pepper_path(self) -> Path:
        if self.pepper_source == CREDENTIAL:
            return Path(os.environ.get("CREDENTIALS_DIRECTORY", "/run/credentials")) / "pepper"
        return Path(self.pepper_file) if self.pepper_file else self.instance / "pepper"

    @property
    def sealed_path(self) -> Path:
        """The mark that stays until the newsroom is unsealed: a server finding it starts sealed."""
        return self.instance / "sealed"

    @property
    def control_folder(self) -> Path:
        return self.instance / "control"

    @property
    def index_folder(self) -> Path:
        return self.instance / "index"

    @property
    def queue_path(self) -> Path:
        return self.instance / "queue.db"

    @property
    def vault_url(self) -> str:
        return self.objects_url or str(self.instance / "vault")

    @property
    def on_loopback(self) -> bool:
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def plain_http(self) -> bool:
        """True when browsers talk to us directly, which is allowed on loopback only."""
        return self.on_loopback and not self.trusted_proxies


_BOUNDS: Mapping[str, tuple[int, int]] = {
    "port": (1, HIGHEST_PORT),
    "index_memory_mb": (8, 65_536),
    "trusted_proxies": (0, 8),
    "upload_limit_mb": (1, 1_048_576),
    "password_memory_mb": (64, 4096),
    "session_idle_minutes": (5, 480),
    "session_hours": (1, 72),
}
_NAMES = frozenset(field.name for field in fields(Settings))


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Read and check every setting.

    Raises ConfigError naming the setting, what it held and what it takes.
    """
    environment = os.environ if environment is None else environment
    given = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(PREFIX)
    }
    instance = Path(given.pop("instance", "") or "instance").absolute()
    values: dict[str, Any] = {**_read_file(instance / FILE_NAME), **given}
    if "instance" in values:
        msg = f"The instance folder is set by {PREFIX}INSTANCE only, not in {FILE_NAME}."
        raise ConfigError(msg)
    unknown = sorted(set(values) - _NAMES)
    if unknown:
        known = ", ".join(sorted(_NAMES))
        msg = f"Unknown setting: {', '.join(unknown)}. Casefile knows: {known}."
        raise ConfigError(msg)
    if not values.get("second_factor"):
        # The passwords of a sample are public: a second factor there would only be in the way.
        sample = (instance / SAMPLE_MARK).exists()
        values["second_factor"] = "nobody" if sample else "editors"
    settings = replace(Settings(instance), **_typed_all(values))
    _check(settings)
    return settings


def _read_file(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"{path.name} cannot be read: {error}. Mend that line or remove the file."
        raise ConfigError(msg) from error
    except OSError as error:
        msg = f"{path.name} cannot be opened: {error.strerror}."
        raise ConfigError(msg) from error


def _typed_all(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _typed(name, value) for name, value in values.items()}


def _typed(name: str, value: object) -> object:
    if name not in _BOUNDS:
        if not isinstance(value, str):
            msg = f"{name} must be text, not {value!r}."
            raise ConfigError(msg)
        return value.strip()
    least, most = _BOUNDS[name]
    try:
        number = int(str(value))
    except ValueError:
        number = least - 1
    if isinstance(value, bool) or not least <= number <= most:
        shown = repr(value)[:LONGEST_SHOWN]
        msg = f"{name} must be a whole number from {least} to {most}, not {shown}."
        raise ConfigError(msg)
    return number


def _check(settings: Settings) -> None:
    if not settings.host:
        msg = "host must be an address of this machine, like 127.0.0.1."
        raise ConfigError(msg)
    if not settings.on_loopback and not settings.trusted_proxies:
        msg = (
            f"{settings.host} can be reached from other machines, and without HTTPS passwords would "
            f"travel in clear. Put an HTTPS proxy in front and set {PREFIX}TRUSTED_PROXIES=1, "
            "or bind to 127.0.0.1."
        )
        raise ConfigError(msg)
    if settings.database_url and not settings.database_url.startswith(("postgresql:", "sqlite:")):
        msg = "database_url must begin with postgresql: or be left out for the built-in database."
        raise ConfigError(msg)
    _check_timestamps(settings)
    if settings.pepper_source not in {FILE, CREDENTIAL, TYPED}:
        msg = "pepper_source must be file, credential (of systemd) or typed."
        raise ConfigError(msg)
    if settings.session_idle_minutes > settings.session_hours * 60:
        msg = (
            f"session_idle_minutes ({settings.session_idle_minutes}) is longer than session_hours "
            f"({settings.session_hours}): a session would never end by being idle."
        )
        raise ConfigError(msg)
    if settings.second_factor not in SECOND_FACTOR_RULES:
        msg = (
            f"second_factor must be one of {', '.join(SECOND_FACTOR_RULES)}, "
            f"not {settings.second_factor[:LONGEST_SHOWN]!r}."
        )
        raise ConfigError(msg)
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415

    try:
        ZoneInfo(settings.timezone)
    # A folder of zones is no zone: which error says so depends on where the zones lie.
    except (ZoneInfoNotFoundError, OSError, ValueError) as error:
        msg = f"timezone must be a name like Asia/Bishkek, not {settings.timezone!r}."
        raise ConfigError(msg) from error


def _check_timestamps(settings: Settings) -> None:
    if not settings.timestamp_url:
        return
    try:
        url = urlsplit(settings.timestamp_url)
        known = url.scheme in {"http", "https"} and url.hostname and url.port != 0
    except ValueError:
        known = False
    if not known:
        msg = (
            "timestamp_url must be the address of an RFC 3161 authority, like https://tsa.example/."
        )
        raise ConfigError(msg)
    if not settings.timestamp_roots:
        msg = (
            "timestamp_roots must name a PEM file with the root certificate of the authority in "
            "timestamp_url: a time-stamp that nobody can check is worth nothing."
        )
        raise ConfigError(msg)


def read_pepper(settings: Settings) -> bytes:
    """Return the 32 bytes outside the database without which nothing opens.

    Raises ConfigError when the file is missing, unreadable or of the wrong length.
    """
    if settings.pepper_source == TYPED:
        msg = (
            "The key of this newsroom lies on no disk here and has to be typed. A server that waits for "
            "it takes it from `casefile unseal`."
        )
        raise ConfigError(msg)
    path = settings.pepper_path
    try:
        pepper = path.read_bytes()
    except FileNotFoundError as error:
        msg = (
            f"There is no key file at {path}. Run `casefile init` (or `casefile demo`) first, or point "
            f"{PREFIX}PEPPER_FILE at the key file of this newsroom."
        )
        raise ConfigError(msg) from error
    except OSError as error:
        msg = f"The key file {path} cannot be read: {error.strerror}."
        raise ConfigError(msg) from error
    if len(pepper) != PEPPER_BYTES:
        msg = (
            f"The key file {path} holds {len(pepper)} bytes instead of {PEPPER_BYTES}: it is not a "
            "key file or it was cut. Put the right one back; nothing was changed."
        )
        raise ConfigError(msg)
    return pepper


def create_pepper(settings: Settings, pepper: bytes) -> None:
    """Write the key file once, readable by its owner only. Never overwrites."""
    settings.instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(settings.pepper_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pepper)
        file.flush()
        os.fsync(file.fileno())
