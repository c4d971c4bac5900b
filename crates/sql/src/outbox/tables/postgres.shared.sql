create table if not exists headwater_outbox_share (
    outbox text not null, share integer not null, epoch bigint not null,
    owner text, until_ms bigint not null,
    primary key (outbox, share)
);
create table if not exists headwater_outbox_relay (
    outbox text not null, relay text not null, until_ms bigint not null, asleep integer not null,
    primary key (outbox, relay)
);
create table if not exists headwater_outbox_parked (
    outbox text not null, row_key text not null, stream text not null, why text not null,
    parked_ms bigint not null,
    primary key (outbox, row_key)
);
create index if not exists headwater_outbox_parked_stream
    on headwater_outbox_parked (outbox, stream);
