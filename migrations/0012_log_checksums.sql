-- Why: a changed value, time or id of a record was found by nobody unless it changed what a version's digest covers. The last
-- record of each append now carries a checksum over all columns of the append's records, chained to the append before it.
-- Only there: null costs nothing in the other rows, and COPY writes it with the row.
--
-- Bytes of an append: salt (16), content (8), chain (8). After an erasure: content (8), chain (8), check (8).
-- crates/log/src/checksum.rs says what they are.
alter table records add column checksum bytea;

-- Records up to here were appended before there were checksums. The chain begins behind them.
alter table models add column unchecked_through bigint not null default 0;
update models set unchecked_through = head;

-- What a manifest says was covered by nothing, and a version whose manifest was gone left no trace. The service seals each
-- manifest when it writes it, and keeps the numbers of the versions that there are.
alter table versions add column seal bytea;
alter table version_numbers add column present int4multirange not null default '{}';

-- Covers every column of a manifest but the seal. Not a generated column: that would follow any change by itself.
create function manifest_seal(v versions) returns bytea language sql immutable as $$
    select sha256(convert_to(jsonb_build_array(
        v.model_id, v.number, v.label, v.reason, v.position, v.parent, encode(v.digest, 'hex'), v.bytes, v.segments,
        encode(v.checksum, 'hex'), v.actor, v.metrics, v.fingerprint, extract(epoch from v.created_at), v.delta_of_model,
        v.delta_of, v.depth, v.raw_bytes, v.base_raw_bytes, v.deltas_raw_bytes, v.row_count, v.hidden, v.derived)::text, 'UTF8'))
$$;

update versions v set seal = manifest_seal(v);
update version_numbers n set present = (
    select coalesce(range_agg(int4range(number, number, '[]')), '{}') from versions v where v.model_id = n.model_id);
