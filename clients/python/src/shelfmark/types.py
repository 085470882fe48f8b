"""Bodies and answers of the HTTP API. Written by scripts/write_types.py from the OpenAPI document."""

from __future__ import annotations

from typing import Any, Dict, List, Literal, TypedDict, Union

# The live state.
Live = Literal["live"]


# Where an answer comes from, in its body: a version's number, or `live`. May be sent back as `version`.
AnsweredBy = Union[int, Live]


# Rule for values between two entries of a table.
Between = Literal["line", "step", "log"]


# Source of a term of the score (docs/LEARNING.md defines them).
ContributionSource = Literal[
    "event", "dislike", "last_item", "user", "context", "vector", "repeat", "transition", "bias",
    "popularity", "entry_popularity", "boost", "exploration"
]


# Mode of a deployment.
DeploymentMode = Literal["pin", "unpin", "restore", "replay", "split", "freeze", "resume"]


# Hash of a whole state (tables with optimizer state, ids, histories, counters, configuration), but not of its
# position. 32 hexadecimal digits as text.
Digest = str


# Fallback of an answer that is less personal than requested.
Fallback = Literal["session", "popular"]


# Id: 1 to 256 bytes without control characters, or a whole number, which stands for its digits.
GivenId = Union[str, int]


# Id of a user, item, session or event: 1 to 256 bytes of UTF-8 without control characters. Cheap to clone.
Id = str


# A table that learning updates.
LearnedTable = Literal["items", "last", "users", "tokens", "context", "bias", "projections", "small"]


# A value in a list.
ListedValue = Union[bool, float, str]


# Id of an operation: a UUID of version 7, so that ids sort by the time of creation.
OperationId = str


# State of an operation.
OperationState = Literal["running", "done", "failed", "cancelled"]


# Layout of AdaGrad accumulators.
Optimizer = Literal["adagrad", "row_wise_adagrad"]


# Position of a record in its model's log: dense, from 1, in commit order (P3). 0 is before the first record.
Position = int


# Positions as disjoint, ascending intervals. Adjacent intervals are merged, empty ones dropped.
PositionSet = List[List[int]]


# Value of a property. A list holds values such as sizes or authors.
PropertyValue = Union[bool, float, str, List[ListedValue]]


# Factor of a learning rate as a function of the number `n` of events learned.
RateSchedule = Dict[str, Any]


# A record with its place.
RecordOut = Dict[str, Any]


# Mode of a rollback.
RollbackMode = Literal["pin", "restore", "replay"]


# Which of the subject's own items are left out.
Seen = Union[bool, List[str]]


# Number of a version within its model, from 1.
VersionNumber = int


# State that answers readers.
Served = Union[Literal["live"], Dict[str, Any]]


# A time in whole microseconds since 1970-01-01T00:00:00Z, between the years 1 and 9999. Serialized as RFC 3339.
# Parsed from RFC 3339 or from Unix seconds, whole or with a fraction.
Timestamp = str


# Kind of a version: base or delta.
VersionKind = Literal["base", "delta"]


# Rule by which titles are cut into words, and labels compared. It is part of the configuration, because the
# tokens of items, and so what is learned, follow from it.
WordRule = Literal["unicode", "alphanumeric"]


class _AboutRequired(TypedDict):
    console_images: bool
    name: str
    read_only: bool
    version: str


class About(_AboutRequired, total=False):
    """The version of the service, for clients, and who asks."""

    caller: Union[CallerOut, None]


class _AnswerRequired(TypedDict):
    items: List[ScoredItem]
    recommendation_id: str


class Answer(_AnswerRequired, total=False):
    """A list of items."""

    fallback: Union[Fallback, None]


class _AppendedRequired(TypedDict):
    accepted: int
    duplicates: int
    position: Position
    rejected: List[Rejection]
    rejected_count: int


class Appended(_AppendedRequired, total=False):
    """What became of the records of a request."""

    applied: Union[bool, None]
    event_ids: Union[List[Union[Id, None]], None]
    unknown: Union[int, None]


class BatchOut(TypedDict):
    """The answers of a batch."""

    answers: List[BatchAnswer]
    position: Position
    version: AnsweredBy


class _BoostRequired(TypedDict):
    add: float
    filter: Filter


class Boost(_BoostRequired, total=False):
    """Adds a number to the scores of the items that meet a condition: promotes or demotes them."""

    name: str


class _CallerOutRequired(TypedDict):
    scope: str


class CallerOut(_CallerOutRequired, total=False):
    """Who asks, and what they may do."""

    key: Union[str, None]
    model: Union[str, None]


class _ChangedRequired(TypedDict):
    came: List[Id]
    churn: float
    gone: List[Id]
    id: Id


class Changed(_ChangedRequired, total=False):
    """List that changed."""

    title: Union[str, None]


class _ChurnRequired(TypedDict):
    first_changed: int
    k: int
    most_changed: List[Changed]
    sampled: int
    unchanged: int


class Churn(_ChurnRequired, total=False):
    """Churn of the lists of a sample."""

    churn: Union[Spread, None]


class _ComparedRequired(TypedDict):
    events: int
    items: int
    position: Position
    users: int


class Compared(_ComparedRequired, total=False):
    """One of the two states of a diff."""

    digest: Union[str, None]
    label: Union[str, None]
    version: Union[int, None]


_ConditionOptionalKeywords = TypedDict(
    "_ConditionOptionalKeywords", {"in": "List[PropertyValue]"}, total=False
)


class Condition(_ConditionOptionalKeywords, total=False):
    """Conditions on a property, at least one, all of which must hold. An item without the property meets only
    `none`. Values of different types are never equal, and only numbers meet bounds. Numbers are compared
    exactly. Of a property that is a list, each value counts: `eq` and `in` hold when one of the values meets
    them, `none` when no value is named. A list does not meet bounds.
    """

    eq: PropertyValue
    gt: float
    gte: float
    lt: float
    lte: float
    none: List[PropertyValue]


class _ContributionRequired(TypedDict):
    source: ContributionSource
    value: float


class Contribution(_ContributionRequired, total=False):
    """A term of the score."""

    at: Union[str, None]
    item: Union[Id, None]
    kind: Union[Id, None]
    name: Union[Id, None]


class Counts(TypedDict):
    """What a replay read, and what it made of it."""

    events_kept: int
    left_out: Dict[str, int]
    others_kept: int
    records: int


class CountsOut(TypedDict):
    """How much a model holds."""

    events: int
    items: int
    users: int
    versions: int


class CutOrigin(TypedDict):
    """Append that a derived version ends in."""

    append_last: Position


_DeploymentRequiredKeywords = TypedDict(
    "_DeploymentRequiredKeywords", {"from": "Served"}, total=True
)


class _DeploymentRequired(_DeploymentRequiredKeywords):
    actor: str
    at: Timestamp
    mode: DeploymentMode
    number: int
    to: Served


class Deployment(_DeploymentRequired, total=False):
    """An entry of the deployment history: a change of what is served."""

    details: Union[Dict[str, Any], None]
    position: Union[Position, None]
    reason: Union[str, None]
    version: Union[VersionNumber, None]


_DiffRequiredKeywords = TypedDict(
    "_DiffRequiredKeywords", {"from": "Compared"}, total=True
)


class Diff(_DiffRequiredKeywords):
    """Differences of two states."""

    configuration: List[Setting]
    metrics: List[Figure]
    movers: List[Mover]
    neighbours: Churn
    ranks: RankChurn
    tables: List[TableDiff]
    to: Compared


_DryRunRequiredKeywords = TypedDict(
    "_DryRunRequiredKeywords", {"from": "Standing"}, total=True
)


class DryRun(_DryRunRequiredKeywords):
    """What a rollback would do."""

    counts: Counts
    diff: Diff
    mode: RollbackMode
    to: Standing


class DryRunOut(TypedDict):
    """What a rollback would do."""

    dry_run: DryRun


class Embedding(TypedDict):
    """An embedding, read from a state."""

    dim: int
    id: Id
    norm: float
    position: Position
    values: List[float]


class EmbeddingsOut(TypedDict):
    """Many vectors of one state."""

    items: List[Embedding]
    missing: Missing
    position: Position
    users: List[Embedding]


class _EventInRequired(TypedDict):
    item: GivenId
    kind: str


class EventIn(_EventInRequired, total=False):
    """An interaction of a user or a session with an item."""

    context: List[str]
    event_id: Union[GivenId, None]
    properties: Union[Dict[str, Any], None]
    recommendation_id: Union[GivenId, None]
    session: Union[GivenId, None]
    ts: Union[str, None]
    user: Union[GivenId, None]
    value: Union[float, None]


class Exclusions(TypedDict, total=False):
    """Records that a replay leaves out: those that any list names. Restore records are named by `positions`
    only. A restore that is left out did not happen.
    """

    items: List[GivenId]
    kinds: List[str]
    positions: PositionSet
    sessions: List[GivenId]
    sources: List[str]
    users: List[GivenId]


class FieldProblem(TypedDict):
    """One field at fault."""

    code: str
    detail: str
    field: str


_FigureOptionalKeywords = TypedDict(
    "_FigureOptionalKeywords", {"from": "Union[float, None]"}, total=False
)


class _FigureRequired(_FigureOptionalKeywords):
    name: str


class Figure(_FigureRequired, total=False):
    """Figure of both states."""

    change: Union[float, None]
    to: Union[float, None]


_FilterOptionalKeywords = TypedDict(
    "_FilterOptionalKeywords", {"or": "List[Filter]"}, total=False
)


class Filter(_FilterOptionalKeywords, total=False):
    """Conditions on an item's metadata, all of which must hold. An empty filter admits every item; one that
    nothing can meet is valid and admits none. Labels and texts are compared exactly.
    """

    categories: Labels
    properties: Dict[str, Condition]
    tags: Labels


class ForkOrigin(TypedDict):
    """Origin of a fork: the version of another model that is its state at position 0."""

    model: str
    version: int


class _GroupByRequired(TypedDict):
    property: str


class GroupBy(_GroupByRequired, total=False):
    """Most items of a list with one value of a property."""

    limit: int


class _ItemRequired(TypedDict):
    id: GivenId


class Item(_ItemRequired, total=False):
    """An item's metadata as stored in the log."""

    available: bool
    categories: List[str]
    properties: Dict[str, PropertyValue]
    tags: List[str]
    text: Union[str, None]
    title: Union[str, None]
    vectors: Dict[str, List[float]]


class ItemPatchBody(TypedDict, total=False):
    """Changes of an item's metadata, merged as RFC 7396 has it. The id stands in the path, or in each line."""

    available: bool
    categories: Union[List[str], None]
    id: Union[GivenId, None]
    properties: Union[Dict[str, PropertyValue], None]
    tags: Union[List[str], None]
    text: Union[str, None]
    title: Union[str, None]
    vectors: Union[Dict[str, List[float]], None]


class _ItemsOutRequired(TypedDict):
    items: List[Item]


class ItemsOut(_ItemsOutRequired, total=False):
    """A page of items."""

    next_cursor: Union[int, None]


class Labels(TypedDict, total=False):
    """Conditions on a list of labels, at least one, all of which must hold."""

    all: List[str]
    any: List[str]
    none: List[str]


class LearningRates(TypedDict, total=False):
    """AdaGrad learning rates."""

    bias: float
    context: float
    entries: float
    history: float
    items: float
    last: float
    memory: float
    modalities: float
    parts: float
    popularity: float
    popularity_gaps: float
    repeat: float
    tokens: float
    users: float


class MemoryOut(TypedDict):
    """What the live state takes in memory, as counted from its tables; see the manual for what the process takes
    besides.
    """

    bytes: int
    tables: List[TableFootprint]


class Missing(TypedDict):
    """Ids that a state does not know."""

    items: List[str]
    users: List[str]


class ModelConfig(TypedDict, total=False):
    """Configuration of a model: everything that decides how it learns. States with different configurations have
    different digests.
    """

    clip_ratio: float
    context: bool
    dim: int
    dislikes: bool
    drop_idle_events: int
    explore: float
    full_softmax_below: int
    gradient_items: int
    history: int
    history_units: bool
    kinds: Dict[str, KindWeight]
    l2: float
    lasting_kinds: List[str]
    learning: bool
    memory: bool
    modalities: bool
    negatives: int
    novel_weight: float
    optimizer: Optimizer
    pull: float
    rates: LearningRates
    schedules: Dict[str, RateSchedule]
    seed: int
    step_targets: int
    tokens: bool
    user_weight_max: float
    words: WordRule


class _ModelOutRequired(TypedDict):
    config: ModelConfig
    counts: CountsOut
    digest: Digest
    fingerprint: str
    frozen: bool
    head: Position
    lag_ms: int
    lag_records: int
    memory: MemoryOut
    model: str
    position: Position
    served: Served


class ModelOut(_ModelOutRequired, total=False):
    """Where a model stands."""

    fork: Union[ForkOrigin, None]


class ModelsOut(TypedDict):
    """All models."""

    models: List[ModelOut]


class _MoverRequired(TypedDict):
    cosine: float
    distance: float
    item: Id
    norm_before: float
    norm_now: float
    relative: float


class Mover(_MoverRequired, total=False):
    """Item whose vector moved."""

    title: Union[str, None]


class _OffsetMismatchRequired(TypedDict):
    partition: Id
    topic: Id


class OffsetMismatch(_OffsetMismatchRequired, total=False):
    """Offset of a partition that another one was expected to be."""

    next_offset: Union[Id, None]
    start_offset: Union[Id, None]


class _OperationRequired(TypedDict):
    actor: str
    created_at: Timestamp
    id: OperationId
    kind: str
    progress: float
    state: OperationState
    updated_at: Timestamp


class Operation(_OperationRequired, total=False):
    """Work that takes longer than a request."""

    error: Union[str, None]
    eta_s: Union[float, None]
    finished_at: Union[Timestamp, None]
    result: Union[Dict[str, Any], None]


class OperationOut(TypedDict):
    """One operation."""

    operation: Operation


class _ProblemRequired(TypedDict):
    code: str
    detail: str
    request_id: str
    status: int
    title: str
    type: str


class Problem(_ProblemRequired, total=False):
    """An error: `application/problem+json` (RFC 9457)."""

    accepted: Union[int, None]
    duplicates: Union[int, None]
    errors: List[FieldProblem]
    offsets: List[OffsetMismatch]
    position: Union[Position, None]
    rejected: List[Rejection]
    rejected_count: Union[int, None]
    running: Union[RunningRollback, None]
    stream: Union[Appended, None]
    unknown: Union[int, None]


class _QueryProblemRequired(TypedDict):
    code: str
    detail: str
    index: int
    status: int


class QueryProblem(_QueryProblemRequired, total=False):
    """A problem of one query, as it would be told if that were asked alone."""

    errors: List[FieldProblem]


class _RankChurnRequired(TypedDict):
    first_changed: int
    k: int
    most_changed: List[Changed]
    sampled: int
    unchanged: int


class RankChurn(_RankChurnRequired, total=False):
    """Churn of the recommendations of a sample."""

    churn: Union[Spread, None]
    at: Union[Timestamp, None]


class _RankOutRequired(TypedDict):
    items: List[ScoredItem]
    position: Position
    recommendation_id: str
    unknown: List[Id]
    version: AnsweredBy


class RankOut(_RankOutRequired, total=False):
    """The items in their order, all scored by one state."""

    fallback: Union[Fallback, None]


_RecommendationsBodyOptionalKeywords = TypedDict(
    "_RecommendationsBodyOptionalKeywords", {"with": "List[str]"}, total=False
)


class RecommendationsBody(_RecommendationsBodyOptionalKeywords, total=False):
    """For whom, how many, and which not."""

    boost: List[Boost]
    context: List[str]
    diversity: float
    exclude: List[GivenId]
    exclude_seen: Seen
    filter: Filter
    group_by: GroupBy
    item: GivenId
    limit: int
    min_position: Position
    offset: int
    session: List[GivenId]
    session_id: GivenId
    timeout_ms: int
    user: GivenId
    vector: List[float]
    version: str


class _RecommendationsOutRequired(TypedDict):
    items: List[ScoredItem]
    position: Position
    recommendation_id: str
    version: AnsweredBy


class RecommendationsOut(_RecommendationsOutRequired, total=False):
    """Items, best first, all scored by one state."""

    fallback: Union[Fallback, None]


class _RecordsOutRequired(TypedDict):
    records: List[RecordOut]


class RecordsOut(_RecordsOutRequired, total=False):
    """A page of the log."""

    next_after: Union[Position, None]
    next_cursor: Union[Position, None]


class Rejection(TypedDict):
    """An entry that was not taken."""

    code: str
    detail: str
    field: str
    index: int


_ReplayOriginRequiredKeywords = TypedDict(
    "_ReplayOriginRequiredKeywords", {"except": "Exclusions", "from": "VersionNumber"}, total=True
)


class ReplayOrigin(_ReplayOriginRequiredKeywords, total=False):
    """Replay that a derived version is the result of."""



class RollbackTargetBody(TypedDict, total=False):
    """A state: a version by number or label, or the log's at a position or a time."""

    label: Union[str, None]
    position: Union[int, None]
    time: Union[Timestamp, None]
    version: Union[int, None]


class _RunningRollbackRequired(TypedDict):
    actor: str
    kind: str
    since: Timestamp


class RunningRollback(_RunningRollbackRequired, total=False):
    """A rollback that runs."""

    operation: Union[OperationId, None]


class _ScoredItemRequired(TypedDict):
    id: Id
    score: float


class ScoredItem(_ScoredItemRequired, total=False):
    """An item of an answer."""

    embedding: Union[Embedding, None]
    explanation: Union[List[Contribution], None]
    item: Union[Item, None]


_SettingRequiredKeywords = TypedDict(
    "_SettingRequiredKeywords", {"from": "Dict[str, Any]"}, total=True
)


class Setting(_SettingRequiredKeywords):
    """Setting that differs."""

    field: str
    to: Dict[str, Any]


class SimilarOut(TypedDict):
    """Items whose vectors point the same way."""

    items: List[ScoredItem]
    position: Position
    version: AnsweredBy


class Spread(TypedDict):
    """Mean and quantiles of some values."""

    max: float
    p10: float
    p50: float
    p90: float
    p99: float
    mean: float


class _StandingRequired(TypedDict):
    digest: Digest
    position: Position


class Standing(_StandingRequired, total=False):
    """Where a state stands."""

    version: Union[int, None]


class _TableDiffRequired(TypedDict):
    added: int
    moved: int
    removed: int
    rows_from: int
    rows_to: int
    table: LearnedTable


class TableDiff(_TableDiffRequired, total=False):
    """Differences of the rows of one table."""

    distance: Union[Spread, None]
    relative: Union[Spread, None]


class TableFootprint(TypedDict):
    """Memory taken by one table."""

    bytes: int
    rows: int
    table: str


class _UserEntryRequired(TypedDict):
    events: int
    id: Id


class UserEntry(_UserEntryRequired, total=False):
    """A user in a list."""

    last: Union[Timestamp, None]


class UserEvent(TypedDict):
    """An event in a user's history."""

    item: Id
    kind: str
    ts: Timestamp


class UserOut(TypedDict):
    """Data that a model holds about a user."""

    events: int
    id: Id
    labels: Dict[str, PropertyValue]
    newest: List[UserEvent]


class _UsersOutRequired(TypedDict):
    users: List[UserEntry]


class UsersOut(_UsersOutRequired, total=False):
    """A page of users."""

    next_cursor: Union[int, None]


class _ValueWeightRequired(TypedDict):
    by_value: Dict[str, float]


class ValueWeight(_ValueWeightRequired, total=False):
    """Weight as a function of an event's value: a table, with a rule for the values between its entries. Below
    the lowest and above the highest entry the weight is constant.
    """

    between: Between
    without: float


class _VersionManifestRequired(TypedDict):
    actor: str
    bytes: int
    created_at: Timestamp
    digest: Digest
    fingerprint: str
    kind: VersionKind
    metrics: Dict[str, Any]
    position: Position
    raw_bytes: int
    rows: int
    version: VersionNumber


class VersionManifest(_VersionManifestRequired, total=False):
    """Description of a version, without its rows."""

    derived: Union[Derived, None]
    label: Union[str, None]
    parent: Union[VersionNumber, None]
    reason: Union[str, None]


class _VersionsOutRequired(TypedDict):
    versions: List[VersionManifest]


class VersionsOut(_VersionsOutRequired, total=False):
    """A page of versions."""

    next_cursor: Union[int, None]


# The answer to one query of a batch.
BatchAnswer = Union[Answer, Dict[str, Any]]


# Origin of a derived version: one whose state is not that of the log at its position.
Derived = Dict[str, Any]


# Weight of a target's loss by the event's kind: a number, or a function of the event's value.
KindWeight = Union[float, ValueWeight]
