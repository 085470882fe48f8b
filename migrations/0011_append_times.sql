-- Why: a time names one position only while the times of appends never go back. Clocks of processes differ and are set
-- right, so an append is never earlier than the one before it, whose time the model's row keeps.
alter table models add column head_at timestamptz;

update models set head_at =
    (select appended_at from records where records.model_id = models.id and records.position = models.head);

comment on column models.head_at is 'Time of the last append; null = none yet.';
