-- Why: readers may be split over several states, and a guard may act on what it measures. What is served must exist, so
-- the arms of a split and the reference of a guard are foreign keys on versions: neither can be deleted, whoever tries.
create table serving_arms (
    model_id integer not null,
    -- Place in the order given.
    ordinal smallint not null,
    -- Null = live.
    version integer,
    percent smallint not null,
    constraint serving_arms_pkey primary key (model_id, ordinal),
    constraint serving_arms_version_unique unique nulls not distinct (model_id, version),
    constraint serving_arms_model_fkey foreign key (model_id) references models (id),
    constraint serving_arms_version_fkey foreign key (model_id, version) references versions (model_id, number),
    constraint serving_arms_percent_share check (percent between 1 and 100)
);

-- One guard a model. It is armed until it has acted.
create table guards (
    model_id integer not null,
    -- JSON as text: see records.rest.
    settings text not null,
    armed boolean not null,
    -- What live is measured against now; null = none yet.
    reference integer,
    actor text not null,
    armed_at timestamptz not null,
    -- What it did, JSON as text: when, the deployment's number, the numbers that led to it.
    acted text,
    constraint guards_pkey primary key (model_id),
    constraint guards_model_fkey foreign key (model_id) references models (id),
    constraint guards_reference_fkey foreign key (model_id, reference) references versions (model_id, number)
);

-- The arms of a split, the numbers that made a guard act: JSON as text.
alter table deployments add column details text;
alter table deployments drop constraint deployments_mode_known;
alter table deployments add constraint deployments_mode_known
    check (mode in ('pin', 'unpin', 'restore', 'replay', 'split', 'freeze', 'resume'));
