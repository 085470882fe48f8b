-- Why: who changed what must be on record, for a service whose answers depend on it; keys may end by themselves; and to read
-- the events of everybody is more than to ask for recommendations.
create table audit_log (
    id bigint generated always as identity,
    at timestamptz not null,
    -- Name of the key, `anonymous` without keys, or the user of the command line.
    actor text not null,
    -- Method and route, or the command. Never an id of a user: what it holds outlives an erasure.
    action text not null,
    -- The model that it concerns, if one.
    model text collate "C",
    -- Parameters of the path, as a JSON object of strings, without users and events.
    target jsonb not null default '{}',
    -- Id of the request, as in the log of the process.
    request_id text,
    -- HTTP status of the reply; null while it runs, and for ever when the process died meanwhile.
    status smallint,
    constraint audit_log_pkey primary key (id)
);
create index audit_log_model on audit_log (model, id);

alter table api_keys
    add column expires_at timestamptz,
    drop constraint api_keys_scope_known,
    add constraint api_keys_scope_known check (scope in ('read', 'export', 'write', 'admin'));

-- An erasure asks which names of a user were merged, and a replay which merges there are.
create index records_merges on records (model_id, position) where type = 9;
