-- Why: models come and go while the service runs. A new model may be a fork: its log begins at position 0 on a version of
-- another model, which must then stay. A deleted model is marked first, in one row: from then on it is nowhere to be seen,
-- takes no append, and its name is free. Its rows go in the background, a batch at a time, and last the mark itself: a
-- crash in between leaves the mark, and the next process goes on from what it finds.
alter table models
    -- The version that a fork's state at position 0 is; null for a model that began empty.
    add column forked_from_model integer,
    add column forked_from_version integer,
    -- What a fork's first record made of that version's configuration; null when it has no such record. Tells a request
    -- that is sent again from another one.
    add column fork_config jsonb,
    add column deleted_at timestamptz,
    add constraint models_fork_fkey foreign key (forked_from_model, forked_from_version)
        references versions (model_id, number),
    add constraint models_fork_whole check ((forked_from_model is null) = (forked_from_version is null));

alter table models drop constraint models_name_unique;
create unique index models_name_unique on models (name) where deleted_at is null;
create index models_forks on models (forked_from_model, forked_from_version) where forked_from_model is not null;

-- Deployments stay append-only, but for the history of a model that is deleted as a whole. That is asked of each row: the
-- mark was committed before, so no statement can set it aside and delete a single entry.
drop trigger deployments_append_only on deployments;

create trigger deployments_append_only before update or truncate on deployments
    for each statement execute function deployments_refuse_change();

create function deployments_refuse_deletion() returns trigger language plpgsql as $$
begin
    if exists (select from models where id = old.model_id and deleted_at is not null) then
        return old;
    end if;
    raise exception 'deployments is append-only: % refused', tg_op using errcode = 'restrict_violation';
end
$$;

create trigger deployments_deleted_with_their_model before delete on deployments
    for each row execute function deployments_refuse_deletion();
