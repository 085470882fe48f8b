-- Why: the records of one user or item were found by reading the whole log. A B-tree over random ids costs each insert a
-- page of its own. This index keeps, for each 32 pages (some 1,500 records), the range of positions and two Bloom filters
-- (https://www.postgresql.org/docs/15/brin-bloom.html). Inserts do not touch it: the appender's process summarises full
-- ranges now and then. What is not summarised yet is read.
create index records_users_items on records using brin (
    position int8_minmax_ops,
    user_id text_bloom_ops (n_distinct_per_range = 1600, false_positive_rate = 0.01),
    item_id text_bloom_ops (n_distinct_per_range = 1600, false_positive_rate = 0.01)
) with (pages_per_range = 32);
