"""The queue of a writer as a state machine: what is sent next, and what its answer means. Without threads, clocks and
connections, so both writers share it."""

from __future__ import annotations

import json
import logging
from collections import deque
from dataclasses import dataclass, field
from typing import Callable, Deque, List, Optional, cast

from .errors import ApiError, QueueFullError, ShelfmarkError
from .retry import new_event_id
from .types import Appended, EventIn, Rejection

log = logging.getLogger("shelfmark.writer")

BATCH_EVENTS_MAX = 1000
"""A batch has at most as many events as an answer names rejections, so that each has its reason."""

FOR_GOOD = (400, 409, 413, 422, 507)
"""Statuses that the same events get again. Others pass, 401 to 404 among them: keys are changed, models are created."""


@dataclass(frozen=True)
class Dropped:
    """An event that was not written, and why."""

    event: EventIn
    code: str
    """The service's code, such as `unknown_kind`; `expired` and `closed` are the writer's own."""
    field: str
    """The field at fault; empty for the whole event."""
    detail: str


@dataclass(frozen=True)
class WriterOptions:
    """Bounds of a writer."""

    batch_events_max: int = 500
    """Events of one request, at most 1,000."""
    batch_bytes_max: int = 1 << 20
    """Bytes of one request, about."""
    queue_events_max: int = 10_000
    """Events that wait or are under way. When it is full, `add` waits, and then raises."""
    linger_s: float = 0.05
    """How long the first event of a batch waits for others."""
    event_age_max_s: float = 3600.0
    """How long delivery of an event is tried before it is dropped as `expired`."""
    backoff_max_s: float = 5.0
    """Longest pause between attempts, unless `Retry-After` is longer."""
    retry_after_max_s: float = 60.0
    """Longest `Retry-After` that is kept to."""

    def __post_init__(self) -> None:
        if not 1 <= self.batch_events_max <= BATCH_EVENTS_MAX:
            raise ValueError(f"batch_events_max must be 1 to {BATCH_EVENTS_MAX}, is {self.batch_events_max}")
        if self.queue_events_max < 1:
            raise ValueError(f"queue_events_max must be 1 or more, is {self.queue_events_max}")


@dataclass
class Report:
    """What became of the events so far."""

    accepted: int = 0
    """New in the log."""
    duplicates: int = 0
    """In the log already, mostly from an attempt whose answer was lost."""
    dropped: int = 0
    """Not written; `on_drop` was told of each."""
    position: int = 0
    """Last position among the events: what reads that must see them name as `min_position`."""


@dataclass
class _Entry:
    event: EventIn
    bytes: int
    since: float


@dataclass
class Batching:
    """Events on their way: the front of the queue is under way, and stays there until its answer is known."""

    options: WriterOptions
    on_drop: Optional[Callable[[Dropped], None]] = None
    report: Report = field(default_factory=Report)
    added: int = 0
    """Events taken so far."""
    settled: int = 0
    """Events whose fate is known; always the oldest."""
    _queue: Deque[_Entry] = field(default_factory=deque)
    _in_flight: int = 0
    _smaller: int = BATCH_EVENTS_MAX

    def has_room(self) -> bool:
        return len(self._queue) < self.options.queue_events_max

    def is_empty(self) -> bool:
        return not self._queue

    def is_full_batch(self) -> bool:
        return len(self._queue) >= self.options.batch_events_max

    def add(self, event: EventIn, now: float, arrival: str) -> int:
        """Takes an event; returns how many were taken with it. An event without an id gets one, and then a time, too.

        An event with an id of the caller's stays as it is: sent again by another process it must have the same body."""
        if not self.has_room():
            raise QueueFullError(f"{len(self._queue)} events wait, which is the maximum")
        if event.get("event_id") is None:
            event = cast(EventIn, {"ts": arrival, **event, "event_id": new_event_id()})
        else:
            event = cast(EventIn, dict(event))
        size = len(json.dumps(event, ensure_ascii=False, allow_nan=False).encode())
        self._queue.append(_Entry(event, size, now))
        self.added += 1
        return self.added

    def take(self, now: float) -> List[EventIn]:
        """The next batch. It stays in the queue until `answered` or `failed` settles it."""
        while self._queue and now - self._queue[0].since > self.options.event_age_max_s:
            hours = self.options.event_age_max_s
            self._drop(self._queue[0], "expired", "", f"could not be delivered within {hours:g} s")
            self._settle(1)
        taken, size = 0, 0
        for entry in self._queue:
            size += entry.bytes + 1
            full = taken >= min(self.options.batch_events_max, self._smaller) or size > self.options.batch_bytes_max
            if taken and full:
                break
            taken += 1
        self._in_flight = taken
        return [self._queue[place].event for place in range(taken)]

    def answered(self, answer: Appended) -> None:
        """Settles the batch under way: it is durable, but for what the answer names."""
        self.report.accepted += answer["accepted"]
        self.report.duplicates += answer["duplicates"]
        if answer["accepted"] + answer["duplicates"]:
            self.report.position = max(self.report.position, answer["position"])
        self._reject(answer["rejected"])
        self._settle(self._in_flight)
        self._smaller = BATCH_EVENTS_MAX

    def failed(self, error: ShelfmarkError) -> bool:
        """Takes note that the batch under way was not taken. Returns whether to go on at once: what will never be taken
        is dropped, and a batch that is refused as a whole is halved until the event at fault is alone."""
        if not isinstance(error, ApiError) or error.status not in FOR_GOOD:
            return False
        if error.code == "nothing_taken" or (error.status == 507 and error.rejected):
            self._reject(error.rejected)
            self._settle(self._in_flight)
        elif self._in_flight > 1:
            self._smaller = self._in_flight // 2
        else:
            self._drop(self._queue[0], error.code, error.field or "", error.detail)
            self._settle(1)
            self._smaller = BATCH_EVENTS_MAX
        return True

    def abandon(self, why: str) -> None:
        """Drops everything that is left, because the writer is closed."""
        for entry in self._queue:
            self._drop(entry, "closed", "", f"the writer was closed before it could be delivered: {why}")
        self._settle(len(self._queue))

    def _reject(self, rejected: List[Rejection]) -> None:
        for rejection in rejected:
            place = rejection["index"]
            if place < self._in_flight:
                self._drop(self._queue[place], rejection["code"], rejection["field"], rejection["detail"])

    def _drop(self, entry: _Entry, code: str, field_name: str, detail: str) -> None:
        self.report.dropped += 1
        log.warning("event dropped: %s (%s): %s", code, field_name, detail)
        if self.on_drop is None:
            return
        try:
            self.on_drop(Dropped(entry.event, code, field_name, detail))
        except Exception:
            log.exception("on_drop failed")

    def _settle(self, count: int) -> None:
        for _ in range(count):
            self._queue.popleft()
        self.settled += count
        self._in_flight = 0


def snapshot(report: Report) -> Report:
    """A copy that does not change."""
    return Report(**vars(report))
