create table if not exists headwater_outbox_share (
    outbox text not null, share integer not null, epoch integer not null,
    owner text, until_ms integer not null,
    primary key (outbox, share)
) strict, without rowid;
create table if not exists headwater_outbox_relay (
    outbox text not null, relay text not null, until_ms integer not null, asleep integer not null,
    primary key (outbox, relay)
) strict, without rowid;
create table if not exists headwater_outbox_parked (
    outbox text not null, row_key text not null, stream text not null, why text not null,
    parked_ms integer not null,
    primary key (outbox, row_key)
) strict, without rowid;
create index if not exists headwater_outbox_parked_stream
    on headwater_outbox_parked (outbox, stream);
