"""Client of Shelfmark: recommendations and embeddings from a model that learns from every event.

`Client` and `AsyncClient` have a method for each operation, by the names of the HTTP API. `client.session()` reads its
own writes. `EventWriter` and `AsyncEventWriter` send many events. Bodies and answers are the typed dictionaries of
`shelfmark.types`; errors are in `shelfmark.errors`.
"""

from . import types
from ._async.client import AsyncClient, AsyncSession
from ._batching import Dropped, Report, WriterOptions
from ._sync.client import Client, Session
from .async_writer import AsyncEventWriter
from .embeddings import Embeddings, Table
from .errors import (
    ApiError,
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    PositionNotReachedError,
    QueueFullError,
    ShelfmarkError,
    TooManyRequestsError,
    UnauthorizedError,
    UnavailableError,
    UnreachableError,
    WriterClosedError,
)
from .retry import Repeat, RetryPolicy, new_event_id
from .writer import EventWriter

__all__ = [
    "ApiError",
    "AsyncClient",
    "AsyncEventWriter",
    "AsyncSession",
    "Client",
    "ConflictError",
    "Dropped",
    "Embeddings",
    "EventWriter",
    "ForbiddenError",
    "InvalidError",
    "NotFoundError",
    "PositionNotReachedError",
    "QueueFullError",
    "Repeat",
    "Report",
    "RetryPolicy",
    "Session",
    "ShelfmarkError",
    "Table",
    "TooManyRequestsError",
    "UnauthorizedError",
    "UnavailableError",
    "UnreachableError",
    "WriterClosedError",
    "WriterOptions",
    "new_event_id",
    "types",
]
