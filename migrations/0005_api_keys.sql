-- Why: who may call. The key itself is shown once and never kept: only its SHA-256, which is enough for 256 random bits.
create table api_keys (
    name text not null,
    hash bytea not null,
    -- read, write, admin: each includes the ones before it.
    scope text not null,
    -- The one model it is for; null = all.
    model text collate "C",
    created_at timestamptz not null default now(),
    constraint api_keys_pkey primary key (name),
    constraint api_keys_hash_unique unique (hash),
    constraint api_keys_hash_32_bytes check (octet_length(hash) = 32),
    constraint api_keys_scope_known check (scope in ('read', 'write', 'admin'))
);
