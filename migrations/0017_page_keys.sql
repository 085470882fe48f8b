-- Why: pages in browsers write clicks and ask for lists by themselves, with keys that everybody can read: bound to the
-- pages' origins, and to a rate.
alter table api_keys
    -- Origins of the pages that may use it; null = any program.
    add column origins text[],
    -- Requests a second, on average; null = no bound.
    add column requests_per_second integer,
    drop constraint api_keys_scope_known,
    add constraint api_keys_scope_known
        check (scope in ('read', 'export', 'write', 'admin', 'ingest', 'recommend')),
    add constraint api_keys_pages_are_bound
        check (scope not in ('ingest', 'recommend')
            or (model is not null and cardinality(origins) > 0 and requests_per_second > 0));
