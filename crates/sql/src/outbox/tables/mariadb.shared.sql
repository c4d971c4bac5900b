create table if not exists headwater_outbox_share (
    outbox varchar(130) character set ascii not null, share integer not null, epoch bigint not null,
    owner varchar(64) character set ascii, until_ms bigint not null,
    primary key (outbox, share)
) engine = InnoDB;
create table if not exists headwater_outbox_relay (
    outbox varchar(130) character set ascii not null,
    relay varchar(64) character set ascii not null, until_ms bigint not null,
    asleep integer not null,
    primary key (outbox, relay)
) engine = InnoDB;
create table if not exists headwater_outbox_parked (
    outbox varchar(130) character set ascii not null,
    row_key varchar(255) character set utf8mb4 collate utf8mb4_bin not null,
    stream varchar(600) character set utf8mb4 collate utf8mb4_bin not null,
    why text character set utf8mb4 not null, parked_ms bigint not null,
    primary key (outbox, row_key), key (outbox, stream)
) engine = InnoDB;
