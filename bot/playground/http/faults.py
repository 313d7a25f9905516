"""Make requests fail, wait or be rate limited on purpose, for tests."""

import asyncio
import re
from dataclasses import dataclass

from aiohttp import web

from bot.playground.http.ratelimit import too_many
from bot.playground.rest.requests import reply


@dataclass(slots=True)
class _Fault:
    method: str
    path: re.Pattern[str]
    times: int
    status: int | None = None
    seconds: float = 0.0
    is_global: bool = False
    afterwards: bool = False
    code: int = 0

    def hits(self, method: str, path: str) -> bool:
        return self.times > 0 and self.method in ("*", method) and bool(self.path.search(path))


class Faults:
    """Hold the failures that wait for a request; each hits `times` requests, oldest fault first.

    `method` is a verb or "*"; `path` is a regular expression searched for in the path after /api/v10.
    """

    def __init__(self) -> None:
        self._waiting: list[_Fault] = []

    def rate_limit(
        self,
        method: str,
        path: str,
        times: int = 1,
        retry_after: float = 0.2,
        is_global: bool = False,
    ) -> None:
        """Answer 429; `retry_after` is in seconds."""
        self._add(_Fault(method, re.compile(path), times, 429, retry_after, is_global))

    def fail(self, method: str, path: str, status: int = 500, times: int = 1, *, code: int = 0) -> None:
        """Answer with a failure, of one of Discord's error codes, without doing what was asked."""
        self._add(_Fault(method, re.compile(path), times, status, code=code))

    def lose(self, method: str, path: str, status: int = 502, times: int = 1) -> None:
        """Do what was asked, and answer with a failure all the same."""
        self._add(_Fault(method, re.compile(path), times, status, afterwards=True))

    def delay(self, method: str, path: str, seconds: float, times: int = 1) -> None:
        """Answer late, doing what was asked."""
        self._add(_Fault(method, re.compile(path), times, None, seconds))

    def clear(self) -> None:
        """Forget every fault."""
        self._waiting.clear()

    async def strike(self, method: str, path: str) -> web.Response | None:
        """Return the failure that this request meets, if any, after the delay that it meets."""
        fault = self._take(method, path, afterwards=False)
        if fault is None:
            return None
        if fault.status == 429:
            return too_many(fault.seconds, is_global=fault.is_global)
        if fault.status is not None:
            return _failure(fault.status, fault.code)
        await asyncio.sleep(fault.seconds)
        return None

    def loses(self, method: str, path: str) -> web.Response | None:
        """Return the failure that stands for the answer to a request that was carried out, if any."""
        fault = self._take(method, path, afterwards=True)
        return None if fault is None or fault.status is None else _failure(fault.status)

    def _take(self, method: str, path: str, *, afterwards: bool) -> _Fault | None:
        for fault in self._waiting:
            if fault.afterwards == afterwards and fault.hits(method, path):
                fault.times -= 1
                self._waiting = [f for f in self._waiting if f.times > 0]
                return fault
        return None

    def _add(self, fault: _Fault) -> None:
        self._waiting.append(fault)


def _failure(status: int, code: int = 0) -> web.Response:
    return reply({"message": f"{status}: a fault was asked for", "code": code}, status)
