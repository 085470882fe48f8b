"""Retries: which requests may be sent again, and when. Pure."""

from __future__ import annotations

import enum
import os
import random
import time
from dataclasses import dataclass
from typing import Optional

from .errors import ApiError, PositionNotReachedError, ShelfmarkError, UnreachableError


class Repeat(enum.Enum):
    """When a request may be sent again."""

    ALWAYS = "always"
    """Twice does what once does: reads, events with ids, whole items, patches."""
    REFUSED = "refused"
    """Only when it is certain that nothing was done: refused with 429, or never sent."""


@dataclass(frozen=True)
class RetryPolicy:
    """Bounds of retries: exponential backoff with full jitter, and the service's `Retry-After` where it is longer."""

    attempts_max: int = 6
    """Sends of one request, the first included."""
    backoff_s: float = 0.1
    """Mean pause before the second attempt, doubled each time."""
    backoff_max_s: float = 5.0
    """Longest pause of the backoff."""
    retry_after_max_s: float = 30.0
    """Longest `Retry-After` that is waited for; a longer one ends the attempts."""

    def pause_s(self, attempt: int, error: ShelfmarkError, repeat: Repeat) -> Optional[float]:
        """Seconds until the next attempt after `attempt` (from 1) failed; `None` when there is none."""
        if attempt >= self.attempts_max or not may_repeat(error, repeat):
            return None
        pause = self.backoff(attempt)
        asked = error.retry_after_s if isinstance(error, ApiError) else None
        if asked is None:
            return pause
        # Jitter after it, so that those who were refused together do not come back together.
        return asked + pause if asked <= self.retry_after_max_s else None

    def backoff(self, attempt: int) -> float:
        """A random pause after `attempt` (from 1) failed (full jitter)."""
        longest = min(self.backoff_max_s, 2 * self.backoff_s * 2.0 ** min(attempt - 1, 32))
        return random.uniform(0.0, longest)


class NotSentError(UnreachableError):
    """No connection was made, so nothing was sent."""


def may_repeat(error: ShelfmarkError, repeat: Repeat) -> bool:
    """Whether the request that ended so may be sent again."""
    if isinstance(error, NotSentError):
        return True
    if isinstance(error, UnreachableError):
        return repeat is Repeat.ALWAYS
    if not isinstance(error, ApiError) or isinstance(error, PositionNotReachedError):
        # The service has waited for the position as long as it was asked to.
        return False
    return error.status == 429 or (repeat is Repeat.ALWAYS and error.status in (408, 502, 503, 504))


def new_event_id() -> str:
    """An id for an event: a UUID of version 7, which sorts by time."""
    bits = int(time.time() * 1000) << 80 | int.from_bytes(os.urandom(10), "big")
    bits = bits & ~(0xF << 76) | 7 << 76
    bits = bits & ~(0x3 << 62) | 2 << 62
    text = f"{bits:032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
