//! Every type is told exactly, and the same by the copy as by the log.

use super::world::World;
use crate::world::following;
use headwater_cdc::Mapping;

const THINGS: &str = "create table things (id int primary key, y year, \
    t8 tinyint unsigned, s8 tinyint, u16 smallint unsigned, u24 mediumint unsigned, s24 mediumint, \
    u32 int unsigned zerofill, u64 bigint unsigned, dec_ decimal(30,10), f float, d double, b1 bit(1), b40 bit(40), \
    day date, dt datetime(3), ts timestamp(6) null, ti time(1), neg time(6), \
    c char(10), v varchar(300), tx mediumtext, l1 varchar(20) character set latin1, \
    u2 char(5) character set ucs2, bin binary(6), vb varbinary(300), bl blob, js json, \
    e enum('glad', 'sad'), e1 enum('ä', 'ö') character set latin1, st set('a', 'b', 'c'), \
    u1 uuid, u4 uuid, u7 uuid, i6 inet6, pt point, g int as (id + 1) stored, gv int as (id + 2) virtual, \
    inv int invisible default 5, nothing text) default character set utf8mb4";

const ROW: &str = "1, 2026, 250, -5, 65535, 16777215, -8388608, 42, 18446744073709551615, \
    '12345678901234567890.1234500000', 0.1, 1e300, b'1', 0xFF00FF00FF, '2026-03-09', \
    '2026-03-09 14:00:00.5', '2026-03-09 13:00:00.000250', '12:34:56.7', '-838:59:58.500000', \
    'ab', 'Jörg', 'long', 'Jörg €', 'öß', x'00ff0000', x'00ff', x'0102', '{\"n\": 12345678901234567890.5}', \
    'sad', 'ö', 'a,c', '6ccd780c-baba-1026-9564-5b8c656024db', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', \
    '0188b4e0-5c2a-7d3f-8000-0000000000ff', '::ffff:192.0.2.1', point(1, 2)";

const COLUMNS: &str = "id, y, t8, s8, u16, u24, s24, u32, u64, dec_, f, d, b1, b40, day, dt, ts, ti, neg, c, v, \
    tx, l1, u2, bin, vb, bl, js, e, e1, st, u1, u4, u7, i6, pt";

const TOLD: &str = r#"{"id":1,"y":2026,"t8":250,"s8":-5,"u16":65535,"u24":16777215,"s24":-8388608,"u32":42,"u64":18446744073709551615,"dec_":"12345678901234567890.1234500000","f":0.1,"d":1e300,"b1":1,"b40":1095233372415,"day":"2026-03-09","dt":"2026-03-09T14:00:00.5","ts":"2026-03-09T13:00:00.00025Z","ti":"12:34:56.7","neg":"-838:59:58.5","c":"ab","v":"Jörg","tx":"long","l1":"Jörg €","u2":"öß","bin":"AP8AAAAA","vb":"AP8=","bl":"AQI=","js":{"n": 12345678901234567890.5},"e":"sad","e1":"ö","st":"a,c","u1":"6ccd780c-baba-1026-9564-5b8c656024db","u4":"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11","u7":"0188b4e0-5c2a-7d3f-8000-0000000000ff","i6":"::ffff:192.0.2.1","pt":"AAAAAAEBAAAAAAAAAAAA8D8AAAAAAAAAQA==","g":2,"gv":3,"inv":5,"nothing":null}"#;

#[tokio::test(flavor = "multi_thread")]
async fn every_type_is_told_exactly_and_the_same_by_the_copy_as_by_the_log() {
    let Some(world) = World::new(&[THINGS]).await else { return };
    world.sql(&format!(
        "begin not atomic set time_zone = '+00:00'; set names utf8mb4; \
         insert into things ({COLUMNS}) values ({ROW}); end"
    ));
    let mining = world.mine(Mapping::default().table(world.table("things")));
    following(&mining).await;
    world.sql("update things set id = 2");
    world.sql("update things set id = 1");
    let events = world.await_events(&mining, 5).await;
    mining.drain().await;
    assert_eq!(String::from_utf8_lossy(&events[0].payload), TOLD, "as it is found");
    assert_eq!(String::from_utf8_lossy(&events[4].payload), TOLD, "and as the log tells it");
}

#[tokio::test(flavor = "multi_thread")]
async fn dates_that_are_none_and_numbers_at_their_edges_are_told_the_same_way() {
    let setup = ["create table edges (id int primary key, y year, day date, dt datetime, \
        ts timestamp default 0, n decimal(5,5), m decimal(4,0), e enum('a'), t time, f float, s set('x'))"];
    let Some(world) = World::new(&setup).await else { return };
    let insert = |id: u32| {
        world.sql(&format!(
            "begin not atomic set sql_mode = ''; insert into edges values \
             ({id}, 0, '0000-00-00', '0000-00-00', 0, -0.00001, -12, 'none', '-00:00:01', 16777217, ''); end"
        ));
    };
    insert(1);
    let mining = world.mine(Mapping::default().table(world.table("edges")));
    following(&mining).await;
    insert(2);
    let events = world.await_events(&mining, 2).await;
    mining.drain().await;
    let of = |n: usize| String::from_utf8_lossy(&events[n].payload).into_owned();
    assert_eq!(of(0).replace("\"id\":1", ""), of(1).replace("\"id\":2", ""));
    let expected = r#"{"id":2,"y":0,"day":"0000-00-00","dt":"0000-00-00T00:00:00","ts":"0000-00-00T00:00:00Z","n":"-0.00001","m":"-12","e":"","t":"-00:00:01","f":16777216.0,"s":""}"#;
    assert_eq!(of(1), expected);
}
