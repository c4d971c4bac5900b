create table if not exists headwater_inbox (
    consumer text not null, message text not null,
    handled_at timestamptz not null default clock_timestamp(),
    primary key (consumer, message)
);
create index if not exists headwater_inbox_age on headwater_inbox (consumer, handled_at);
create table if not exists headwater_inbox_place (
    consumer text not null, source text not null,
    incarnation bigint not null, position bigint not null,
    primary key (consumer, source)
) with (fillfactor = 50);
