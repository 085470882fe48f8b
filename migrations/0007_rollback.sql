-- Why: rollback to any position, replay without some records, and work that takes longer than a request.

-- The name of the API key that a record came in with, so that a replay can leave out what one sender sent. Null without
-- keys, for what the service appends by itself, and for records from before this column.
alter table records add column source text collate "C";

-- How a version's state was made when it is not the state of the log at its position: JSON as text, as in records.rest.
-- {"cut": ..}: the first records of an append that goes on; {"replay": ..}: the log without some records. Null: the state
-- of the log, which learning may begin from.
alter table versions add column derived text;

-- Numbers that were given: versions that a rollback made may be deleted while they are the newest, and a number that
-- came back would mean another state to a process that holds the first one in memory.
create table version_numbers (
    model_id integer not null,
    last integer not null,
    constraint version_numbers_pkey primary key (model_id),
    constraint version_numbers_model_fkey foreign key (model_id) references models (id) on delete cascade
);
insert into version_numbers (model_id, last) select model_id, max(number) from versions group by model_id;

alter table deployments drop constraint deployments_mode_known;
alter table deployments add constraint deployments_mode_known check (mode in ('pin', 'unpin', 'restore', 'replay'));

-- Long work: what runs, how far it is, what came of it. The process that runs it touches its row every second; a row that
-- nobody touches belongs to a process that is gone, and is marked failed by whoever looks next.
create table operations (
    -- A UUID of version 7: in order of their beginning.
    id text collate "C" not null,
    model_id integer not null,
    kind text not null,
    -- running, done, failed, cancelled
    state text not null default 'running',
    -- 0 to 1.
    progress double precision not null default 0,
    eta_s double precision,
    -- Somebody asked for its end; the process that runs it obeys when it touches the row.
    cancel_asked boolean not null default false,
    -- JSON as text.
    result text,
    error text,
    actor text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    finished_at timestamptz,
    constraint operations_pkey primary key (model_id, id),
    constraint operations_model_fkey foreign key (model_id) references models (id) on delete cascade,
    constraint operations_state_known check (state in ('running', 'done', 'failed', 'cancelled')),
    constraint operations_ended check ((state = 'running') = (finished_at is null))
);

create index operations_running on operations (model_id) where state = 'running';
