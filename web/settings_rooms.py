"""The rooms of the settings page: what each is called, what its template is told, and who sees it.

A room is ``templates/settings_<id>.html``, a module in ``static/js/lib/`` that ``static/js/pages/settings.js`` opens,
and a line in ROOMS, in the order of the page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from web import accounts, overlay, settings_store, settings_stream, settings_subs, tokens, viewer_boards
from web.access import Access


@dataclass(frozen=True, slots=True)
class Room:
    """A panel of its own. ``facts`` answers what the template finds under the room's id."""

    id: str
    heading: str
    icon: str
    facts: Callable[[Connection], Mapping[str, Any]]
    needs: Access = Access.READ

    @property
    def template(self) -> str:
        return f"settings_{self.id}.html"


ROOMS = (
    Room("me", "My account", "user-round", accounts.my_facts),
    Room("team", "Team", "users-round", accounts.team_facts, Access.OWNER),
    Room("tokens", "API tokens", "key-round", tokens.token_facts, Access.OWNER),
    Room("overlay", "Overlay", "video", overlay.builder_facts),
    Room("goals", "Goals", "trophy", settings_stream.goal_facts),
    Room("calm", "Calm mode", "moon", settings_stream.calm_facts),
    Room("ignored", "Ignore list", "ban", settings_stream.ignored_facts),
    Room("vip_tiers", "VIP tiers", "crown", viewer_boards.tier_facts),
    Room("anomalies", "Anomalies", "bell", settings_store.anomaly_facts),
    Room("subs", "Subs", "star", settings_subs.sub_facts),
    Room("webhook", "Webhook", "webhook", settings_store.webhook_facts),
)


def open_to(access: Access) -> Iterator[Room]:
    """Those that somebody with ``access`` sees."""
    return (room for room in ROOMS if access >= room.needs)
