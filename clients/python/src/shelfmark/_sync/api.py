# Written by scripts/write_sync.py from _async/api.py; do not edit.
"""Methods of the client. Each is an operation of the HTTP API and has its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterable, Literal, Mapping, Optional, Sequence, Union, cast

from .. import _call, embeddings
from .._call import Call, given, read, search, segment, write
from ..retry import Repeat
from ..types import (
    About,
    Appended,
    BatchOut,
    Boost,
    Deployment,
    DryRunOut,
    EventIn,
    Exclusions,
    Filter,
    GivenId,
    GroupBy,
    Item,
    ItemPatchBody,
    ItemsOut,
    ModelOut,
    ModelsOut,
    Operation,
    OperationOut,
    PropertyValue,
    RankOut,
    RecommendationsBody,
    RecommendationsOut,
    RecordsOut,
    RollbackMode,
    RollbackTargetBody,
    SimilarOut,
    UserOut,
    UsersOut,
    VersionManifest,
    VersionsOut,
)

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

Wait = Literal["logged", "applied"]
With = Literal["item", "embedding", "explanation"]
Version = Union[int, str]


class Api:
    """What a client and a session can be asked for."""

    def _send(self, call: Call) -> Any:
        """Sends a request, and again as far as that is harmless. Returns the answer as JSON, or as bytes."""
        raise NotImplementedError

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Optional[Mapping[str, Any]] = None,
        body: Optional[Mapping[str, Any]] = None,
        repeat: Repeat = Repeat.REFUSED,
    ) -> Any:
        """Sends any request. `path` is below the model (`learning`), or below the root with a slash (`/v1/processes`)."""
        call = Call(method, path, query=query or {}, body=body, repeat=Repeat.ALWAYS if method == "GET" else repeat)
        return self._send(call)

    # Events

    def append_event(
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
        answer = self._send(write("POST", "events", event_with_id, wait=wait, timeout_ms=timeout_ms))
        return _call.appended(answer, [event_with_id])

    def append_events(
        self, events: Iterable[EventIn], *, wait: Optional[Wait] = None, timeout_ms: Optional[int] = None
    ) -> Appended:
        """Appends up to 10,000 events. `rejected` names those that were not taken; when none was, it is an error."""
        listed = _call.with_ids(events)
        answer = self._send(write("POST", "events", {"events": listed}, wait=wait, timeout_ms=timeout_ms))
        return _call.appended(answer, listed)

    def retract_event(
        self, event_id: str, *, wait: Optional[Wait] = None, timeout_ms: Optional[int] = None
    ) -> Appended:
        """Takes an event back: an unlike, a cancelled order."""
        call = write("DELETE", f"events/{segment(event_id)}", wait=wait, timeout_ms=timeout_ms)
        return cast(Appended, self._send(call))

    def list_events(
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
        return cast(RecordsOut, self._send(call))

    # Items

    def put_items(
        self, items: Iterable[Item], *, wait: Optional[Wait] = None, timeout_ms: Optional[int] = None
    ) -> Appended:
        """Puts items, each whole: what is left out is gone."""
        body = {"items": list(items)}
        return cast(Appended, self._send(write("POST", "items", body, wait=wait, timeout_ms=timeout_ms)))

    def put_item(self, item: Item, *, wait: Optional[Wait] = None, timeout_ms: Optional[int] = None) -> Appended:
        """Puts one item whole: what is left out is gone."""
        return self.put_items([item], wait=wait, timeout_ms=timeout_ms)

    def patch_items(
        self, items: Iterable[ItemPatchBody], *, wait: Optional[Wait] = None, timeout_ms: Optional[int] = None
    ) -> Appended:
        """Changes what each entry names of the item with its `id` (RFC 7396)."""
        body = {"items": list(items)}
        return cast(Appended, self._send(write("PATCH", "items", body, wait=wait, timeout_ms=timeout_ms)))

    def patch_item(
        self, id: str, changes: ItemPatchBody, *, wait: Optional[Wait] = None, timeout_ms: Optional[int] = None
    ) -> Appended:
        """Changes what `changes` names of one item (RFC 7396)."""
        call = write("PATCH", f"items/{segment(id)}", changes, wait=wait, timeout_ms=timeout_ms)
        return cast(Appended, self._send(call))

    def remove_item(
        self, id: str, *, wait: Optional[Wait] = None, timeout_ms: Optional[int] = None
    ) -> Appended:
        """Removes an item. It stays away until it is put again."""
        call = write("DELETE", f"items/{segment(id)}", wait=wait, timeout_ms=timeout_ms)
        return cast(Appended, self._send(call))

    def get_item(
        self, id: str, *, min_position: Optional[int] = None, timeout_ms: Optional[int] = None
    ) -> Item:
        """Returns an item's metadata."""
        call = read(f"items/{segment(id)}", min_position=min_position, timeout_ms=timeout_ms)
        return cast(Item, self._send(call))

    def list_items(
        self,
        *,
        cursor: Optional[int] = None,
        limit: Optional[int] = None,
        min_position: Optional[int] = None,
        timeout_ms: Optional[int] = None,
    ) -> ItemsOut:
        """Returns a page of the items. Go on with `next_cursor` until it is null."""
        call = read("items", cursor=cursor, limit=limit, min_position=min_position, timeout_ms=timeout_ms)
        return cast(ItemsOut, self._send(call))

    # Users

    def get_user(
        self, id: str, *, min_position: Optional[int] = None, timeout_ms: Optional[int] = None
    ) -> UserOut:
        """Returns what the model holds of a user."""
        call = read(f"users/{segment(id)}", min_position=min_position, timeout_ms=timeout_ms)
        return cast(UserOut, self._send(call))

    def list_users(
        self,
        *,
        cursor: Optional[int] = None,
        limit: Optional[int] = None,
        min_position: Optional[int] = None,
        timeout_ms: Optional[int] = None,
    ) -> UsersOut:
        """Returns a page of the users. Go on with `next_cursor` until it is null."""
        call = read("users", cursor=cursor, limit=limit, min_position=min_position, timeout_ms=timeout_ms)
        return cast(UsersOut, self._send(call))

    def put_user(
        self,
        id: str,
        labels: Mapping[str, PropertyValue],
        *,
        wait: Optional[Wait] = None,
        timeout_ms: Optional[int] = None,
    ) -> Appended:
        """Puts a user's labels: those left out are gone."""
        call = write("PUT", f"users/{segment(id)}", {"labels": labels}, wait=wait, timeout_ms=timeout_ms)
        return cast(Appended, self._send(call))

    def patch_user(
        self,
        id: str,
        labels: Mapping[str, Optional[PropertyValue]],
        *,
        wait: Optional[Wait] = None,
        timeout_ms: Optional[int] = None,
    ) -> Appended:
        """Changes the labels that are named; `None` takes one away."""
        call = write("PATCH", f"users/{segment(id)}", {"labels": labels}, wait=wait, timeout_ms=timeout_ms)
        return cast(Appended, self._send(call))

    def merge_user(
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
        return cast(Appended, self._send(call))

    def forget_user(self, id: str, *, unlearn: Optional[Literal["rows", "replay"]] = None) -> OperationOut:
        """Forgets a user in log, versions and memory (scope admin)."""
        call = Call("DELETE", f"users/{segment(id)}", query=given(unlearn=unlearn), repeat=Repeat.REFUSED)
        return cast(OperationOut, self._send(call))

    # Recommendations

    def recommend(
        self,
        user: Optional[GivenId] = None,
        *,
        session: Optional[Sequence[GivenId]] = None,
        session_id: Optional[GivenId] = None,
        item: Optional[GivenId] = None,
        vector: Optional[Sequence[float]] = None,
        limit: Optional[int] = None,
        offset: Optional[int] = None,
        filter: Optional[Filter] = None,
        exclude: Optional[Sequence[GivenId]] = None,
        exclude_seen: Optional[Union[bool, Sequence[str]]] = None,
        context: Optional[Sequence[str]] = None,
        diversity: Optional[float] = None,
        boost: Optional[Sequence[Boost]] = None,
        group_by: Optional[GroupBy] = None,
        with_: Optional[Sequence[With]] = None,
        version: Optional[Version] = None,
        min_position: Optional[int] = None,
        timeout_ms: Optional[int] = None,
    ) -> RecommendationsOut:
        """Recommends items to a user, a visit, beside an item, or by a vector; without any, what is popular."""
        body = given(
            user=user,
            session=session,
            session_id=session_id,
            item=item,
            vector=vector,
            limit=limit,
            offset=offset,
            filter=filter,
            exclude=exclude,
            exclude_seen=exclude_seen,
            context=context,
            diversity=diversity,
            boost=boost,
            group_by=group_by,
            with_=with_,
            version=None if version is None else str(version),
            min_position=min_position,
            timeout_ms=timeout_ms,
        )
        return cast(RecommendationsOut, self._send(search("recommendations", body)))

    def recommend_batch(
        self,
        queries: Iterable[RecommendationsBody],
        *,
        version: Optional[Version] = None,
        min_position: Optional[int] = None,
        timeout_ms: Optional[int] = None,
    ) -> BatchOut:
        """Answers up to 1,000 queries from one state. A query that cannot be answered fails alone."""
        body = given(
            queries=list(queries),
            version=None if version is None else str(version),
            min_position=min_position,
            timeout_ms=timeout_ms,
        )
        return cast(BatchOut, self._send(search("recommendations/batch", body)))

    def rank(
        self,
        items: Sequence[GivenId],
        user: Optional[GivenId] = None,
        *,
        session: Optional[Sequence[GivenId]] = None,
        session_id: Optional[GivenId] = None,
        item: Optional[GivenId] = None,
        vector: Optional[Sequence[float]] = None,
        context: Optional[Sequence[str]] = None,
        with_: Optional[Sequence[With]] = None,
        version: Optional[Version] = None,
        min_position: Optional[int] = None,
        timeout_ms: Optional[int] = None,
    ) -> RankOut:
        """Orders up to 1,000 items by the scores that they would have among all."""
        body = given(
            items=items,
            user=user,
            session=session,
            session_id=session_id,
            item=item,
            vector=vector,
            context=context,
            with_=with_,
            version=None if version is None else str(version),
            min_position=min_position,
            timeout_ms=timeout_ms,
        )
        return cast(RankOut, self._send(search("rank", body)))

    def similar_items(
        self,
        id: str,
        *,
        limit: Optional[int] = None,
        category: Optional[str] = None,
        tag: Optional[str] = None,
        filter: Optional[Filter] = None,
        version: Optional[Version] = None,
        min_position: Optional[int] = None,
        timeout_ms: Optional[int] = None,
    ) -> SimilarOut:
        """Returns the items whose vectors are most like this one's."""
        call = read(
            f"items/{segment(id)}/similar",
            limit=limit,
            category=category,
            tag=tag,
            filter=filter,
            version=version,
            min_position=min_position,
            timeout_ms=timeout_ms,
        )
        return cast(SimilarOut, self._send(call))

    # Embeddings

    def get_embeddings(
        self,
        *,
        items: Sequence[GivenId] = (),
        users: Sequence[GivenId] = (),
        version: Optional[Version] = None,
        min_position: Optional[int] = None,
        timeout_ms: Optional[int] = None,
    ) -> embeddings.Embeddings:
        """Returns up to 10,000 vectors of one state as numpy arrays."""
        body = given(
            items=list(items) or None,
            users=list(users) or None,
            version=None if version is None else str(version),
            min_position=min_position,
            timeout_ms=timeout_ms,
        )
        call = Call("POST", "embeddings", body=body, position_in="body", accept=embeddings.SAFETENSORS)
        return embeddings.embeddings(self._send(call), 0)

    def get_item_embedding(
        self,
        id: str,
        *,
        version: Optional[Version] = None,
        min_position: Optional[int] = None,
        timeout_ms: Optional[int] = None,
    ) -> NDArray[numpy.float32]:
        """Returns an item's vector, `[dim]`."""
        query = given(version=version, min_position=min_position, timeout_ms=timeout_ms)
        path = f"items/{segment(id)}/embedding"
        call = Call("GET", path, query=query, position_in="query", accept=embeddings.FLOATS)
        return embeddings.vector(self._send(call))

    def get_user_embedding(
        self,
        id: str,
        *,
        version: Optional[Version] = None,
        min_position: Optional[int] = None,
        timeout_ms: Optional[int] = None,
    ) -> NDArray[numpy.float32]:
        """Returns a user's vector, `[dim]`."""
        query = given(version=version, min_position=min_position, timeout_ms=timeout_ms)
        path = f"users/{segment(id)}/embedding"
        call = Call("GET", path, query=query, position_in="query", accept=embeddings.FLOATS)
        return embeddings.vector(self._send(call))

    # Versions and models

    def take_version(self, *, label: Optional[str] = None, reason: Optional[str] = None) -> VersionManifest:
        """Takes a version of the live state (scope admin)."""
        call = Call("POST", "versions", body=given(label=label, reason=reason), repeat=Repeat.REFUSED)
        return cast(VersionManifest, self._send(call))

    def list_versions(self, *, cursor: Optional[int] = None, limit: Optional[int] = None) -> VersionsOut:
        """Returns a page of the versions, newest first."""
        return cast(VersionsOut, self._send(Call("GET", "versions", query=given(cursor=cursor, limit=limit))))

    def rollback(
        self,
        to: RollbackTargetBody,
        *,
        mode: RollbackMode,
        except_: Optional[Exclusions] = None,
        reason: Optional[str] = None,
        dry_run: Optional[bool] = None,
    ) -> Union[Deployment, DryRunOut, OperationOut]:
        """Rolls back (scope admin). An answer with `operation` has begun and is not done: see `get_operation`."""
        body = given(to=to, mode=mode, except_=except_, reason=reason, dry_run=dry_run)
        call = Call("POST", "rollback", body=body, repeat=Repeat.REFUSED)
        return cast(Union[Deployment, DryRunOut, OperationOut], self._send(call))

    def get_operation(self, id: str) -> Operation:
        """Returns an operation: `state`, `progress`, `result`."""
        return cast(Operation, self._send(Call("GET", f"operations/{segment(id)}")))

    def get_model(
        self, *, min_position: Optional[int] = None, timeout_ms: Optional[int] = None
    ) -> ModelOut:
        """Returns the model: configuration, position, digest, counts."""
        return cast(ModelOut, self._send(read("", min_position=min_position, timeout_ms=timeout_ms)))

    def put_model(
        self, *, config: Optional[Mapping[str, Any]] = None, fork: Optional[Mapping[str, Any]] = None
    ) -> ModelOut:
        """Creates the model of this client, unless it is there as asked for (scope admin)."""
        return cast(ModelOut, self._send(Call("PUT", "", body=given(config=config, fork=fork))))

    def list_models(self) -> ModelsOut:
        """Returns all models."""
        return cast(ModelsOut, self._send(Call("GET", "/v1/models")))

    def about(self) -> About:
        """Returns what the service says of itself and of the key."""
        return cast(About, self._send(Call("GET", "/v1")))
