-- Why: an index that is made on an empty table has a summary of its first range, which each of the first 1,500 records
-- would write anew. The appender's process summarises the range when it is full, as all others.
select brin_desummarize_range('records_users_items', 0) where not exists (select from records);
