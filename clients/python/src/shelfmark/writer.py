"""A writer of events in batches, on a thread of its own."""

from __future__ import annotations

import atexit
import threading
import time
from datetime import datetime, timezone
from types import TracebackType
from typing import Callable, Iterable, Optional, Type

from ._batching import Batching, Dropped, Report, WriterOptions, log, snapshot
from ._call import appended, write
from ._sync.client import Client
from .errors import ApiError, QueueFullError, ShelfmarkError, WriterClosedError
from .retry import RetryPolicy
from .types import EventIn


class EventWriter:
    """Sends events in batches, in order, until each is durable or has a reason why it cannot be.

    Events without an id get one when they are added, so an attempt whose answer was lost is repeated without harm. The
    writer goes on through refusals (429), failures and restarts of the service. At the end of the process it is closed;
    a process that is killed loses what is still in the queue, so flush before you acknowledge an event to others.
    """

    def __init__(
        self,
        client: Client,
        *,
        options: Optional[WriterOptions] = None,
        on_drop: Optional[Callable[[Dropped], None]] = None,
        close_timeout_s: float = 30.0,
    ) -> None:
        """`on_drop` is called with each event that is given up, on the writer's thread: it must be quick."""
        self._client = client
        self._options = options if options is not None else WriterOptions()
        self._batching = Batching(self._options, on_drop)
        self._retry = RetryPolicy(backoff_max_s=self._options.backoff_max_s)
        self._close_timeout_s = close_timeout_s
        self._changed = threading.Condition()
        self._flushing = 0
        self._closing = False
        self._deadline: Optional[float] = None
        self._last_error: Optional[ShelfmarkError] = None
        self._thread = threading.Thread(target=self._run, name="shelfmark-writer", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def add(self, event: EventIn, *, timeout_s: Optional[float] = None) -> None:
        """Takes an event. Waits while the queue is full, up to `timeout_s`; then raises `QueueFullError`."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        with self._changed:
            while not self._closing and not self._batching.has_room():
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    raise QueueFullError(f"the queue is full{self._because()}")
                self._changed.wait(left)
            if self._closing:
                raise WriterClosedError("the writer is closed")
            self._batching.add(event, time.monotonic(), datetime.now(timezone.utc).isoformat())
            self._changed.notify_all()

    def add_all(self, events: Iterable[EventIn], *, timeout_s: Optional[float] = None) -> None:
        """Takes events, one after the other."""
        for event in events:
            self.add(event, timeout_s=timeout_s)

    def flush(self, timeout_s: Optional[float] = None) -> Report:
        """Waits until every event added so far is durable or dropped. After a `TimeoutError` the writer goes on."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        with self._changed:
            upto = self._batching.added
            self._flushing = max(self._flushing, upto)
            self._changed.notify_all()
            while self._batching.settled < upto:
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    waiting = upto - self._batching.settled
                    raise TimeoutError(f"{waiting} events are not delivered{self._because()}")
                self._changed.wait(left)
            return snapshot(self._batching.report)

    def close(self, timeout_s: Optional[float] = None) -> Report:
        """Takes no more events and delivers the rest. What is left after `timeout_s` is dropped, with a reason."""
        timeout_s = self._close_timeout_s if timeout_s is None else timeout_s
        with self._changed:
            self._closing = True
            if self._deadline is None:
                self._deadline = time.monotonic() + timeout_s
            self._changed.notify_all()
        # The attempt under way ends by itself, within its own time limit.
        self._thread.join()
        atexit.unregister(self.close)
        return self.report

    @property
    def report(self) -> Report:
        """What became of the events so far."""
        with self._changed:
            return snapshot(self._batching.report)

    @property
    def last_error(self) -> Optional[ShelfmarkError]:
        """Why the newest attempt failed; `None` while all is well."""
        return self._last_error

    def __enter__(self) -> EventWriter:
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()

    def _because(self) -> str:
        return "" if self._last_error is None else f"; the newest attempt failed: {self._last_error}"

    def _run(self) -> None:
        attempt = 0
        while True:
            with self._changed:
                if not self._wait_for_batch():
                    return
                batch = self._batching.take(time.monotonic())
                self._changed.notify_all()
            if not batch:
                continue
            try:
                answer = self._client._attempt(write("POST", "events", {"events": batch}))
                answer = appended(answer, batch)
            except Exception as cause:
                # Whatever it is, such as a closed client: the events stay in the queue.
                error = cause if isinstance(cause, ShelfmarkError) else ShelfmarkError(repr(cause))
                attempt += 1
                with self._changed:
                    go_on = self._batching.failed(error)
                    self._note(error)
                    self._changed.notify_all()
                    if not go_on:
                        self._pause(attempt, error)
                continue
            attempt = 0
            with self._changed:
                self._batching.answered(answer)
                self._last_error = None
                self._changed.notify_all()

    def _wait_for_batch(self) -> bool:
        """Waits until there is something to send; `False` at the end."""
        while self._batching.is_empty():
            if self._closing:
                return False
            self._changed.wait()
        linger = time.monotonic() + self._options.linger_s
        while not self._closing and not self._batching.is_full_batch() and self._flushing <= self._batching.settled:
            left = linger - time.monotonic()
            if left <= 0:
                break
            self._changed.wait(left)
        if self._deadline is not None and time.monotonic() >= self._deadline:
            self._batching.abandon(str(self._last_error or "there was no time"))
            self._changed.notify_all()
            return False
        return True

    def _pause(self, attempt: int, error: ShelfmarkError) -> None:
        """Waits before the next attempt, not longer than the writer has until it closes."""
        pause = self._retry.backoff(attempt)
        if isinstance(error, ApiError) and error.retry_after_s is not None:
            pause += min(error.retry_after_s, self._options.retry_after_max_s)
        until = time.monotonic() + pause
        while True:
            now = time.monotonic()
            end = until if self._deadline is None else min(until, self._deadline)
            if now >= end:
                return
            self._changed.wait(end - now)

    def _note(self, error: ShelfmarkError) -> None:
        if self._last_error is None or str(self._last_error) != str(error):
            log.warning("events could not be sent: %s", error)
        self._last_error = error
