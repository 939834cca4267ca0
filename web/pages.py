"""What every page shares: navigation, addresses of assets, the first look at whether the assets are there."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, request, url_for
from flask_compress import Compress
from sqlalchemy.exc import DBAPIError
from whitenoise import WhiteNoise

from actions.calm import key_of
from analytics import calm
from analytics.live import is_simulated
from core.clock import now_ms, zone_name
from core.money import UNUSUAL_MINOR_DIGITS
from core.version import VERSION
from web import joined
from web.identity import caller
from web.joined import STATIC
from web.kept import GZIP_LEVEL
from web.services import Services

FETCHED = STATIC / "vendor" / ".complete"

# (endpoint, noun, label, icon): what is built. A new page adds its line here.
NAVIGATION = (
    ("live.page", "live", "Live", "activity"),
    ("viewers.page", "viewers", "Viewers", "users-round"),
    ("store.page", "store", "Store", "shopping-bag"),
    ("revenue.page", "revenue", "Revenue", "hand-coins"),
    ("library.page", "library", "Library", "library"),
    ("voice.page", "voice", "Voice room", "headset"),
    ("streams.list_page", "streams", "Past streams", "history"),
    ("settings.page", "settings", "Settings", "settings"),
)


def register(app: Flask, at: Services) -> None:
    versions: dict[str, str] = {}

    def asset(path: str) -> str:
        """The address of a file under static/, with a version that changes when the file does."""
        if path not in versions or app.debug:
            file = STATIC / path
            versions[path] = format(int(file.stat().st_mtime), "x") if file.is_file() else VERSION
        return url_for("static", filename=path, v=versions[path])

    @app.context_processor
    def shared() -> dict[str, Any]:
        settings = at.settings
        return {
            "version": VERSION,
            "nav": [(url_for(endpoint), noun, label, icon) for endpoint, noun, label, icon in NAVIGATION],
            "user": caller().name if settings.dashboard_password and caller().is_person else None,
            "role": caller().role,
            "calm_on": _is_calm(at),
            "login_required": bool(settings.dashboard_password),
            "simulated": _simulated(at),
            "zone": settings.timezone,
            "zone_words": zone_words(settings.timezone),
            "currency": settings.currency,
            "minor_digits": UNUSUAL_MINOR_DIGITS,
            "database": at.database.backend,
            "asset": asset,
            "joined": joined.address,
            "beside": joined.beside,
        }

    @app.before_request
    def need_assets() -> Response | None:
        if not is_page(request.endpoint) or FETCHED.is_file():
            return None
        text = "The front-end packages are missing. Run bin/setup (or bin/assets alone), then reload this page.\n"
        return Response(text, 503, mimetype="text/plain")


def zone_words(name: str) -> str:
    """A zone as people call it."""
    return zone_name(name).replace("_", " ")


def is_page(endpoint: str | None) -> bool:
    """Whether a view draws a page. All others serve programs, which need nothing of what pages are made of."""
    return endpoint == "auth.login" or (endpoint or "").endswith((".page", "_page"))


def serve_assets(app: Flask) -> None:
    """The fetched packages through WhiteNoise: compressed by set-up, cached for good (their addresses have a version).

    Our own files stay with Flask, which looks at them anew each time: they change while somebody works on them. They
    and all other answers are compressed as they are sent.
    """
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 60
    # Only gzip: every browser and curl read it, and it costs a small machine least.
    gzip_alone = {"COMPRESS_ALGORITHM": ["gzip"], "COMPRESS_ALGORITHM_STREAMING": ["gzip"]}  # downloads are streamed
    app.config.update(gzip_alone, COMPRESS_LEVEL=GZIP_LEVEL, COMPRESS_MIN_SIZE=1_000)
    Compress(app).compress_mimetypes_set.add("text/csv")
    app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]
        app.wsgi_app,
        root=str(FETCHED.parent),
        prefix="static/vendor/",
        max_age=3600,
        immutable_file_test=lambda _path, _url: True,
    )


def _simulated(at: Services) -> bool:
    try:
        with at.database.reading() as connection:
            return is_simulated(connection)
    except DBAPIError:
        return False


def _is_calm(at: Services) -> bool:
    account_id = caller().account_id
    if account_id is None:
        return False
    try:
        with at.database.reading() as connection:
            return calm.since(connection, key_of(account_id), now_ms()) is not None
    except DBAPIError:
        return False
