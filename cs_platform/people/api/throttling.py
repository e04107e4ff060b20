"""So many requests a minute for each key and each member, with bursts (GCRA: one timestamp, moved atomically).

The counter lives in Redis. When Redis does not answer, each process counts for itself, so that a flushed or dead
cache neither stops the API nor opens it altogether.
"""

import logging
import threading
import time
from functools import lru_cache
from typing import Any

import redis
from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

log = logging.getLogger(__name__)
PAUSE_AFTER_FAILURE = 5.0
LUA = """
local now = redis.call('TIME'); now = now[1] + now[2] / 1000000
local tat = tonumber(redis.call('GET', KEYS[1]) or now); if tat < now then tat = now end
local allowed = tat + tonumber(ARGV[1]) - tonumber(ARGV[2])
if allowed > now then return tostring(allowed - now) end
redis.call('SET', KEYS[1], tostring(tat + tonumber(ARGV[1])), 'EX', math.ceil(tonumber(ARGV[2])) + 60)
return '0'
"""


@lru_cache(maxsize=1)
def _client(url: str) -> Any:
    client = redis.Redis.from_url(url, socket_timeout=0.25, socket_connect_timeout=0.25)
    return client.register_script(LUA)


class Meter:
    """`wait(key)`: 0.0 when the request may pass, else the seconds until it may."""

    def __init__(self) -> None:
        self.local: dict[str, float] = {}
        self.lock = threading.Lock()
        self.redis_off_until = 0.0

    def wait(self, key: str, *, per_minute: int, burst: int) -> float:
        step, room = 60.0 / per_minute, 60.0 / per_minute * burst
        if time.monotonic() >= self.redis_off_until:
            try:
                return float(_client(settings.REDIS_URL)(keys=[f"cs1:rate:{key}"], args=[step, room]))
            except redis.RedisError as error:
                self.redis_off_until = time.monotonic() + PAUSE_AFTER_FAILURE
                log.warning("Redis does not count requests (%s); this process does", type(error).__name__)
        return self._local(key, step, room)

    def _local(self, key: str, step: float, room: float) -> float:
        now = time.monotonic()
        with self.lock:
            if len(self.local) > 10_000:
                self.local = {k: v for k, v in self.local.items() if v > now}
            tat = max(self.local.get(key, now), now)
            if tat + step - room > now:
                return tat + step - room - now
            self.local[key] = tat + step
        return 0.0


meter = Meter()


class CallerThrottle(BaseThrottle):
    """The budget of one key or one member."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def allow_request(self, request: Request, view: Any) -> bool:
        who = getattr(request, "who", None)
        if who is None:
            return True
        self.seconds = meter.wait(
            f"{who.tenant_id}:{who.pk}",
            per_minute=getattr(settings, "CS_API_PER_MINUTE", 6000),
            burst=getattr(settings, "CS_API_BURST", 600),
        )
        return self.seconds <= 0

    def wait(self) -> float:
        return self.seconds
