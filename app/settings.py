"""Every setting of Aegis, from `AEGIS_*` variables and `.env`; docs/settings.md says the same, held to it by a test."""

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from domain.errors import AegisError

ROOT = Path(__file__).resolve().parents[1]
PREFIX = "AEGIS_"
SECRET_LENGTH = 32
_WELL_KNOWN = ("changeme", "change-me", "secret", "password", "default", "example", "aegis", "test", "insecure", "dev")


class BadSettings(AegisError):
    """Settings that cannot be used; `errors` has one sentence for each, by its variable."""

    code = "bad_settings"
    status = 500


class Environment(StrEnum):
    DEVELOPMENT = "development"
    PRODUCTION = "production"


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    AUTO = "auto"
    JSON = "json"
    TEXT = "text"


class Settings(BaseSettings):
    """The settings of one process; variables win over `.env` in the working directory, that over the checkout's."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=(ROOT / ".env", ".env"),
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        populate_by_name=True,
    )

    env: Environment = Field(
        Environment.DEVELOPMENT,
        description="`production` refuses to start with missing secrets or unsafe settings.",
        examples=["production"],
    )
    data_dir: Path | None = Field(
        None,
        description="Folder for everything Aegis keeps itself: the embedded services, secrets, uploaded files, logs. "
        "Default: `.aegis` in the checkout, or `~/.local/share/aegis` when the checkout cannot be written.",
        examples=["/srv/aegis"],
    )
    database_url: str | None = Field(
        None,
        validation_alias=AliasChoices("AEGIS_DATABASE_URL", "DATABASE_URL"),
        repr=False,
        description="PostgreSQL 18 or newer; also read from `DATABASE_URL`. Without it an embedded one is started.",
        examples=["postgresql://aegis:…@db.example.org/aegis"],
    )
    redis_url: str | None = Field(
        None,
        validation_alias=AliasChoices("AEGIS_REDIS_URL", "REDIS_URL"),
        repr=False,
        description="Redis 6.2 or newer, or Valkey; also read from `REDIS_URL`. Without it an embedded one is started.",
        examples=["redis://:…@cache.example.org:6379/0"],
    )
    secret_key: SecretStr = Field(
        SecretStr(""),
        description="Signs sessions and links; at least 32 characters, the same on every host. "
        "Outside production one is made and kept in the data directory.",
        examples=["the output of: openssl rand -hex 32"],
    )
    host: str = Field("127.0.0.1", description="Address the web server listens on.", examples=["0.0.0.0"])  # noqa: S104
    port: int = Field(8050, ge=1, le=65535, description="Port the web server listens on.", examples=[8080])
    public_url: str | None = Field(
        None,
        description="The address people type, without a path; links in messages use it. Must be https in production.",
        examples=["https://aegis.example.org"],
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Other origins whose pages may call the HTTP API, separated by commas; no `*` in production.",
        examples=["https://portal.example.org"],
    )
    session_cookie_secure: bool = Field(
        False,
        description="Send the session cookie over https only. Must be true in production.",
        examples=["true"],
    )
    session_hours: float = Field(
        12, gt=0, le=720, description="Hours after which everybody logs in again.", examples=[8]
    )
    session_idle_minutes: float = Field(
        60, gt=0, le=10080, description="Minutes without a request after which a session ends.", examples=[30]
    )
    trusted_proxies: int = Field(
        0,
        ge=0,
        le=10,
        description="Reverse proxies in front of Aegis whose `X-Forwarded-*` headers are believed. "
        "Too many lets callers choose the address that limits and the audit log see.",
        examples=[1],
    )
    object_store_url: str | None = Field(
        None,
        description="Where uploaded files are kept: a folder (`file:///…`) or an S3 bucket. "
        "Default: `objects` in the data directory.",
        examples=["s3://aegis-evidence"],
    )
    object_store_public_url: str | None = Field(
        None,
        description="Where browsers reach the S3 server, when that is not where Aegis does; links to evidence use it.",
        examples=["https://files.example.org"],
    )
    max_upload_mb: int = Field(100, ge=1, le=4096, description="Largest upload in megabytes.", examples=[250])
    web_workers: int = Field(1, ge=1, le=64, description="Web server processes.", examples=[4])
    web_threads: int = Field(4, ge=1, le=64, description="Threads that answer requests, in each of them.", examples=[8])
    workers: int = Field(
        2,
        ge=1,
        le=64,
        description="Job worker processes, forks of one. With two or more, the first serves only the queue people wait "
        "for.",
        examples=[3],
    )
    worker_queues: Annotated[tuple[str, ...], NoDecode] = Field(
        ("workflow", "sync", "reports", "default"),
        description="Queues that job workers serve, in this order, separated by commas.",
        examples=["workflow"],
    )
    notify_private_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Names, addresses and networks of your own that notifications may be sent to, separated by commas. "
        "Without it no message goes to a private address.",
        examples=["mail.corp.example,10.20.0.0/16"],
    )
    log_level: LogLevel = Field(
        LogLevel.INFO, description="`debug`, `info`, `warning` or `error`.", examples=["warning"]
    )
    log_format: LogFormat = Field(
        LogFormat.AUTO,
        description="`json` (one object a line), `text`, or `auto`: text on a terminal, JSON elsewhere.",
        examples=["json"],
    )

    @field_validator("*", mode="before")
    @classmethod
    def _empty_is_unset(cls, value: Any, info: Any) -> Any:
        """`AEGIS_PUBLIC_URL=` in a compose file means: not set."""
        if isinstance(value, str) and not value.strip():
            return cls.model_fields[info.field_name].default
        return value.strip() if isinstance(value, str) else value

    @field_validator("cors_origins", "worker_queues", "notify_private_hosts", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str | None) -> str | None:
        if value is None:
            return None
        scheme, found, rest = value.partition("://")
        if not found or scheme not in {"postgres", "postgresql", "postgresql+psycopg"}:
            raise ValueError("It must begin with postgresql://; Aegis keeps its data in PostgreSQL only.")
        return f"postgresql://{rest}"

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: str | None) -> str | None:
        if value is not None and urlsplit(value).scheme not in {"redis", "rediss", "unix"}:
            raise ValueError("It must begin with redis://, rediss:// or unix://.")
        return value

    @field_validator("object_store_url")
    @classmethod
    def _store(cls, value: str | None) -> str | None:
        if value is not None and urlsplit(value).scheme not in {"file", "s3"}:
            raise ValueError("It must begin with file:// or s3://.")
        return value

    @field_validator("public_url", "object_store_public_url")
    @classmethod
    def _public(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            raise ValueError("It must be an address such as https://aegis.example.org.")
        return value.rstrip("/")

    @field_validator("secret_key")
    @classmethod
    def _secret(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and len(value.get_secret_value()) < SECRET_LENGTH:
            raise ValueError(f"It is shorter than {SECRET_LENGTH} characters; make one with: openssl rand -hex 32")
        return value

    @property
    def production(self) -> bool:
        return self.env is Environment.PRODUCTION

    @property
    def base_url(self) -> str:
        """The address people use, without a closing slash."""
        if self.public_url:
            return self.public_url
        host = self.local_host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def local_host(self) -> str:
        """Where this machine reaches the web server when `host` means all addresses."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 # compared, not bound

    def problems(self) -> dict[str, str]:
        """What production mode refuses: a sentence by the variable it is about. Empty in development."""
        if not self.production:
            return {}
        found: dict[str, str] = {}
        secret = self.secret_key.get_secret_value()
        if not secret:
            found |= {"secret_key": "is not set; make one with: openssl rand -hex 32"}
        elif len(set(secret)) < 8 or any(secret.lower().startswith(word) for word in _WELL_KNOWN):
            found |= {"secret_key": "looks like a default or made-up value; make one with: openssl rand -hex 32"}
        if not self.database_url:
            found["database_url"] = "is not set; production needs a PostgreSQL of its own."
        if not self.redis_url:
            found["redis_url"] = "is not set; production needs a Redis of its own."
        if any("*" in origin for origin in self.cors_origins):
            found["cors_origins"] = "contains *; name each origin."
        if not self.session_cookie_secure:
            found["session_cookie_secure"] = "is false; the session cookie would travel over plain http."
        if not self.public_url:
            found["public_url"] = "is not set; links in messages would point nowhere."
        elif not self.public_url.startswith("https://"):
            found["public_url"] = "is plain http; use https."
        return {variable(name): words for name, words in found.items()}

    def require_safe(self) -> Self:
        """Raises BadSettings with all problems at once."""
        if problems := self.problems():
            raise _bad(problems)
        return self


@dataclass(slots=True)
class _State:
    settings: Settings | None = None


_state = _State()


def get_settings() -> Settings:
    """The process's settings: those an instance has resolved, else read from the environment once."""
    if _state.settings is None:
        _state.settings = load()
    return _state.settings


def use(settings: Settings | None) -> None:
    """Make these the process's settings; None reads them again at the next `get_settings`."""
    _state.settings = settings


def load(**values: Any) -> Settings:
    """Settings from the environment, `values` on top. Raises BadSettings naming each wrong variable in a sentence."""
    try:
        settings = Settings(**values)
    except ValidationError as error:
        raise _bad({variable(str(e["loc"][0])): _sentence(e["msg"]) for e in error.errors()}) from None
    return settings.require_safe()


def variable(field: str) -> str:
    """The environment variable of a field."""
    return field if field.isupper() else f"{PREFIX}{field.upper()}"


def unknown_variables() -> list[str]:
    """`AEGIS_*` variables that mean nothing, most likely misspelt."""
    known = {variable(name) for name in Settings.model_fields} | INTERNAL
    return sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)


# Set by Aegis for its own children, or read by the launcher and the tests; no settings.
INTERNAL = {"AEGIS_SUPERVISOR", "AEGIS_VENV", "AEGIS_REALDATA_DIR", "AEGIS_REQUIRE_BROWSER"}


def _bad(problems: dict[str, str]) -> BadSettings:
    lines = "\n".join(f"  {name} {words}" for name, words in problems.items())
    count = "A setting is" if len(problems) == 1 else f"{len(problems)} settings are"
    return BadSettings(f"{count} wrong:\n{lines}", errors=problems)


def _sentence(message: str) -> str:
    words = message.removeprefix("Value error, ")
    words = words[0].lower() + words[1:]
    if words.startswith("it "):
        words = words.removeprefix("it ")
    elif words.startswith("input "):
        words = words.removeprefix("input ")
    return words if words.endswith(".") or "://" in words or ":" in words else f"{words}."
