-- Why: whoever asked to be forgotten, and whoever answers for it, wants proof that outlives the operation: what was taken out
-- of where, and the digests before and after. A receipt names nobody.
create table erasures (
    model_id integer not null,
    -- Position of the record that makes every learner forget the user.
    position bigint not null,
    -- JSON as text: see records.rest.
    receipt text not null,
    at timestamptz not null,
    constraint erasures_pkey primary key (model_id, position),
    constraint erasures_model_fkey foreign key (model_id) references models (id) on delete cascade
);

-- A version that is about to be stored asks whether anybody was forgotten since its state was copied.
create index records_forgets on records (model_id, position) where type = 7;

comment on column records.type is '1 event, 2 put item, 3 remove item, 4 restore, 5 configure, 6 put vector, 7 forget';
