-- Why: a connector that feeds a model from a partitioned stream outside (Kafka and the like) has to go on exactly where the log
-- has it. So the place in the stream is committed in the transaction of the events that were read up to it, and compared
-- with the place that the sender began at.
create table stream_offsets (
    model_id integer not null,
    topic text collate "C" not null,
    partition text collate "C" not null,
    -- Of the next message to read, as the connector writes it: compared, never counted with.
    next_offset text collate "C" not null,
    -- Head of the log once it was committed: what was made of the messages before it stands here or earlier.
    position bigint not null,
    updated_at timestamptz not null default now(),
    constraint stream_offsets_pkey primary key (model_id, topic, partition),
    constraint stream_offsets_model_fkey foreign key (model_id) references models (id) on delete cascade
);
