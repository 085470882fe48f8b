-- Why: a model is one embedding space with a log of its own. Its row carries the log's head, and updating that row is
-- how positions are taken: the row lock is held until the append commits, so positions are dense and in commit order
-- (P3). A sequence would give neither: its numbers are taken before commit and lost on rollback.

-- Ids and metadata are any UTF-8. A database with another encoding would refuse some record in the middle of an append.
do $$
begin
    if current_setting('server_encoding') <> 'UTF8' then
        raise exception 'shelfmark needs a database with encoding UTF8, this one has %', current_setting('server_encoding');
    end if;
end
$$;

create table models (
    id integer generated always as identity,
    name text collate "C" not null,
    -- Last committed position; 0 = nothing yet.
    head bigint not null default 0,
    -- What readers get: a version's number, or null for the live state.
    served_version integer,
    -- The configuration at position 0; null until the first process that opens the model settles it.
    config jsonb,
    created_at timestamptz not null default now(),
    constraint models_pkey primary key (id),
    constraint models_name_unique unique (name),
    constraint models_head_not_negative check (head >= 0)
)
-- Every append updates the head: half-empty pages keep those updates inside one page (HOT), without index work.
with (fillfactor = 50);

insert into models (name) values ('default');
