"""Logging in and out, and the secret that signs sessions."""

from __future__ import annotations

import os
import re
import secrets
from functools import cache
from pathlib import Path

import gevent
from apiflask import APIBlueprint
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from flask import Flask, redirect, render_template, request, session, url_for
from flask.sessions import SecureCookieSessionInterface
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from gevent.lock import BoundedSemaphore
from werkzeug.wrappers import Response

from core.config import ROOT, Settings, SettingsError
from web.access import Access, access_of_caller, session_key
from web.services import services

bp = APIBlueprint("auth", __name__, enable_openapi=False)
limiter = Limiter(get_remote_address, storage_uri="memory://", headers_enabled=True)
hasher = PasswordHasher()
checking = BoundedSemaphore(2)  # each check takes 64 MB: a small machine must survive many attempts at once

SECRET_FILE = ROOT / ".secret_key"
SHORTEST_SECRET = 32


class Sessions(SecureCookieSessionInterface):
    """Flask's signed cookies, marked Secure whenever the browser came over TLS."""

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
    # Kept only in memory and only as a hash: comparing takes 64 MB and some 50 ms, which is what slows guessing.
    return hasher.hash(password)


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
    return render_template("login.html", page="login", next=target, error=None)


@bp.post("/login")
@limiter.limit("10 per minute;60 per hour")
def log_in() -> Response | tuple[str, int]:
    settings = services().settings
    target = _inside(request.form.get("next", ""))
    if not settings.dashboard_password:
        return redirect(target)
    username, password = request.form.get("username", ""), request.form.get("password", "")
    with checking:
        is_owner = gevent.get_hub().threadpool.apply(_is_owner, (username, password[:1024], settings))
    if not is_owner:
        page = render_template("login.html", page="login", next=target, error="That name and password do not fit.")
        return page, 401
    session.clear()  # a session that somebody else prepared must not become ours
    session["user"] = settings.dashboard_username
    session["key"] = session_key(settings)
    session.permanent = True
    return redirect(target)


def _is_owner(username: str, password: str, settings: Settings) -> bool:
    try:
        hasher.verify(_hash_of(settings.dashboard_password), password)
    except VerifyMismatchError:
        return False
    return secrets.compare_digest(username.encode(), settings.dashboard_username.encode())


@bp.post("/logout")
def log_out() -> Response:
    session.clear()
    return redirect(url_for("auth.login"))
