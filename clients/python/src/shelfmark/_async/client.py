"""The client: connections, retries, and sessions that read their own writes."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any, Optional, Type

import httpx

from .. import _call
from .._call import Call
from ..errors import PositionNotReachedError, ShelfmarkError, UnreachableError, error_of
from ..retry import NotSentError, RetryPolicy
from .api import AsyncApi


class AsyncClient(AsyncApi):
    """A client of one model of a service. Safe to share; one for a process is enough."""

    def __init__(
        self,
        url: str = "http://127.0.0.1:8080",
        *,
        model: str = "default",
        key: Optional[str] = None,
        timeout_s: float = 10.0,
        retry: Optional[RetryPolicy] = None,
        http: Optional[httpx.AsyncClient] = None,
    ) -> None:
        """`timeout_s` bounds each attempt, beside what a read waits for its position. `http` brings settings of its
        own: proxies, certificates, limits. It is then not closed here."""
        self.model = model
        """The model that the methods are about."""
        self._root = url.rstrip("/")
        self._timeout_s = timeout_s
        self._retry = retry if retry is not None else RetryPolicy()
        self._headers = {"user-agent": _call.USER_AGENT}
        if key is not None:
            self._headers["authorization"] = f"Bearer {key}"
        self._owns_http = http is None
        self._http = http if http is not None else httpx.AsyncClient()

    def session(self, position: int = 0, *, strict: bool = False) -> AsyncSession:
        """A session: its reads see its writes. `position` goes on with an earlier one, such as from a cookie."""
        return AsyncSession(self, position, strict=strict)

    async def aclose(self) -> None:
        """Closes the connections."""
        if self._owns_http:
            await self._http.aclose()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        await self.aclose()

    async def _send(self, call: Call) -> Any:
        attempt = 1
        while True:
            try:
                return await self._attempt(call)
            except ShelfmarkError as error:
                pause = self._retry.pause_s(attempt, error, call.repeat)
                if pause is None:
                    raise
            await asyncio.sleep(pause)
            attempt += 1

    async def _attempt(self, call: Call) -> Any:
        """Sends a request once."""
        try:
            response = await self._http.request(
                call.method,
                call.url(self._root, self.model),
                params=call.params(),
                json=call.body,
                headers={**self._headers, "accept": call.accept},
                timeout=self._timeout_s + call.wait_s(),
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise NotSentError(f"no connection to {self._root}: {error}") from error
        except httpx.HTTPError as error:
            raise UnreachableError(f"no answer from {self._root}: {error!r}") from error
        if not response.is_success:
            raise error_of(response.status_code, response.content, response.headers.get("retry-after"))
        if response.status_code == 204:
            return None
        return response.json() if call.accept == _call.JSON else response.content


class AsyncSession(AsyncApi):
    """Requests of one person: each read waits until the model has learned what was written here before.

    While that cannot be, since a version is pinned or learning is behind by more than the wait, a read is answered by
    the state that there is. Its `position` is below `position` of the session then. With `strict` it raises
    `PositionNotReachedError` instead.
    """

    def __init__(self, client: AsyncClient, position: int = 0, *, strict: bool = False) -> None:
        self._client = client
        self.position = position
        """The last position written here: what reads wait for."""
        self.strict = strict
        """Whether a read that cannot see the session's writes is an error."""

    def saw(self, position: int) -> None:
        """Makes later reads wait for a position that came from elsewhere, such as from a writer's `flush`."""
        self.position = max(self.position, position)

    async def _send(self, call: Call) -> Any:
        later = call.at(self.position)
        try:
            answer = await self._client._send(later)
        except PositionNotReachedError:
            if self.strict or later is call:
                raise
            answer = await self._client._send(call)
        if call.position_in is None and isinstance(answer, dict):
            position = answer.get("position")
            if "accepted" in answer and isinstance(position, int):
                self.saw(position)
        return answer
