"""PURE rules of how browsers find each other: which ICE servers they may use, and their login at a TURN server."""

from __future__ import annotations

import base64
import hmac
from typing import Any

from core.config import Settings

LOGIN_SECONDS = 12 * 3600  # longer than a stream; whoever stays is given a new one


def ice_servers(settings: Settings, account: str, now_ms: int) -> list[dict[str, Any]]:
    """As ``RTCPeerConnection`` takes them. Without any, only who can reach each other directly hear each other."""
    stun = [address for address in settings.ice_servers if address.startswith("stun")]
    turn = [address for address in settings.ice_servers if address.startswith("turn")]
    found: list[dict[str, Any]] = [{"urls": stun}] if stun else []
    if turn:
        username, credential = _login(settings, account, now_ms)
        found.append({"urls": turn, "username": username, "credential": credential})
    return found


def _login(settings: Settings, account: str, now_ms: int) -> tuple[str, str]:
    """With a secret: as coturn's ``use-auth-secret`` expects it, valid for some hours."""
    if not settings.turn_secret:
        return settings.turn_username, settings.turn_credential
    username = f"{now_ms // 1000 + LOGIN_SECONDS}:{account}"
    digest = hmac.digest(settings.turn_secret.encode(), username.encode(), "sha1")
    return username, base64.b64encode(digest).decode()
