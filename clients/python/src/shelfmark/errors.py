"""Errors of the client: what the service answered, and what no answer came to."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Mapping, Optional, Type, cast

from .types import FieldProblem, Problem, Rejection


class ShelfmarkError(Exception):
    """Base of all errors of this package."""


class UnreachableError(ShelfmarkError):
    """No answer came: no connection, a broken one, or the time was up. The request may have been carried out."""


class QueueFullError(ShelfmarkError):
    """The queue of a writer has no room. The event was not taken."""


class WriterClosedError(ShelfmarkError):
    """The writer is closed. The event was not taken."""


class ApiError(ShelfmarkError):
    """An answer that is no success: the service's problem document (RFC 9457)."""

    def __init__(self, status: int, problem: Mapping[str, Any], retry_after_s: Optional[float] = None) -> None:
        self.status = status
        """Status of the answer."""
        self.problem = cast(Problem, dict(problem))
        """The whole document."""
        self.retry_after_s = retry_after_s
        """Seconds after which the service asks to be asked again."""
        super().__init__(f"{status} {self.code}: {self.detail}")

    @property
    def code(self) -> str:
        """Stable name of the kind of problem, such as `invalid`."""
        return str(self.problem.get("code", "http"))

    @property
    def detail(self) -> str:
        """What is wrong, in words."""
        return str(self.problem.get("detail", "the answer is no problem document"))

    @property
    def request_id(self) -> Optional[str]:
        """Id of the request, as in the service's log."""
        return self.problem.get("request_id")

    @property
    def errors(self) -> List[FieldProblem]:
        """The fields at fault."""
        return self.problem.get("errors") or []

    @property
    def field(self) -> Optional[str]:
        """The first field at fault, dotted for nested ones."""
        return self.errors[0]["field"] if self.errors else None

    @property
    def rejected(self) -> List[Rejection]:
        """The entries of a batch, when none of them was taken."""
        return self.problem.get("rejected") or []

    @property
    def position(self) -> Optional[int]:
        """Position reached, or that of the other event of a conflict."""
        return self.problem.get("position")


class UnauthorizedError(ApiError):
    """401: no key, or one that is not known."""


class ForbiddenError(ApiError):
    """403: the key lacks the scope, or is for another model or origin."""


class NotFoundError(ApiError):
    """404: there is none of that name."""


class ConflictError(ApiError):
    """409: what stands there is in the way."""


class InvalidError(ApiError):
    """422: a value breaks its rule. `field` and `errors` name what."""


class TooManyRequestsError(ApiError):
    """429: nothing was taken; later."""


class UnavailableError(ApiError):
    """502, 503 or 504: not now."""


class PositionNotReachedError(UnavailableError):
    """503 `position_not_reached`: the state did not get to `min_position` in time. `position` is where it stands."""


BY_STATUS: Dict[int, Type[ApiError]] = {
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    422: InvalidError,
    429: TooManyRequestsError,
    502: UnavailableError,
    503: UnavailableError,
    504: UnavailableError,
}


def error_of(status: int, body: bytes, retry_after: Optional[str]) -> ApiError:
    """The error that an answer stands for."""
    try:
        problem = json.loads(body)
    except ValueError:
        problem = {}
    if not isinstance(problem, dict):
        problem = {}
    kind = BY_STATUS.get(status, ApiError)
    if problem.get("code") == "position_not_reached":
        kind = PositionNotReachedError
    try:
        wait = None if retry_after is None else max(0.0, float(retry_after))
    except ValueError:
        wait = None
    return kind(status, problem, wait)
