"""Methods about what the model learns from: events, items, users."""

from __future__ import annotations

from typing import Any, Iterable, Literal, Mapping, Optional, Sequence, Union, cast

from .. import _call
from .._call import Call, given, read, segment, write
from ..retry import Repeat
from ..types import (
    Appended,
    EventIn,
    GivenId,
    Item,
    ItemPatchBody,
    ItemsOut,
    OperationOut,
    PropertyValue,
    RecordsOut,
    UserOut,
    UsersOut,
)

Wait = Literal["logged", "applied"]


class AsyncRecordsApi:
    """What a client and a session can be asked for, as far as it is about records."""

    async def _send(self, call: Call) -> Any:
        """Sends a request, and again as far as that is harmless. Returns the answer as JSON, or as bytes."""
        raise NotImplementedError

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Optional[Mapping[str, Any]] = None,
        body: Optional[Mapping[str, Any]] = None,
        repeat: Repeat = Repeat.REFUSED,
    ) -> Any:
        """Sends any request. `path` is below the model (`learning`), or with a slash below the root (`/v1/models`)."""
        call = Call(method, path, query=query or {}, body=body, repeat=Repeat.ALWAYS if method == "GET" else repeat)
        return await self._send(call)

    # Events

    async def append_event(
        self,
        *,
        item: GivenId,
        kind: str,
        user: Optional[GivenId] = None,
        session: Optional[GivenId] = None,
        event_id: Optional[GivenId] = None,
        ts: Optional[Union[str, float]] = None,
        value: Optional[float] = None,
        context: Optional[Sequence[str]] = None,
        recommendation_id: Optional[str] = None,
        properties: Optional[Mapping[str, Any]] = None,
        wait: Optional[Wait] = None,
        timeout_ms: Optional[int] = None,
    ) -> Appended:
        """Appends one event. Without an `event_id` it gets one here, so that a retry never counts twice."""
        event = given(
            item=item,
            kind=kind,
            user=user,
            session=session,
            event_id=event_id,
            ts=ts,
            value=value,
            context=context,
            recommendation_id=recommendation_id,
            properties=properties,
        )
        [event_with_id] = _call.with_ids([cast(EventIn, event)])
        answer = await self._send(write("POST", "events", event_with_id, wait=wait, timeout_ms=timeout_ms))
        return _call.appended(answer, [event_with_id])

    async def append_events(
        self, events: Iterable[EventIn], *, wait: Optional[Wait] = None, timeout_ms: Optional[int] = None
    ) -> Appended:
        """Appends up to 10,000 events. `rejected` names those that were not taken; when none was, it is an error."""
        listed = _call.with_ids(events)
        answer = await self._send(write("POST", "events", {"events": listed}, wait=wait, timeout_ms=timeout_ms))
        return _call.appended(answer, listed)

    async def retract_event(
        self, event_id: str, *, wait: Optional[Wait] = None, timeout_ms: Optional[int] = None
    ) -> Appended:
        """Takes an event back: an unlike, a cancelled order."""
        call = write("DELETE", f"events/{segment(event_id)}", wait=wait, timeout_ms=timeout_ms)
        return cast(Appended, await self._send(call))

    async def list_events(
        self,
        *,
        user: Optional[str] = None,
        item: Optional[str] = None,
        after: Optional[int] = None,
        limit: Optional[int] = None,
        min_position: Optional[int] = None,
        timeout_ms: Optional[int] = None,
    ) -> RecordsOut:
        """Reads a page of the log. Go on with `next_after` until it is null."""
        call = read(
            "events",
            user=user,
            item=item,
            after=after,
            limit=limit,
            min_position=min_position,
            timeout_ms=timeout_ms,
        )
        return cast(RecordsOut, await self._send(call))

    # Items

    async def put_items(
        self, items: Iterable[Item], *, wait: Optional[Wait] = None, timeout_ms: Optional[int] = None
    ) -> Appended:
        """Puts items, each whole: what is left out is gone."""
        body = {"items": list(items)}
        return cast(Appended, await self._send(write("POST", "items", body, wait=wait, timeout_ms=timeout_ms)))

    async def put_item(self, item: Item, *, wait: Optional[Wait] = None, timeout_ms: Optional[int] = None) -> Appended:
        """Puts one item whole: what is left out is gone."""
        return await self.put_items([item], wait=wait, timeout_ms=timeout_ms)

    async def patch_items(
        self, items: Iterable[ItemPatchBody], *, wait: Optional[Wait] = None, timeout_ms: Optional[int] = None
    ) -> Appended:
        """Changes what each entry names of the item with its `id` (RFC 7396)."""
        body = {"items": list(items)}
        return cast(Appended, await self._send(write("PATCH", "items", body, wait=wait, timeout_ms=timeout_ms)))

    async def patch_item(
        self, id: str, changes: ItemPatchBody, *, wait: Optional[Wait] = None, timeout_ms: Optional[int] = None
    ) -> Appended:
        """Changes what `changes` names of one item (RFC 7396)."""
        call = write("PATCH", f"items/{segment(id)}", changes, wait=wait, timeout_ms=timeout_ms)
        return cast(Appended, await self._send(call))

    async def remove_item(
        self, id: str, *, wait: Optional[Wait] = None, timeout_ms: Optional[int] = None
    ) -> Appended:
        """Removes an item. It stays away until it is put again."""
        call = write("DELETE", f"items/{segment(id)}", wait=wait, timeout_ms=timeout_ms)
        return cast(Appended, await self._send(call))

    async def get_item(
        self, id: str, *, min_position: Optional[int] = None, timeout_ms: Optional[int] = None
    ) -> Item:
        """Returns an item's metadata."""
        call = read(f"items/{segment(id)}", min_position=min_position, timeout_ms=timeout_ms)
        return cast(Item, await self._send(call))

    async def list_items(
        self,
        *,
        cursor: Optional[int] = None,
        limit: Optional[int] = None,
        min_position: Optional[int] = None,
        timeout_ms: Optional[int] = None,
    ) -> ItemsOut:
        """Returns a page of the items. Go on with `next_cursor` until it is null."""
        call = read("items", cursor=cursor, limit=limit, min_position=min_position, timeout_ms=timeout_ms)
        return cast(ItemsOut, await self._send(call))

    # Users

    async def get_user(
        self, id: str, *, min_position: Optional[int] = None, timeout_ms: Optional[int] = None
    ) -> UserOut:
        """Returns what the model holds of a user."""
        call = read(f"users/{segment(id)}", min_position=min_position, timeout_ms=timeout_ms)
        return cast(UserOut, await self._send(call))

    async def list_users(
        self,
        *,
        cursor: Optional[int] = None,
        limit: Optional[int] = None,
        min_position: Optional[int] = None,
        timeout_ms: Optional[int] = None,
    ) -> UsersOut:
        """Returns a page of the users. Go on with `next_cursor` until it is null."""
        call = read("users", cursor=cursor, limit=limit, min_position=min_position, timeout_ms=timeout_ms)
        return cast(UsersOut, await self._send(call))

    async def put_user(
        self,
        id: str,
        labels: Mapping[str, PropertyValue],
        *,
        wait: Optional[Wait] = None,
        timeout_ms: Optional[int] = None,
    ) -> Appended:
        """Puts a user's labels: those left out are gone."""
        call = write("PUT", f"users/{segment(id)}", {"labels": labels}, wait=wait, timeout_ms=timeout_ms)
        return cast(Appended, await self._send(call))

    async def patch_user(
        self,
        id: str,
        labels: Mapping[str, Optional[PropertyValue]],
        *,
        wait: Optional[Wait] = None,
        timeout_ms: Optional[int] = None,
    ) -> Appended:
        """Changes the labels that are named; `None` takes one away."""
        call = write("PATCH", f"users/{segment(id)}", {"labels": labels}, wait=wait, timeout_ms=timeout_ms)
        return cast(Appended, await self._send(call))

    async def merge_user(
        self,
        id: str,
        *,
        session: Optional[GivenId] = None,
        user: Optional[GivenId] = None,
        wait: Optional[Wait] = None,
        timeout_ms: Optional[int] = None,
    ) -> Appended:
        """Moves what a session or another user did into the history of this user: a guest becomes a member."""
        body = given(session=session, user=user)
        call = write("POST", f"users/{segment(id)}/merge", body, wait=wait, timeout_ms=timeout_ms)
        return cast(Appended, await self._send(call))

    async def forget_user(self, id: str, *, unlearn: Optional[Literal["rows", "replay"]] = None) -> OperationOut:
        """Forgets a user in log, versions and memory (scope admin)."""
        call = Call("DELETE", f"users/{segment(id)}", query=given(unlearn=unlearn), repeat=Repeat.REFUSED)
        return cast(OperationOut, await self._send(call))
