"""Who may do what: one table of every route, read before each request. What is not in the table is the owner's."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Iterable
from enum import IntEnum
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Response, current_app, g, redirect, request, session, url_for
from werkzeug.exceptions import Forbidden, Unauthorized
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response as AnyResponse

from core.config import Settings
from web.services import services

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class Access(IntEnum):
    """What a caller may do, each including those before it; and what a route asks for."""

    NOBODY = 0
    OVERLAY = 1  # sees what is shown on the stream
    READ = 2
    WRITE = 3
    OWNER = 4


ROUTES: dict[str, Access] = {
    "static": Access.NOBODY,
    "auth.login": Access.NOBODY,
    "auth.log_in": Access.NOBODY,
    "auth.log_out": Access.NOBODY,
    "health.health": Access.NOBODY,
    "health.metrics": Access.READ,
    "docs.page": Access.READ,
    "openapi.spec": Access.READ,
    "overlay.page": Access.OVERLAY,
    "store.page": Access.READ,
    "store.list_events": Access.READ,
    "store.clear": Access.OWNER,
    "store.stats": Access.READ,
    "store.funnel": Access.READ,
    "store.segmentation": Access.READ,
    "store.anomalies": Access.READ,
    "store.change_state": Access.WRITE,
    "store.activity": Access.READ,
    "store.patterns": Access.READ,
    "demo.generate_traffic": Access.OWNER,
    "demo.generate_anomalies": Access.OWNER,
    # The track key opens these and nothing else; the view looks at it.
    "track.preflight": Access.NOBODY,
    "track.take": Access.NOBODY,
    # A read-only account may talk as well; whose voice it is the views look at.
    "voice.page": Access.READ,
    "voice.list_ice_servers": Access.READ,
    "voice.list_peers": Access.READ,
    "voice.list_ids": Access.READ,
    "voice.make_id": Access.READ,
    "voice_socket.not_a_socket": Access.READ,
    "voice_socket.connect": Access.READ,
    "sales.take": Access.NOBODY,  # and this the signature
    "revenue.page": Access.READ,
    "revenue.revenue": Access.READ,
    "revenue.visitors": Access.READ,
    "settings.page": Access.READ,
    "settings_store.anomalies": Access.READ,
    "settings_store.change_anomalies": Access.OWNER,
    "settings_store.webhook": Access.READ,
    "settings_store.change_webhook": Access.OWNER,
    "settings_store.remove_webhook": Access.OWNER,
    "settings_store.test_webhook": Access.OWNER,
    "live.page": Access.READ,
    "live.stats": Access.OVERLAY,
    "streams.list_page": Access.READ,
    "streams.stream_page": Access.READ,
    "streams.list_streams": Access.READ,
    "streams.one_stream": Access.READ,
    "streams.stream_chat": Access.READ,
    **{
        f"library.{order}_{kind}": Access.READ if order in ("list", "one") else Access.WRITE
        for kind in ("plans", "users", "content", "watch_history", "reviews", "payments")
        for order in ("list", "one", "make", "change", "replace", "delete")
    },
    **{
        f"library_charts.{question}": Access.READ
        for question in (
            *("subscriptions", "top_content", "popular_over_time", "popular_trend", "watched_genres", "choices"),
            *("revenue_trends", "payments_trend", "payment_methods", "metrics", "retention"),
            *("user_stats", "recommendations"),
        )
    },
    "viewers.page": Access.READ,
    "viewers.list_viewers": Access.READ,
    "viewers.summary": Access.READ,
    "viewers.one_viewer": Access.READ,
    "viewers.viewer_heatmap": Access.READ,
    "viewers.viewer_gifts": Access.READ,
    "viewers.viewer_sessions": Access.READ,
    "viewers.viewer_interactions": Access.READ,
    "viewers.viewer_edits": Access.READ,
    "viewer_boards.leaderboard": Access.READ,
    "viewer_boards.overlay_leaderboard": Access.OVERLAY,
    "viewer_boards.vip_list": Access.READ,
    "viewer_boards.vip_tiers": Access.READ,
    "viewer_boards.global_heatmap": Access.READ,
    "viewer_boards.upcoming_birthdays": Access.READ,
    "viewer_boards.active_sessions": Access.READ,
    "viewer_boards.voices": Access.READ,
    "viewer_exports.export_viewers": Access.READ,
    "viewer_exports.export_viewer": Access.READ,
    "viewer_imports.import_viewers": Access.WRITE,
    "viewer_orders.edit_viewer": Access.WRITE,
    "viewer_orders.erase_viewer": Access.WRITE,
    "viewer_orders.change_vip": Access.WRITE,
    "viewer_orders.replace_tiers": Access.WRITE,
    "viewer_orders.preview_tiers": Access.READ,
}

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
PROXY_HEADERS = (
    *("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Server"),
    *("X-Real-IP", "X-Client-IP", "X-Cluster-Client-IP", "CF-Connecting-IP", "True-Client-IP", "Forwarded", "Via"),
)
LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


def access_of_caller(token: str | None = None) -> Access:
    """What the current request (or socket) may do. ``token`` is what a socket handed over instead of a header."""
    settings = services().settings
    if not settings.dashboard_password:
        return Access.OWNER if _is_this_machine() else Access.NOBODY
    if session.get("user") == settings.dashboard_username and session.get("key") == session_key(settings):
        return Access.OWNER
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and _same(bearer.strip(), settings.api_token):
        return Access.OWNER
    if _same(token or request.args.get("token", ""), settings.overlay_token):
        return Access.OVERLAY
    return Access.NOBODY


def session_key(settings: Settings) -> str:
    """Ties a session to the password it was opened with: a new password ends all sessions."""
    secret = str(current_app.secret_key).encode()
    return hmac.new(secret, settings.dashboard_password.encode(), "sha256").hexdigest()[:32]


def guard() -> AnyResponse | None:
    """Before each request: refuses what the caller may not do."""
    if not services().settings.dashboard_password:
        _refuse_strangers_to_this_machine()
    _refuse_other_sites()
    endpoint = request.endpoint
    if endpoint is None:
        return None  # becomes a 404 or 405
    g.access = access_of_caller()
    needed = ROUTES.get(endpoint, Access.OWNER)
    if g.access >= needed:
        return None
    if g.access is not Access.NOBODY:
        raise Forbidden("this token may not do that")
    if endpoint == "overlay.page":
        # Nothing to see on the stream; whoever opens the address in a browser reads why in the tab.
        return Response(
            "<!doctype html><link rel=icon href=data:,><title>The overlay needs a valid ?token=</title>", 401
        )
    if wants_page():
        return redirect(url_for("auth.login", next=request.full_path.rstrip("?")))
    raise Unauthorized("log in, or send a valid token")


def wants_page() -> bool:
    """Whether the caller is somebody with a browser, who is better served by a page than by JSON."""
    return (
        not request.path.startswith("/api/")
        and request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html"
    )


def _same(given: str, expected: str) -> bool:
    # A token out of JSON may hold half a surrogate pair, which plain encoding refuses with an error.
    return bool(expected) and hmac.compare_digest(given.encode(errors="replace"), expected.encode())


def _is_this_machine() -> bool:
    near = _is_loopback(request.remote_addr or "")
    return near and not any(header in request.headers for header in PROXY_HEADERS) and _host() in LOCAL_NAMES


def _is_loopback(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)  # a socket for both families tells IPv4 like this
    return (mapped or found).is_loopback


def _host() -> str:
    return urlsplit(f"//{request.host}").hostname or ""


def _refuse_strangers_to_this_machine() -> None:
    # The name is checked as well: a page elsewhere whose name is made to point here must not read the dashboard.
    if not _is_this_machine() and request.endpoint != "health.health":
        raise Forbidden("without DASHBOARD_PASSWORD this dashboard serves this machine only, and through no proxy")


def _refuse_other_sites() -> None:
    """State-changing requests must come from our own pages; programs send neither header and bring a token."""
    if request.method not in SAFE_METHODS and request.endpoint != "track.take" and comes_from_another_site():
        raise Forbidden("this request came from another site")


def comes_from_another_site() -> bool:
    """Whether a browser sends this request for a page that is not ours."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return True
    origin = request.headers.get("Origin")
    return origin is not None and origin.partition("://")[2] != request.host


class LocalProxy:
    """Believes a proxy on this machine what it tells of the visitor; from elsewhere the same headers are a claim."""

    def __init__(self, wsgi: WSGIApplication) -> None:
        self._direct = wsgi
        self._behind_proxy = ProxyFix(wsgi, x_for=1, x_proto=1, x_host=1)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        near = _is_loopback(environ.get("REMOTE_ADDR", ""))
        return (self._behind_proxy if near else self._direct)(environ, start_response)


def no_store(response: Response) -> Response:
    """What one person may see must not stay in a shared cache."""
    if not response.headers.get("Cache-Control") and request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    return response
