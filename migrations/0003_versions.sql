-- Why: versions are states kept for ever, until retention or a person deletes them. The manifest is one row; the state is
-- cut into segments of bounded size, each compressed (zstd) and with a checksum (xxh3, 128 bits) over model, version,
-- table, ordinal and the uncompressed bytes, so that a damaged, swapped or missing segment is refused by name.
create table versions (
    model_id integer not null,
    number integer not null,
    label text,
    reason text,
    position bigint not null,
    parent integer,
    digest bytea not null,
    -- Compressed size of all segments.
    bytes bigint not null,
    segments integer not null,
    -- xxh3 over the segments' checksums in order: a missing or added segment shows.
    checksum bytea not null,
    actor text not null,
    -- JSON as text: see records.rest.
    metrics text not null,
    fingerprint text not null,
    created_at timestamptz not null,
    constraint versions_pkey primary key (model_id, number),
    constraint versions_label_unique unique (model_id, label),
    constraint versions_model_fkey foreign key (model_id) references models (id),
    constraint versions_number_positive check (number > 0),
    constraint versions_digest_16_bytes check (octet_length(digest) = 16)
);

-- The newest version at or before a position: where a restore or a recovery starts.
create index versions_position on versions (model_id, position, number);

create table version_segments (
    model_id integer not null,
    version integer not null,
    table_number smallint not null,
    ordinal integer not null,
    raw_bytes bigint not null,
    checksum bytea not null,
    payload bytea not null,
    constraint version_segments_pkey primary key (model_id, version, table_number, ordinal),
    constraint version_segments_version_fkey foreign key (model_id, version)
        references versions (model_id, number) on delete cascade,
    constraint version_segments_checksum_16_bytes check (octet_length(checksum) = 16)
);

-- Compressed already: Postgres need not try.
alter table version_segments alter column payload set storage external;

-- What is served exists: a served version cannot be deleted, whoever tries.
alter table models add constraint models_served_fkey
    foreign key (id, served_version) references versions (model_id, number);
