create table if not exists headwater_inbox (
    consumer varchar(190) character set utf8mb4 collate utf8mb4_bin not null,
    message varchar(255) character set utf8mb4 collate utf8mb4_bin not null,
    handled_at timestamp(3) not null default current_timestamp(3),
    primary key (consumer, message), key (consumer, handled_at)
) engine = InnoDB;
create table if not exists headwater_inbox_place (
    consumer varchar(190) character set utf8mb4 collate utf8mb4_bin not null,
    source varchar(512) character set utf8mb4 collate utf8mb4_bin not null,
    incarnation bigint not null, position bigint not null,
    primary key (consumer, source)
) engine = InnoDB;
