"""Brings SQLite's log into the file from time to time: this process writes too, and may be the only one that does."""

from __future__ import annotations

import sqlite3

import gevent
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from core.checkpoints import LOOK_SECONDS, TROUBLED_SECONDS, Log
from core.db import Database
from web.orders import Orders


class Checkpoints:
    """What ``core.checkpoints.Checkpoints`` does, for a server whose threads are none."""

    def __init__(self, database: Database) -> None:
        self._is_sqlite = database.is_sqlite
        self._log = Log(database)
        self._orders = Orders(database)  # of its own: no order waits for a slow disk

    def follow(self) -> None:
        """Runs for ever on SQLite; elsewhere there is nothing to do."""
        while self._is_sqlite:
            pause = LOOK_SECONDS
            if self._log.is_due():
                try:
                    self._orders.run(self._log.checkpoint)
                except (SQLAlchemyError, sqlite3.Error):
                    pause = TROUBLED_SECONDS
            gevent.sleep(pause)


def register(app: Flask, database: Database) -> None:
    app.extensions["checkpoints"] = Checkpoints(database)
