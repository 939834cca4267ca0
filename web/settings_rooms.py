"""The rooms of the settings page: what each is called, what its template is told, and who sees it.

A room is ``templates/settings_<id>.html``, a module in ``static/js/lib/`` that ``static/js/pages/settings.js`` opens,
and a line in ROOMS, in the order of the page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from web import settings_store, settings_subs
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
    Room("anomalies", "Anomalies", "bell", settings_store.anomaly_facts),
    Room("subs", "Subs", "star", settings_subs.sub_facts),
    Room("webhook", "Webhook", "webhook", settings_store.webhook_facts),
)


def open_to(access: Access) -> Iterator[Room]:
    """Those that somebody with ``access`` sees."""
    return (room for room in ROOMS if access >= room.needs)
