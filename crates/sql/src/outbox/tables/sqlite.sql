-- Headwater's outbox in SQLite. One writer at a time: the order of rows is that of commits.
create table if not exists {table} (
    seq integer primary key autoincrement,
    id text not null default (lower(hex(randomblob(16)))),
    stream text not null,
    type text not null,
    schema_version integer not null default 1,
    payload text,
    payload_bytes blob,
    metadata text,
    tags text,
    created_at text not null default (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    check ((payload is null) <> (payload_bytes is null))
) strict;
