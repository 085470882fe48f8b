"""Requests as values: what both clients send, and how the answer to them is read. Without any input or output."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any, Dict, Iterable, List, Literal, Mapping, Optional, cast
from urllib.parse import quote

from .retry import Repeat, new_event_id
from .types import Appended, EventIn

JSON = "application/json"

USER_AGENT = "shelfmark-python/0.1.0"


@dataclass(frozen=True)
class Call:
    """One request. The path is below the model, or below the service's root when it begins with a slash."""

    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Optional[Mapping[str, Any]] = None
    repeat: Repeat = Repeat.ALWAYS
    accept: str = JSON
    position_in: Optional[Literal["query", "body"]] = None
    """Where a read names `min_position`; `None` for what is no read of a state."""

    def at(self, min_position: int) -> Call:
        """The same read at `min_position` or later, unless it names a position or a version itself."""
        if self.position_in is None or min_position <= 0:
            return self
        named = (self.body or {}) if self.position_in == "body" else self.query
        if named.get("min_position") is not None or named.get("version") is not None:
            return self
        later = {**named, "min_position": min_position}
        if self.position_in == "body":
            return dataclasses.replace(self, body=later)
        return dataclasses.replace(self, query=later)

    def url(self, root: str, model: str) -> str:
        """The address."""
        if self.path.startswith("/"):
            return root + self.path
        return f"{root}/v1/models/{segment(model)}/{self.path}".rstrip("/")

    def params(self) -> Dict[str, str]:
        """The query as text."""
        return {name: _text(value) for name, value in self.query.items() if value is not None}

    def wait_s(self) -> float:
        """Seconds that the service may wait before it answers, by the call's own wish."""
        named = {**self.query, **(self.body or {})}
        if named.get("min_position") is None and named.get("wait") != "applied":
            return 0.0
        wait = named.get("timeout_ms")
        return 2.0 if wait is None else float(wait) / 1000.0


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    return json.dumps(value) if isinstance(value, (dict, list, tuple)) else str(value)


def segment(text: str) -> str:
    """One segment of a path. `.` and `..` cannot be one: programs on the way would take them for folders."""
    text = str(text)
    if text in ("", ".", ".."):
        raise ValueError(f"the id {text!r} cannot stand in a path")
    return quote(text, safe="")


def given(**fields: Any) -> Dict[str, Any]:
    """The fields that are not `None`; a trailing underscore is taken off their names (`with_`)."""
    return {name.rstrip("_"): value for name, value in fields.items() if value is not None}


def read(path: str, **query: Any) -> Call:
    """A read of a state by GET."""
    return Call("GET", path, query=given(**query), position_in="query")


def search(path: str, body: Mapping[str, Any]) -> Call:
    """A read of a state by POST."""
    return Call("POST", path, body=body, position_in="body")


def write(
    method: str,
    path: str,
    body: Optional[Mapping[str, Any]] = None,
    *,
    wait: Optional[str] = None,
    timeout_ms: Optional[int] = None,
) -> Call:
    """An append to the log that may be repeated."""
    return Call(method, path, query=given(wait=wait, timeout_ms=timeout_ms), body=body)


def with_ids(events: Iterable[EventIn]) -> List[EventIn]:
    """The events, each with an id, so that they may be sent again."""
    return [event if event.get("event_id") is not None else with_id(event) for event in events]


def with_id(event: EventIn) -> EventIn:
    """The event with a new id."""
    return cast(EventIn, {**event, "event_id": new_event_id()})


def appended(answer: Any, events: List[EventIn]) -> Appended:
    """The answer to an append of events, with the ids of those that were taken: the service returns only its own."""
    rejected = {rejection["index"] for rejection in answer["rejected"]}
    # The list of rejections is bounded: beyond the bound it is not known which they are.
    if answer["rejected_count"] == len(answer["rejected"]):
        ids = [None if place in rejected else str(event["event_id"]) for place, event in enumerate(events)]
        answer["event_ids"] = ids
    return cast(Appended, answer)
