"""Embeddings as numpy arrays."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Dict, List

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

SAFETENSORS = "application/x-safetensors"
FLOATS = "application/octet-stream"


@dataclass(frozen=True)
class Table:
    """Vectors with the ids of their rows."""

    ids: List[str]
    """The ids, in the order asked, without those that are missing."""
    vectors: NDArray[numpy.float32]
    """One row an id, `[len(ids), dim]`."""


@dataclass(frozen=True)
class Embeddings:
    """Vectors of one state."""

    items: Table
    users: Table
    missing_items: List[str]
    """Items that the state does not know."""
    missing_users: List[str]
    position: int
    """Log position of the state."""


def vector(body: bytes) -> NDArray[numpy.float32]:
    """One vector of little-endian f32, `[dim]`."""
    np = _numpy()
    values: NDArray[numpy.float32] = np.frombuffer(body, dtype="<f4")
    return values


def embeddings(body: bytes, position: int) -> Embeddings:
    """The tensors of a safetensors file as the service writes it."""
    length = int.from_bytes(body[:8], "little")
    head: Dict[str, Any] = json.loads(body[8 : 8 + length])
    about: Dict[str, str] = head.get("__metadata__", {})
    missing = json.loads(about.get("missing", "{}"))
    np = _numpy()

    def table(name: str) -> Table:
        ids: List[str] = json.loads(about.get(name, "[]"))
        if name not in head:
            return Table(ids, np.zeros((0, 0), dtype=np.float32))
        begin, end = head[name]["data_offsets"]
        rows = np.frombuffer(body[8 + length + begin : 8 + length + end], dtype="<f4")
        return Table(ids, rows.reshape(head[name]["shape"]))

    return Embeddings(
        items=table("items"),
        users=table("users"),
        missing_items=missing.get("items", []),
        missing_users=missing.get("users", []),
        position=int(about.get("position", position)),
    )


def _numpy() -> Any:
    try:
        import numpy
    except ImportError as error:
        raise ImportError("embeddings are numpy arrays: install `shelfmark[numpy]`") from error
    return numpy
