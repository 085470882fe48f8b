-- Why: the history of what was served, by whom, when and why. It outlives the versions it names, hence no foreign key to
-- them. Append-only by trigger: the service owns its tables, and an owner is not bound by grants.
create table deployments (
    model_id integer not null,
    number bigint not null,
    -- pin, unpin, restore
    mode text not null,
    -- Version served before and after; null = live.
    from_version integer,
    to_version integer,
    -- Version that was pinned or restored.
    version integer,
    -- Position of the restore's record.
    position bigint,
    actor text not null,
    reason text,
    at timestamptz not null,
    constraint deployments_pkey primary key (model_id, number),
    constraint deployments_model_fkey foreign key (model_id) references models (id),
    constraint deployments_mode_known check (mode in ('pin', 'unpin', 'restore'))
);

create function deployments_refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'deployments is append-only: % refused', tg_op using errcode = 'restrict_violation';
end
$$;

create trigger deployments_append_only before update or delete or truncate on deployments
    for each statement execute function deployments_refuse_change();
