# Written by scripts/write_sync.py from _async/api.py; do not edit.
"""Methods of the client. Each is an operation of the HTTP API and has its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterable, Literal, Mapping, Optional, Sequence, Union, cast

from .. import embeddings
from .._call import Call, given, read, search, segment
from ..retry import Repeat
from ..types import (
    About,
    BatchOut,
    Boost,
    Deployment,
    DryRunOut,
    Exclusions,
    Filter,
    GivenId,
    GroupBy,
    ModelOut,
    ModelsOut,
    Operation,
    OperationOut,
    RankOut,
    RecommendationsBody,
    RecommendationsOut,
    RollbackMode,
    RollbackTargetBody,
    SimilarOut,
    VersionManifest,
    VersionsOut,
)
from .records import RecordsApi

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

With = Literal["item", "embedding", "explanation"]
Version = Union[int, str]


class Api(RecordsApi):
    """What a client and a session can be asked for."""

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
