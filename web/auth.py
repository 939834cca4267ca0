"""Logging in and out, and the secret that signs sessions."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import gevent
from apiflask import APIBlueprint
from flask import Flask, Request, current_app, redirect, render_template, request, session, url_for
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from gevent.lock import BoundedSemaphore
from werkzeug.wrappers import Response

from actions import accounts as actions
from actions import passwords
from analytics import accounts
from core.clock import now_ms
from core.config import ROOT, Settings, SettingsError
from rules.accounts import LONGEST_PASSWORD
from web import orders
from web.access import Access, access_of_caller
from web.attempts import how_long_to_wait, limiter
from web.credentials import credentials
from web.identity import ENV_OWNER, caller, open_session, owner_key
from web.services import services

Answer = TypeVar("Answer")


bp = APIBlueprint("auth", __name__, enable_openapi=False)
checking = BoundedSemaphore(2)  # each check takes 64 MB: a small machine must survive many attempts at once

SECRET_FILE = ROOT / ".secret_key"
SHORTEST_SECRET = 32


class Sessions(SecureCookieSessionInterface):
    """Flask's signed cookies, marked Secure whenever the browser came over TLS.

    What reads and signs them is made once, and not at all for who brings none: Flask makes it for each request, at a
    tenth of the request's cost.
    """

    def __init__(self) -> None:
        self._signing: tuple[Any, Any] | None = None

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """A session that somebody has logged out of is none, and no answer makes its cookie last longer."""
        if self.get_cookie_name(app) not in request.cookies:
            return self.session_class()
        session = super().open_session(app, request)
        if session and session.get("id") in app.extensions["credentials"].current().ended_sessions:
            return self.session_class()
        return session

    def get_signing_serializer(self, app: Flask) -> Any:
        keys = (app.secret_key, app.config["SECRET_KEY_FALLBACKS"])
        if self._signing is None or self._signing[0] != keys:
            self._signing = keys, super().get_signing_serializer(app)
        return self._signing[1]

    def get_cookie_secure(self, app: Flask) -> bool:  # noqa: ARG002
        return request.is_secure


def secret_key(settings: Settings, file: Path = SECRET_FILE) -> str:
    """SECRET_KEY, or one made once and kept in a file that only its owner can read. Raises SettingsError."""
    if settings.secret_key:
        return settings.secret_key
    try:
        key = _kept_secret(file)
    except OSError as error:
        raise SettingsError(f"SECRET_KEY: {file} cannot be used: {error.strerror}") from error
    if len(key) < SHORTEST_SECRET:
        raise SettingsError(f"SECRET_KEY: {file} holds no secret; delete the file, and a new one is made")
    return key


def _kept_secret(file: Path) -> str:
    try:
        descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        if file.stat().st_mode & 0o077:
            file.chmod(0o600)
        return file.read_text().strip()
    with os.fdopen(descriptor, "w") as new:
        key = secrets.token_hex(32)
        new.write(key)
    return key


@cache
def _hash_of(password: str) -> str:
    return passwords.hash_of(password)  # kept only in memory and only as a hash


def _inside(target: str) -> str:
    """``target`` where it is a path of this site, else the first page."""
    # Browsers read a backslash as a slash and skip tabs and line breaks.
    is_path = re.fullmatch(r"/(?!/)[^\\]*", target) and target.isprintable()
    return target if is_path else url_for("live.page")


@bp.get("/login")
def login() -> Response | str:
    target = _inside(request.args.get("next", ""))
    if access_of_caller() >= Access.READ:
        return redirect(target)
    return render_template("login.html", page="login", next=target, username="", error=None)


@bp.post("/login")
@limiter.limit("10 per minute;60 per hour", error_message=how_long_to_wait)
def log_in() -> Response | tuple[str, int]:
    settings = services().settings
    target = _inside(request.form.get("next", ""))
    if not settings.dashboard_password:
        return redirect(target)
    username, password = request.form.get("username", ""), request.form.get("password", "")
    with services().database.reading() as connection:
        found = accounts.login(connection, username)
    is_owner = secrets.compare_digest(username.encode(), settings.dashboard_username.encode())
    if is_owner:
        found = None  # whatever an account may be called, this name is the owner's of .env
    fits = beside_the_server(_fits, settings, found, password)
    if not fits or not (is_owner or found):
        error = "That name and password do not fit."
        page = render_template("login.html", page="login", next=target, username=username[:100], error=error)
        return page, 401
    if found:
        open_session(found.name, found.id, found.session_key)
        credentials().logged_in(found.id, now_ms())
    else:
        generation = credentials().current().owner_generation
        open_session(settings.dashboard_username, ENV_OWNER, owner_key(settings, generation))
    return redirect(target)


def beside_the_server(work: Callable[..., Answer], *arguments: object) -> Answer:
    """Hashes and compares passwords in a thread, few at a time: it takes long, and a lot of memory."""
    with checking:
        answer: Answer = gevent.get_hub().threadpool.apply(work, arguments)
    return answer


def _fits(settings: Settings, found: accounts.Login | None, password: str) -> bool:
    """One comparison whoever it is, also where there is nobody: how long it takes tells nothing."""
    usual = _hash_of(settings.dashboard_password)
    return passwords.fits(found.password_hash if found else usual, password[:LONGEST_PASSWORD])


@bp.post("/logout")
def log_out() -> Response:
    session_id = str(session.get("id", ""))
    if session_id and caller().is_person:
        now = now_ms()
        until = now + int(current_app.permanent_session_lifetime.total_seconds() * 1000)
        orders.run(actions.end_session, session_id, until_ms=until, now_ms=now)
        credentials().forget()
    session.clear()
    return redirect(url_for("auth.login"))
