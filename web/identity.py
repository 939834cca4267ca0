"""Who calls: what a request or a socket brings along, and whose that is."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from flask import current_app, g, request, session
from werkzeug.exceptions import TooManyRequests

from actions.tokens import hash_of
from core.clock import now_ms
from core.config import Settings
from rules.accounts import Role, Scope
from web.attempts import WAIT_SECONDS, Guesses
from web.credentials import Known, credentials
from web.levels import BEARER_SCOPES, ROLES, Access
from web.services import services
from web.this_machine import is_this_machine

ENV_OWNER = 0  # in place of an account's number: the owner whom .env names


@dataclass(frozen=True, slots=True)
class Proof:
    """Something that somebody brings along to prove who they are."""

    kind: Literal["session", "bearer", "overlay"]
    secret: str = field(repr=False)
    user: str = ""
    account_id: int | None = None
    session_id: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """``name``: the account's, or what the trail of edits calls a token. ``account_id`` is None for all but people."""

    access: Access
    name: str = ""
    account_id: int | None = None
    role: Role | None = None
    proof: Proof | None = None

    @property
    def is_person(self) -> bool:
        return self.account_id is not None


STRANGER = Identity(Access.NOBODY)


def caller() -> Identity:
    """Who sends the current request, looked at once. Raises TooManyRequests after too many wrong tokens."""
    if "caller" not in g:
        g.caller = STRANGER  # as whom the error is told, if it raises
        g.caller = identify()
    found: Identity = g.caller
    return found


def identify(token: str | None = None) -> Identity:
    """The same, looked at anew. ``token`` is what a socket handed over instead of an address with ``?token=``."""
    settings = services().settings
    if not settings.dashboard_password:
        return _everybody_here(settings) if is_this_machine() else STRANGER
    found = (_looked_at(proof, settings) for proof in _proofs(token))
    return next((identity for identity in found if identity.access > Access.NOBODY), STRANGER)


def _looked_at(proof: Proof, settings: Settings) -> Identity:
    guesses: Guesses = current_app.extensions["guesses"]
    if proof.kind == "bearer" and guesses.are_too_many(proof.secret):
        raise TooManyRequests(
            f"too many wrong tokens from this address: wait {WAIT_SECONDS} s", retry_after=WAIT_SECONDS
        )
    found = proven(proof, settings, credentials().current())
    if proof.kind == "bearer":
        guesses.note(proof.secret, is_wrong=found is STRANGER)
    return found


def proven(proof: Proof, settings: Settings, known: Known) -> Identity:
    """What a proof is worth now: roles change, tokens are revoked, sessions end."""
    if proof.kind == "session":
        return _of_session(proof, settings, known)
    if proof.kind == "bearer":
        if _same(proof.secret, settings.api_token):
            return Identity(Access.OWNER, "API token", proof=proof)
        return _of_token(proof, known, BEARER_SCOPES)
    if _same(proof.secret, settings.overlay_token):
        return Identity(Access.OVERLAY, "overlay token", proof=proof)
    return _of_token(proof, known, {Scope.OVERLAY: Access.OVERLAY})


def is_track_key(given: str) -> bool:
    """Whether this opens ``POST /track``."""
    if _same(given, services().settings.track_key):
        return True
    proof = Proof("bearer", given)
    # Reporting is no reading: what else the token may do does not count here.
    return _of_token(proof, credentials().current(), {Scope.TRACK: Access.OVERLAY}).access > Access.NOBODY


def open_session(identity_name: str, account_id: int, key: str) -> None:
    """Makes the browser's session theirs. Whatever somebody else prepared in it is gone first."""
    session.clear()
    session.update(user=identity_name, account=account_id, key=key, id=secrets.token_hex(16))
    session.permanent = True


def owner_key(settings: Settings, generation: str) -> str:
    """Ties a session of .env's owner to the password it was opened with: a new password ends all sessions."""
    return _keyed(str(current_app.secret_key), settings.dashboard_password + (f"\0{generation}" if generation else ""))


@lru_cache(maxsize=8)
def _keyed(secret: str, told: str) -> str:
    return hmac.new(secret.encode(), told.encode(), "sha256").hexdigest()[:32]


def _everybody_here(settings: Settings) -> Identity:
    return Identity(Access.OWNER, settings.dashboard_username, ENV_OWNER, Role.OWNER)


def _proofs(token: str | None) -> Iterator[Proof]:
    if "user" in session:
        user, account_id = str(session["user"]), session.get("account", ENV_OWNER)
        yield Proof("session", str(session.get("key", "")), user, account_id, str(session.get("id", "")))
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        yield Proof("bearer", bearer.strip())
    yield Proof("overlay", token or request.args.get("token", ""))


def _of_session(proof: Proof, settings: Settings, known: Known) -> Identity:
    if proof.session_id in known.ended_sessions:
        return STRANGER
    if proof.account_id == ENV_OWNER:
        is_theirs = proof.user == settings.dashboard_username and _same(
            proof.secret, owner_key(settings, known.owner_generation)
        )
        return Identity(Access.OWNER, proof.user, ENV_OWNER, Role.OWNER, proof) if is_theirs else STRANGER
    account = known.accounts.get(proof.account_id or ENV_OWNER)
    if account is None or not _same(proof.secret, account.session_key):
        return STRANGER
    role = Role(account.role)
    return Identity(ROLES[role], account.name, account.id, role, proof)


def _of_token(proof: Proof, known: Known, worth: dict[Scope, Access]) -> Identity:
    token = known.tokens.get(hash_of(proof.secret)) if proof.secret else None
    if token is None or token.has_expired(now_ms()):
        return STRANGER
    access = max((worth.get(Scope(scope), Access.NOBODY) for scope in token.scopes), default=Access.NOBODY)
    if access is Access.NOBODY:
        return STRANGER
    credentials().used(token, now_ms())
    return Identity(access, f"token {token.name}", proof=proof)


def _same(given: str, expected: str) -> bool:
    # A token out of JSON may hold half a surrogate pair, which plain encoding refuses with an error.
    return bool(expected) and hmac.compare_digest(given.encode(errors="replace"), expected.encode())
