create table if not exists headwater_inbox (
    consumer text not null, message text not null,
    handled_ms integer not null default (cast(unixepoch('subsec') * 1000 as integer)),
    primary key (consumer, message)
) strict;
create index if not exists headwater_inbox_age on headwater_inbox (consumer, handled_ms);
create table if not exists headwater_inbox_place (
    consumer text not null, source text not null,
    incarnation integer not null, position integer not null,
    primary key (consumer, source)
) strict, without rowid;
