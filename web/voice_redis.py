"""The voice room's seats and news in Redis, where several web processes share one room."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, cast

import gevent
from redis import Redis
from redis.backoff import NoBackoff
from redis.client import Pipeline
from redis.exceptions import ConnectionError as NoConnection
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as NoAnswer
from redis.retry import Retry

from rules.voice import Limits, Seat
from rules.voice_seats import check_room
from web.voice_room import News, Unreachable

log = logging.getLogger(__name__)

SEATS = "streampulse:voice:seats"  # id → the seat as JSON
UNTIL = "streampulse:voice:until"  # id → until when it is held, by Redis' own clock: those of machines differ
CHANNEL = "streampulse:voice"
ANSWER_SECONDS = 3.0
LISTEN_SECONDS = 5.0
RETRY_SECONDS = 1.0


class RedisSeats:
    """As ``rules.voice_seats.Seats``, for all processes: each decision is made on what it has read, or made again."""

    def __init__(self, url: str, limits: Limits) -> None:
        self._limits = limits
        self._process = secrets.token_hex(4)
        self._is_deaf = False  # cut off from the news of others
        self._redis: Redis = Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=ANSWER_SECONDS,
            socket_connect_timeout=ANSWER_SECONDS,
            health_check_interval=10,
            retry=Retry(NoBackoff(), 1),  # once: a connection may have died while nobody used it
        )

    def take(self, seat: Seat) -> Seat:
        def decide(pipe: Pipeline) -> Seat:
            taken = check_room(seat, _present(pipe), self._limits)
            until = _now(pipe) + self._limits.heartbeat_seconds
            pipe.multi()
            pipe.hset(SEATS, taken.id, json.dumps(asdict(taken)))
            pipe.zadd(UNTIL, {taken.id: until})
            return taken

        return self._decided(decide)

    def keep(self, seat: Seat) -> None:
        def decide(pipe: Pipeline) -> None:
            holder, until = _holder(pipe, seat), _now(pipe) + self._limits.heartbeat_seconds
            pipe.multi()
            if holder in (None, seat.line):
                pipe.hset(SEATS, seat.id, json.dumps(asdict(seat)))
                pipe.zadd(UNTIL, {seat.id: until})

        self._decided(decide)

    def set_away(self, seat: Seat) -> None:
        def decide(pipe: Pipeline) -> None:
            is_held, until = _holds(pipe, seat), _now(pipe) + self._limits.away_seconds
            pipe.multi()
            if is_held:
                pipe.zadd(UNTIL, {seat.id: until})

        self._decided(decide)

    def free(self, seat: Seat) -> bool:
        def decide(pipe: Pipeline) -> bool:
            is_held = _holds(pipe, seat)
            pipe.multi()
            if is_held:
                _remove(pipe, [seat.id])
            return is_held

        return self._decided(decide)

    def has(self, peer_id: str) -> bool:
        with _reached():
            return bool(self._redis.hexists(SEATS, peer_id))

    def present(self) -> list[Seat]:
        with _reached():
            return _present(self._redis)

    def free_silent(self) -> list[str]:
        def decide(pipe: Pipeline) -> list[str]:
            silent = _silent(pipe)
            pipe.multi()
            if silent:
                _remove(pipe, silent)
            return silent

        with _reached():
            if not _silent(self._redis):
                return []
        return self._decided(decide)

    def check(self) -> None:
        if self._is_deaf:
            raise Unreachable("Redis does not answer")

    def tell(self, news: News) -> None:
        """Lost where Redis is away: whoever comes back reads anew who is there."""
        try:
            self._redis.publish(CHANNEL, json.dumps({"from": self._process, **news}))
        except RedisError as error:
            log.debug("news are lost: %s", error)

    def listen(self, hear: Callable[[News], None]) -> None:
        """Runs for ever: hands over what other processes tell."""
        while True:
            try:
                with self._redis.pubsub(ignore_subscribe_messages=True) as subscription:
                    subscription.subscribe(CHANNEL)
                    subscription.get_message(timeout=LISTEN_SECONDS)  # that it is so
                    self._is_deaf = False
                    hear({"what": "changed", "id": ""})  # what was told before is not known
                    while True:
                        self._pass_on(subscription.get_message(timeout=LISTEN_SECONDS), hear)
            except RedisError as error:
                log.debug("not listening: %s", error)
            self._is_deaf = True
            gevent.sleep(RETRY_SECONDS)

    def _pass_on(self, message: dict[str, Any] | None, hear: Callable[[News], None]) -> None:
        if message is None:
            return
        try:
            news = json.loads(message["data"])
            if news.pop("from") != self._process:
                hear(news)
        except Exception:  # whatever it was, the next ones are to be heard
            log.exception("news of the voice room cannot be read")

    def _decided(self, decide: Callable[[Pipeline], Any]) -> Any:
        """What ``decide`` answers, once nobody has changed meanwhile what it has read."""
        with _reached():
            return self._redis.transaction(decide, SEATS, UNTIL, value_from_callable=True)


def _present(redis: Redis | Pipeline) -> list[Seat]:
    now, until = _now(redis), dict(cast("list[tuple[str, float]]", redis.zrange(UNTIL, 0, -1, withscores=True)))
    held = [Seat(**json.loads(text)) for text in redis.hgetall(SEATS).values()]
    return sorted((seat for seat in held if until.get(seat.id, 0) > now), key=lambda seat: seat.order)


def _silent(redis: Redis | Pipeline) -> list[str]:
    return cast("list[str]", redis.zrangebyscore(UNTIL, "-inf", _now(redis)))


def _holds(pipe: Pipeline, seat: Seat) -> bool:
    return _holder(pipe, seat) == seat.line


def _holder(pipe: Pipeline, seat: Seat) -> str | None:
    """The line of whoever sits there; None where Redis has forgotten, or nobody does."""
    held = pipe.hget(SEATS, seat.id)
    return None if held is None else str(json.loads(held)["line"])


def _remove(pipe: Pipeline, ids: list[str]) -> None:
    pipe.hdel(SEATS, *ids)
    pipe.zrem(UNTIL, *ids)


def _now(redis: Redis | Pipeline) -> float:
    seconds, microseconds = redis.time()
    return float(seconds) + float(microseconds) / 1e6


@contextmanager
def _reached() -> Iterator[None]:
    try:
        yield
    except (NoConnection, NoAnswer):
        raise Unreachable("Redis does not answer") from None
    except RedisError as error:
        raise Unreachable(f"Redis refuses: {error}") from None
