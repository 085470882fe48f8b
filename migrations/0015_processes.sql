-- Why: whoever runs several processes on one database sees in one place where each of them stands. Rows are for people:
-- nothing decides by them.
create table processes (
    -- New at every start.
    id uuid not null,
    -- Address that the process listens on.
    address text not null,
    -- Version of the binary.
    version text not null,
    started_at timestamptz not null,
    -- When the process wrote the row last. A process that ends takes its row with it; one that died stops writing.
    seen_at timestamptz not null default now(),
    -- Position and lag of each of its models, as JSON.
    models jsonb not null default '[]',
    constraint processes_pkey primary key (id)
);
