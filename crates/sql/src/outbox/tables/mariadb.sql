-- Headwater's outbox in MariaDB 10.6 or later, and in MySQL 8.0.13 or later.
create table if not exists {table} (
    seq bigint not null auto_increment primary key,
    -- which relay's row this is
    share smallint as (crc32(stream) % 16) stored,
    id char(36) character set ascii not null default (uuid()),
    stream varchar(512) character set utf8mb4 collate utf8mb4_bin not null,
    type varchar(256) character set utf8mb4 collate utf8mb4_bin not null,
    schema_version integer unsigned not null default 1,
    payload longtext character set utf8mb4,
    payload_bytes longblob,
    metadata mediumtext character set utf8mb4,
    tags mediumtext character set utf8mb4,
    created_at timestamp(6) not null default current_timestamp(6),
    check ((payload is null) <> (payload_bytes is null))
) engine = InnoDB;
