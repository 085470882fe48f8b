-- Why: a user's comment is in the log alone, in the newest updates of the profile. The index of users and items finds
-- blocks of records, not records, so a page of a thousand users read the log a thousand times. This one holds updates of
-- profiles only: inserts of events do not touch it.
create index records_profiles on records (model_id, user_id, position) where type = 12;
