-- Why: the log. One row is one record; a record is anything that can change a model. The table is written by binary COPY
-- inside the transaction that moves models.head, and read in order of position.
--
-- Built for the rate of COPY:
-- * fixed-width columns first, so that no row pays for alignment;
-- * what every event has is a column, what few have is JSON in `rest`. That is text, not jsonb: jsonb refuses the
--   character U+0000 (one such property would fail a whole append) and loses the sign of -0.0. Cast it to read it by SQL;
-- * no foreign key to models: it would look the model up once a row. The appender locks the model's row, which proves it;
-- * collation "C": ids are compared, never shown in a language's order.
create table records (
    position bigint not null,
    -- Last position of the append that this record came in: the boundary that every replay cuts its steps at.
    append_last bigint not null,
    -- By the appender's clock; equal for the records of an append.
    appended_at timestamptz not null,
    -- When an event happened, by its sender's clock.
    ts timestamptz,
    -- Hash of an event as its sender gave it; null when the service made its id. Tells a retry from a conflict.
    retry_hash bigint,
    value double precision,
    model_id integer not null,
    -- 1 event, 2 put item, 3 remove item, 4 restore, 5 configure.
    type smallint not null,
    event_id text collate "C",
    user_id text collate "C",
    session_id text collate "C",
    item_id text collate "C",
    kind text collate "C",
    rest text collate "C",
    constraint records_pkey primary key (model_id, position),
    constraint records_position_within_append check (position between 1 and append_last)
);

-- An event stands in its log at most once (P2). The id comes first: it decides nearly every comparison.
create unique index records_event_id_unique on records (event_id, model_id) where event_id is not null;

-- Restores are few and name versions, which may then not be deleted.
create index records_restores on records (model_id, position) where type = 4;
