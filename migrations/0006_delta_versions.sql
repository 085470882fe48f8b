-- Why: a version that holds only the rows that changed costs what changed, not the whole state. Such a delta names the
-- version whose rows it changes; a base names none. To read a version, read its chain from the base on and let later rows
-- replace earlier ones. The named version may be another model's: a fork's first version is an empty delta.
alter table versions
    add column delta_of_model integer,
    add column delta_of integer,
    -- Deltas between the base and this version, itself included; 0 for a base.
    add column depth integer not null default 0,
    -- Uncompressed bytes: of this version's own segments, of its base's, of all deltas up to this one. The next version is a
    -- delta while those of the deltas stay below those of the base.
    add column raw_bytes bigint not null default 0,
    add column base_raw_bytes bigint not null default 0,
    add column deltas_raw_bytes bigint not null default 0,
    -- Rows in this version's own segments.
    add column row_count bigint not null default 0,
    -- Deleted for everybody, but a delta still stands on its rows. It goes with the last one.
    add column hidden boolean not null default false,
    add constraint versions_delta_fkey foreign key (delta_of_model, delta_of) references versions (model_id, number),
    add constraint versions_delta_whole check ((delta_of_model is null) = (delta_of is null)),
    add constraint versions_hidden_without_label check (not hidden or label is null);

create index versions_delta_of on versions (delta_of_model, delta_of) where delta_of is not null;

-- Which rows a segment holds: one row of a version is found without reading the others.
alter table version_segments
    add column first_row bigint not null default 0,
    add column last_row bigint not null default 0;
