"""A writer of events in batches, as a task of the event loop."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime, timezone
from types import TracebackType
from typing import Callable, Iterable, Optional, Type

from ._async.client import AsyncClient
from ._batching import Batching, Dropped, Report, WriterOptions, log, snapshot
from ._call import appended, write
from .errors import ApiError, QueueFullError, ShelfmarkError, WriterClosedError
from .retry import RetryPolicy
from .types import EventIn


class AsyncEventWriter:
    """As `EventWriter`, for asyncio: `async with AsyncEventWriter(client) as writer`. Make it within a running loop."""

    def __init__(
        self,
        client: AsyncClient,
        *,
        options: Optional[WriterOptions] = None,
        on_drop: Optional[Callable[[Dropped], None]] = None,
        close_timeout_s: float = 30.0,
    ) -> None:
        """`on_drop` is called with each event that is given up, on the event loop: it must be quick."""
        self._client = client
        self._options = options if options is not None else WriterOptions()
        self._batching = Batching(self._options, on_drop)
        self._retry = RetryPolicy(backoff_max_s=self._options.backoff_max_s)
        self._close_timeout_s = close_timeout_s
        self._changed = asyncio.Event()
        self._flushing = 0
        self._closing = False
        self._deadline: Optional[float] = None
        self._last_error: Optional[ShelfmarkError] = None
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def add(self, event: EventIn, *, timeout_s: Optional[float] = None) -> None:
        """Takes an event. Waits while the queue is full, up to `timeout_s`; then raises `QueueFullError`."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while not self._closing and not self._batching.has_room():
            if not await self._wait(deadline):
                raise QueueFullError(f"the queue is full{self._because()}")
        if self._closing:
            raise WriterClosedError("the writer is closed")
        self._batching.add(event, time.monotonic(), datetime.now(timezone.utc).isoformat())
        self._notify()

    async def add_all(self, events: Iterable[EventIn], *, timeout_s: Optional[float] = None) -> None:
        """Takes events, one after the other."""
        for event in events:
            await self.add(event, timeout_s=timeout_s)

    async def flush(self, timeout_s: Optional[float] = None) -> Report:
        """Waits until every event added so far is durable or dropped. After a `TimeoutError` the writer goes on."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        upto = self._batching.added
        self._flushing = max(self._flushing, upto)
        self._notify()
        while self._batching.settled < upto:
            if not await self._wait(deadline):
                waiting = upto - self._batching.settled
                raise TimeoutError(f"{waiting} events are not delivered{self._because()}")
        return self.report

    async def close(self, timeout_s: Optional[float] = None) -> Report:
        """Takes no more events and delivers the rest. What is left after `timeout_s` is dropped, with a reason."""
        self._closing = True
        if self._deadline is None:
            self._deadline = time.monotonic() + (self._close_timeout_s if timeout_s is None else timeout_s)
        self._notify()
        # The attempt under way ends by itself, within its own time limit.
        await asyncio.shield(self._task)
        return self.report

    @property
    def report(self) -> Report:
        """What became of the events so far."""
        return snapshot(self._batching.report)

    @property
    def last_error(self) -> Optional[ShelfmarkError]:
        """Why the newest attempt failed; `None` while all is well."""
        return self._last_error

    async def __aenter__(self) -> AsyncEventWriter:
        return self

    async def __aexit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        await self.close()

    def _because(self) -> str:
        return "" if self._last_error is None else f"; the newest attempt failed: {self._last_error}"

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _wait(self, deadline: Optional[float]) -> bool:
        """Waits for a change; `False` when the deadline came first."""
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            return False
        try:
            await asyncio.wait_for(self._changed.wait(), left)
        except asyncio.TimeoutError:
            return False
        return True

    async def _run(self) -> None:
        attempt = 0
        while await self._wait_for_batch():
            batch = self._batching.take(time.monotonic())
            self._notify()
            if not batch:
                continue
            try:
                answer = await self._client._attempt(write("POST", "events", {"events": batch}))
                answer = appended(answer, batch)
            except Exception as cause:
                # Whatever it is, such as a closed client: the events stay in the queue.
                error = cause if isinstance(cause, ShelfmarkError) else ShelfmarkError(repr(cause))
                attempt += 1
                go_on = self._batching.failed(error)
                self._note(error)
                self._notify()
                if not go_on:
                    await self._pause(attempt, error)
                continue
            attempt = 0
            self._batching.answered(answer)
            self._last_error = None
            self._notify()

    async def _wait_for_batch(self) -> bool:
        """Waits until there is something to send; `False` at the end."""
        while self._batching.is_empty():
            if self._closing:
                return False
            await self._wait(None)
        linger = time.monotonic() + self._options.linger_s
        while not self._closing and not self._batching.is_full_batch() and self._flushing <= self._batching.settled:
            if not await self._wait(linger):
                break
        if self._deadline is not None and time.monotonic() >= self._deadline:
            self._batching.abandon(str(self._last_error or "there was no time"))
            self._notify()
            return False
        return True

    async def _pause(self, attempt: int, error: ShelfmarkError) -> None:
        """Waits before the next attempt, not longer than the writer has until it closes."""
        pause = self._retry.backoff(attempt)
        if isinstance(error, ApiError) and error.retry_after_s is not None:
            pause += min(error.retry_after_s, self._options.retry_after_max_s)
        until = time.monotonic() + pause
        while await self._wait(until if self._deadline is None else min(until, self._deadline)):
            pass

    def _note(self, error: ShelfmarkError) -> None:
        if self._last_error is None or str(self._last_error) != str(error):
            log.warning("events could not be sent: %s", error)
        self._last_error = error
