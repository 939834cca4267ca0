"""What a request needs of the process: settings, database, and what is remembered between requests."""

from __future__ import annotations

from dataclasses import dataclass, field

from flask import current_app

from analytics.moments import Memo
from core.config import Settings
from core.db import Database


@dataclass(slots=True)
class Services:
    settings: Settings
    database: Database
    schema_revision: str
    memo: Memo = field(default_factory=Memo)


def services() -> Services:
    """The services of the running application."""
    found: Services = current_app.extensions["streampulse"]
    return found
