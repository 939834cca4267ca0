"""How web processes meet, to tell each other what a client of any of them is to hear: alone, or at a Redis server."""

from __future__ import annotations

from socketio import Manager, redis_manager

from web.broadcast import DirectManager


def manager(redis_url: str) -> Manager:
    """The manager of Socket.IO for one web process, or with ``redis_url`` for one of several."""
    return _at_redis(redis_url) if redis_url else DirectManager()


def _at_redis(url: str) -> Manager:
    import redis  # only where it is wanted: 6 MB and 54 ms, as app.py has python-socketio do without

    redis_manager.redis, redis_manager.RedisError = redis, redis.RedisError

    class DirectRedisManager(redis_manager.RedisManager, DirectManager):
        pass

    return DirectRedisManager(url)
