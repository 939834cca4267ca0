"""Settings: read once, forgiving about form, and one clear line about what is wrong."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfoNotFoundError

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core import config
from core.config import Settings, SettingsError, load_settings
from tests.core.conftest import Load

WRONG = {
    "CHANNEL": "lena nova",
    "PREFIX": "! !",
    "TIKTOK_CHANNEL": "lena/live",
    "DATABASE_URL": "streampulse.db",
    "HOST": "0.0.0.0",
    "PORT": "70000",
    "TIMEZONE": "Europe/Entenhausen",
    "SESSION_TIMEOUT": "5",
    "AUTO_VIP": "perhaps",
    "BIRTHDAY_REMINDER": "7",
    "HEATMAP_ENABLED": "nope",
    "RETENTION_DAYS": "-1",
    "CURRENCY": "dollars",
    "COIN_VALUE": "-0.5",
    "BIT_VALUE": "a cent",
    "TRACK_ORIGINS": "shop.example",
    "TWITCH_IRC_URL": "https://irc.example.com",
    "TWITCH_VALIDATE_URL": "id.example.com/validate",
    "TIKTOK_APP_URL": "ftp://app.example.com",
    "TIKTOK_WEBCAST_URL": "webcast",
    "TIKTOK_SIGN_URL": "sign",
    "LOG_LEVEL": "loud",
}


@pytest.mark.parametrize(("variable", "value"), WRONG.items(), ids=WRONG)
def test_a_wrong_value_is_told_in_one_line_that_names_the_variable(load: Load, variable: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(**{variable: value})
    assert str(caught.value).startswith(f"{variable}: ")
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("url", ["postgresql//lena:hunter2@db", "lena:hunter2@db/pulse", "hunter2"])
def test_the_line_about_a_wrong_database_url_keeps_the_password_to_itself(load: Load, url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(DATABASE_URL=url)
    assert str(caught.value).startswith("DATABASE_URL: ")
    assert "hunter2" not in str(caught.value)


SECRETS = ("TMI_TOKEN", "TIKTOK_SIGN_API_KEY", "SECRET_KEY", "DASHBOARD_PASSWORD", "API_TOKEN", "SALES_SECRET")


def test_no_line_about_a_wrong_value_shows_a_secret(load: Load) -> None:
    with pytest.raises(SettingsError) as caught:
        load(PORT="hunter2", **dict.fromkeys(SECRETS, "hunter2"))
    assert str(caught.value).startswith("PORT: ")
    assert "hunter2" not in str(caught.value)


def test_every_variable_of_the_specification_has_its_default(load: Load) -> None:
    settings = load()
    assert settings.channel == settings.tiktok_channel == ()
    assert (settings.host, settings.port) == ("127.0.0.1", 5000)
    assert settings.database_url == "sqlite:///streampulse.db"
    assert (settings.prefix, settings.dashboard_username, settings.log_level) == ("!", "admin", "INFO")
    assert (settings.session_timeout, settings.retention_days) == (300, 0)
    assert settings.auto_vip and settings.birthday_reminder and settings.heatmap_enabled
    assert (settings.currency, settings.coin_value, settings.bit_value) == ("USD", Decimal("0.005"), Decimal("0.01"))
    assert settings.timezone == "Europe/Berlin"


@pytest.mark.parametrize("text", ["lena,nova", " #Lena , #NOVA,", "LENA, lena,#lena,nova", ",,lena,,nova,"])
def test_channel_lists_are_forgiven_signs_capitals_spaces_and_doubles(load: Load, text: str) -> None:
    assert load(CHANNEL=text).channel == ("lena", "nova")


@pytest.mark.parametrize("text", ["https://shop.example", " http://127.0.0.1:8000/ , https://b.example,"])
def test_origins_are_addresses_without_a_path(load: Load, text: str) -> None:
    assert load(TRACK_ORIGINS=text).track_origins == text
    with pytest.raises(SettingsError, match=r"^TRACK_ORIGINS: .*without a path"):
        load(TRACK_ORIGINS=f"{text}https://shop.example/cart")


def test_a_misspelt_variable_of_the_env_file_is_told_and_a_strange_one_is_not(
    load: Load, caplog: pytest.LogCaptureFixture
) -> None:
    load("CHANEL=lena\n# CHANEL2=x\nexport TIKTOK_CHANEL=lena\nEDITOR=vi\nCHANNEL=nova\n")
    assert caplog.messages == [
        ".env: CHANEL is no setting: is CHANNEL meant?",
        ".env: TIKTOK_CHANEL is no setting: is TIKTOK_CHANNEL meant?",
    ]


def test_tiktok_names_are_forgiven_their_at_sign_and_may_hold_dots(load: Load) -> None:
    assert load(TIKTOK_CHANNEL="@Lena.live, nova_").tiktok_channel == ("lena.live", "nova_")


@pytest.mark.parametrize("variable", ["CHANNEL", "PORT", "TIMEZONE", "DATABASE_URL", "AUTO_VIP", "LOG_LEVEL"])
def test_an_empty_variable_counts_as_not_set(load: Load, variable: str) -> None:
    assert load(**{variable: ""}) == load(env_file=f"{variable}=\n")
    assert getattr(load(**{variable: ""}), variable.lower()) == getattr(load(), variable.lower())


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "streampulse.example.com"])
def test_an_address_others_can_reach_is_refused_without_a_password(load: Load, host: str) -> None:
    with pytest.raises(SettingsError, match=r"^HOST: .*DASHBOARD_PASSWORD"):
        load(HOST=host)
    assert load(HOST=host, DASHBOARD_PASSWORD="correct horse").host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_addresses_of_this_machine_need_no_password(load: Load, host: str) -> None:
    assert load(HOST=host).listens_on_this_machine_only


def test_the_env_file_is_read_and_the_environment_wins(load: Load) -> None:
    env_file = '# Lena\'s\nCHANNEL="#lena"\nPORT=8080\nTIMEZONE=Asia/Kolkata\nUNKNOWN=1\n'
    settings = load(env_file, PORT="9090")
    assert (settings.channel, settings.port, settings.zone.key) == (("lena",), 9090, "Asia/Kolkata")


def test_a_wrong_value_in_the_env_file_names_its_variable_too(load: Load) -> None:
    with pytest.raises(SettingsError, match=r"^PORT: "):
        load("PORT=eighty\n")


def test_an_env_file_that_is_no_text_is_told_in_one_line(load: Load) -> None:
    with pytest.raises(SettingsError, match=r"^\.env: ") as caught:
        load(b"CHANNEL=\xff\xfe\n")
    assert len(str(caught.value).splitlines()) == 1


def test_an_env_file_that_is_a_folder_a_dead_link_or_may_not_be_read_is_told(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load()
    file = tmp_path / "own" / ".env"
    file.mkdir(parents=True)
    with pytest.raises(SettingsError, match=r"^\.env: this is a folder"):
        load_settings(file)
    file.rmdir()
    file.symlink_to(tmp_path / "gone")
    with pytest.raises(SettingsError, match=r"^\.env: this link leads to nothing"):
        load_settings(file)
    file.unlink()
    file.symlink_to(file)  # root, as whom tests may run, is denied no file
    with pytest.raises(SettingsError, match=r"^\.env: "):
        load_settings(file)


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("PORT=80\n\nCHANNEL lena\n", 3, "it is not like NAME=value"),
        ("\n\nPORT: 80\n", 3, "it is not like NAME=value"),
        ('PORT=80\nDASHBOARD_PASSWORD="hunter2\nCHANNEL=lena\n', 2, "its quotes do not match"),
        ("DASHBOARD_PASSWORD='hunter2'2'\n", 1, "its quotes do not match"),
        ('DASHBOARD_PASSWORD="hunter2\nTIMEZONE="UTC"\n', 1, "its quotes do not match"),
    ],
)
def test_a_line_of_the_env_file_that_cannot_be_read_stops_it_and_is_told_without_what_stands_there(
    load: Load, text: str, line: int, why: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load(text)
    assert str(caught.value) == f".env: line {line} cannot be read: {why}"


def test_an_env_file_of_a_windows_editor_is_understood(load: Load) -> None:
    assert load("\ufeffCHANNEL=lena\r\nPORT=8080\r\n".encode()).channel == ("lena",)


def test_a_missing_env_file_is_no_error(load: Load, tmp_path: Path) -> None:
    load()
    assert load_settings(tmp_path / "nowhere" / ".env").port == 5000


def test_levels_are_forgiven_small_letters(load: Load) -> None:
    assert load(LOG_LEVEL="debug").log_level == "DEBUG"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("postgresql://lena@db/pulse", "postgresql+psycopg://lena@db/pulse"),
        ("postgres://lena@db/pulse", "postgresql+psycopg://lena@db/pulse"),
        ("postgresql+psycopg://lena@db/pulse", "postgresql+psycopg://lena@db/pulse"),
        ("cockroachdb://lena@db/pulse", "cockroachdb+psycopg://lena@db/pulse"),
        ("sqlite:///other.db", "sqlite:///other.db"),
    ],
)
def test_plain_database_urls_mean_the_driver_that_is_installed(load: Load, written: str, meant: str) -> None:
    assert load(DATABASE_URL=written).database_url == meant


def test_where_the_system_does_not_tell_its_zone_times_are_utc(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> str:
        raise ZoneInfoNotFoundError("no zone")

    monkeypatch.setattr(config, "get_localzone_name", unknown)
    assert load().zone.key == "UTC"
    monkeypatch.setattr(config, "get_localzone_name", lambda: None)
    assert load().zone.key == "UTC"
    assert load(TIMEZONE="Asia/Kolkata").zone.key == "Asia/Kolkata"


@pytest.mark.parametrize("zone", ["../../etc/passwd", "/etc/localtime", "Europe", "\\", "UTC\x00"])
def test_only_names_of_zones_are_zones(zone: str) -> None:
    with pytest.raises(ValidationError):
        Settings(_env_file=None, timezone=zone)  # type: ignore[call-arg]


def test_settings_cannot_be_changed(load: Load) -> None:
    with pytest.raises(ValidationError):
        load().port = 1


@given(st.text(max_size=60))
def test_no_channel_list_leads_to_anything_but_names_or_one_line(text: str) -> None:
    try:
        names = Settings(_env_file=None, channel=text).channel  # type: ignore[call-arg, arg-type]
    except ValidationError as error:
        assert error.errors()[0]["loc"] == ("channel",)
    else:
        assert len(set(names)) == len(names)
        assert all(name.isascii() and name == name.lower() and " " not in name for name in names)


PLAIN = [
    ("CHANNEL", "lena nova", "a Twitch channel is up to 25 letters, digits and underscores; commas between several"),
    ("PREFIX", "! !", "a prefix is one to five characters without spaces"),
    ("PREFIX", "!!!!!!", "a prefix is one to five characters without spaces"),
    (
        "TIKTOK_CHANNEL",
        "l/l",
        "a TikTok name is up to 30 letters, digits, dots and underscores; commas between several",
    ),
    ("PORT", "70000", "a port is a number from 0 to 65535"),
    ("PORT", "-1", "a port is a number from 0 to 65535"),
    ("PORT", "eighty", "a port is a number from 0 to 65535"),
    ("TIMEZONE", "Europe/Entenhausen", "a time zone is an IANA name such as Europe/Berlin"),
    ("SESSION_TIMEOUT", "5", "a time-out is a number of seconds from 30 to 86400"),
    ("SESSION_TIMEOUT", "5.5", "a time-out is a number of seconds from 30 to 86400"),
    ("AUTO_VIP", "perhaps", "a switch is on or off"),
    ("RETENTION_DAYS", "-7", "days are a number from 0 (keep) to 36500"),
    ("CURRENCY", "dollars", "a currency is three capital letters such as USD"),
    ("COIN_VALUE", "-0.5", "an amount is a number from 0 to 1000 with at most six decimals, such as 0.005"),
    ("COIN_VALUE", "nan", "an amount is a number from 0 to 1000 with at most six decimals, such as 0.005"),
    ("BIT_VALUE", "a cent", "an amount is a number from 0 to 1000 with at most six decimals, such as 0.005"),
    ("TWITCH_IRC_URL", "https://irc.example.com", "an address begins with ws:// or wss://"),
    ("TWITCH_VALIDATE_URL", "id.example.com", "an address begins with http:// or https://"),
    ("TIKTOK_SIGN_URL", "sign", "an address begins with http:// or https://"),
    ("REDIS_URL", "localhost:6379", "an address begins with redis://, rediss:// or unix://"),
    ("LOG_LEVEL", "loud", "a level is DEBUG, INFO, WARNING or ERROR"),
]


@pytest.mark.parametrize(("variable", "value", "line"), PLAIN)
def test_what_is_wrong_is_told_in_plain_words_and_without_the_value(
    load: Load, variable: str, value: str, line: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load(**{variable: value})
    assert str(caught.value) == f"{variable}: {line}"


def test_every_default_is_what_its_own_line_asks_for(load: Load) -> None:
    settings = load()
    for name in Settings.model_fields:
        assert load(**{name.upper(): str(getattr(settings, name) or "")}) == settings
