"""Every setting, read and checked once from the environment and ``.env``."""

from __future__ import annotations

import difflib
import io
import ipaddress
import logging
import re
import stat
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dotenv.parser import parse_stream
from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from tzlocal import get_localzone_name

from core.money import MOST_DECIMALS

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parent.parent
ENCODING = "utf-8-sig"  # of .env: Windows' editors begin a file with a sign that would be part of the first name

# A description is the line people read when the value is none of that.
Channels = Annotated[tuple[str, ...], NoDecode]
Addresses = Annotated[tuple[str, ...], NoDecode]
Switch = Annotated[bool, Field(description="a switch is on or off")]
CoinsWorth = Annotated[
    Decimal,
    Field(
        ge=0,
        le=1000,
        decimal_places=MOST_DECIMALS,
        description="an amount is a number from 0 to 1000 with at most six decimals, such as 0.005",
    ),
]
WebAddress = Annotated[
    str, Field(pattern=r"^(https?://.*)?$", description="an address begins with http:// or https://")
]


_ORIGIN = r"\s*https?://[^\s,/?#]+/?"
_HOST_AND_PORT = r"([a-z0-9.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?"
_ICE_ADDRESS = rf"stuns?:{_HOST_AND_PORT}|turns?:{_HOST_AND_PORT}(\?transport=(udp|tcp))?"


class SettingsError(Exception):
    """A setting is missing or wrong; the message is one line that names the variable."""


def _split(value: object, sign: str) -> object:
    """``"#Lena, max"`` → ``("lena", "max")``, in the order given and each once."""
    if not isinstance(value, str):
        return value
    names = (part.strip().lstrip(sign).lower() for part in value.split(","))
    return tuple(dict.fromkeys(name for name in names if name))


def _system_zone() -> str:
    """The zone this machine is set to; UTC where it does not tell, as in a bare container."""
    try:
        return get_localzone_name() or "UTC"
    except ZoneInfoNotFoundError:
        return "UTC"


class Settings(BaseSettings):
    """Field names are the variables' names in lower case. An empty variable counts as not set."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True, env_file_encoding=ENCODING)

    channel: Channels = ()
    tmi_token: str = ""
    prefix: str = Field("!", pattern=r"^\S{1,5}$", description="a prefix is one to five characters without spaces")
    tiktok_channel: Channels = ()
    tiktok_sign_api_key: str = ""
    database_url: str = "sqlite:///streampulse.db"
    database_wait: int = Field(60, ge=0, le=3_600, description="a wait is a number of seconds from 0 to 3600")
    redis_url: str = Field(
        "", pattern=r"^((rediss?|unix)://.*)?$", description="an address begins with redis://, rediss:// or unix://"
    )
    host: str = "127.0.0.1"
    port: int = Field(5000, ge=0, le=65535, description="a port is a number from 0 to 65535")
    secret_key: str = ""
    dashboard_username: str = "admin"
    dashboard_password: str = ""
    api_token: str = ""
    overlay_token: str = ""
    track_key: str = ""
    track_origins: str = Field(
        "",
        pattern=rf"^({_ORIGIN}(\s*,\s*{_ORIGIN})*\s*,?)?\s*$",
        description="an origin is like https://shop.example, without a path; commas between several",
    )
    sales_secret: str = ""
    ice_servers: Addresses = ()
    turn_secret: str = ""
    turn_username: str = ""
    turn_credential: str = ""
    timezone: str = Field(default_factory=_system_zone)
    session_timeout: int = Field(
        300, ge=30, le=86_400, description="a time-out is a number of seconds from 30 to 86400"
    )
    auto_vip: Switch = True
    birthday_reminder: Switch = True
    heatmap_enabled: Switch = True
    retention_days: int = Field(0, ge=0, le=36_500, description="days are a number from 0 (keep) to 36500")
    currency: str = Field("USD", pattern=r"^[A-Z]{3}$", description="a currency is three capital letters such as USD")
    coin_value: CoinsWorth = Decimal("0.005")
    bit_value: CoinsWorth = Decimal("0.01")
    twitch_irc_url: str = Field(
        "wss://irc-ws.chat.twitch.tv:443", pattern=r"^wss?://", description="an address begins with ws:// or wss://"
    )
    twitch_validate_url: WebAddress = "https://id.twitch.tv/oauth2/validate"
    tiktok_app_url: WebAddress = ""
    tiktok_webcast_url: WebAddress = ""
    tiktok_sign_url: WebAddress = ""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="a level is DEBUG, INFO, WARNING or ERROR"
    )

    @field_validator("channel", mode="before")
    @classmethod
    def _twitch_names(cls, value: object) -> object:
        return _split(value, "#")

    @field_validator("tiktok_channel", mode="before")
    @classmethod
    def _tiktok_names(cls, value: object) -> object:
        return _split(value, "@")

    @field_validator("channel")
    @classmethod
    def _twitch_names_exist(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if not re.fullmatch(r"[a-z0-9_]{1,25}", name):
                raise ValueError("a Twitch channel is up to 25 letters, digits and underscores; commas between several")
        return names

    @field_validator("tiktok_channel")
    @classmethod
    def _tiktok_names_exist(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if not re.fullmatch(r"[a-z0-9_.]{1,30}", name):
                raise ValueError(
                    "a TikTok name is up to 30 letters, digits, dots and underscores; commas between several"
                )
        return names

    @field_validator("ice_servers", mode="before")
    @classmethod
    def _one_address_each(cls, value: object) -> object:
        return _split(value, "")

    @field_validator("ice_servers")
    @classmethod
    def _ice_servers_have_addresses(cls, addresses: tuple[str, ...]) -> tuple[str, ...]:
        for address in addresses:
            if not re.fullmatch(_ICE_ADDRESS, address):
                raise ValueError("an address is stun:host, turn:host:port or turns:host:port?transport=tcp")
        return addresses

    @field_validator("log_level", mode="before")
    @classmethod
    def _level_in_capitals(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("timezone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError("a time zone is an IANA name such as Europe/Berlin") from error
        return value

    @field_validator("database_url")
    @classmethod
    def _one_driver_per_database(cls, value: str) -> str:
        return database_address(value)

    @model_validator(mode="after")
    def _open_only_with_password(self) -> Settings:
        if not self.dashboard_password and not self.listens_on_this_machine_only:
            raise ValueError(f"HOST: {self.host} is reachable from outside; set DASHBOARD_PASSWORD first")
        return self

    @model_validator(mode="after")
    def _turn_has_a_login(self) -> Settings:
        login = bool(self.turn_username), bool(self.turn_credential)
        if self.turn_secret and any(login):
            raise ValueError(
                "TURN_SECRET: this makes names and passwords; leave TURN_USERNAME and TURN_CREDENTIAL empty"
            )
        if any(login) and not all(login):
            raise ValueError(
                f"TURN_{'CREDENTIAL' if login[0] else 'USERNAME'}: the two belong together, and one is empty"
            )
        needs_login = any(address.startswith("turn") for address in self.ice_servers)
        if needs_login and not (self.turn_secret or all(login)):
            raise ValueError("TURN_SECRET: a TURN server needs it, or else TURN_USERNAME and TURN_CREDENTIAL")
        return self

    @property
    def listens_on_this_machine_only(self) -> bool:
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


def database_address(value: str) -> str:
    """A database's address with its driver: the plain ``postgresql://`` means psycopg 3. Raises ValueError."""
    if not re.match(r"(sqlite|postgres(ql)?|cockroachdb)(\+\w+)?://", value):
        raise ValueError("an address begins with sqlite://, postgresql:// or cockroachdb://")
    value = re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", value)
    return re.sub(r"^cockroachdb://", "cockroachdb+psycopg://", value)


def _tell_misspelt(file_name: str, text: str) -> None:
    """Says which variables of a file are nearly one of ours; what else stands there may be for other programs."""
    names = [name.upper() for name in Settings.model_fields]
    for name in re.findall(r"(?m)^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=", text):
        near = difflib.get_close_matches(name.upper(), names, 1, 0.85)
        if near and name.upper() not in names:
            log.warning("%s: %s is no setting: is %s meant?", file_name, name, near[0])


def load_settings(env_file: Path | None = None) -> Settings:
    """The settings of this process. Raises SettingsError with one line that names the first wrong variable."""
    env_file = env_file or ROOT / ".env"
    try:
        text = _text_of(env_file)
        _refuse_what_is_no_line(env_file.name, text)
        settings = Settings(_env_file=env_file)  # type: ignore[call-arg]
    except ValidationError as error:
        raise SettingsError(_one_line(error)) from None
    except UnicodeDecodeError:
        raise SettingsError(f"{env_file.name}: this file is no UTF-8 text: save it as UTF-8") from None
    except OSError as error:
        raise SettingsError(f"{env_file.name}: this file cannot be read: {error.strerror}") from None
    _tell_misspelt(env_file.name, text)
    return settings


def _text_of(env_file: Path) -> str:
    """What stands in the file, "" where there is none. The library would pass over in silence what is no plain file."""
    if env_file.is_symlink() and not env_file.exists():
        raise SettingsError(f"{env_file.name}: this link leads to nothing that is there")
    if env_file.is_fifo():
        return ""  # the library reads it, and it can be read once
    try:
        return env_file.read_text(encoding=ENCODING)
    except IsADirectoryError:
        raise SettingsError(f"{env_file.name}: this is a folder, and has to be a file with settings") from None
    except (FileNotFoundError, NotADirectoryError):
        return ""


def _refuse_what_is_no_line(file_name: str, text: str) -> None:
    """The library would go on without it, and so perhaps without a password."""
    for binding in parse_stream(io.StringIO(text)):
        if binding.error:
            started = binding.original.string.lstrip()
            line = binding.original.line + binding.original.string[: -len(started)].count("\n")
            why = "its quotes do not match" if re.match(r"[^\n]*=\s*['\"]", started) else "it is not like NAME=value"
            raise SettingsError(f"{file_name}: line {line} cannot be read: {why}")


def is_read_by_others(env_file: Path | None = None) -> bool:
    """Whether everybody with an account on this machine can read the file."""
    try:
        return bool((env_file or ROOT / ".env").stat().st_mode & stat.S_IROTH)
    except OSError:
        return False


def _one_line(error: ValidationError) -> str:
    """The first problem, in the field's own words and without the value: it may be a secret."""
    first = error.errors(include_url=False, include_input=False)[0]
    message = first["msg"].removeprefix("Value error, ")
    if not first["loc"]:
        return message
    name = str(first["loc"][0])
    if first["type"] != "value_error":
        message = Settings.model_fields[name].description or message
    return f"{name.upper()}: {message}"
