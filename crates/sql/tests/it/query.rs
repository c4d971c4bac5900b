//! What can be bound and read, and what is refused with which words.

use crate::{LEDGER, now};
use headwater_framework::testing::QueryRows;
use headwater_framework::{Database, Failed, ModelName, ReadModel};
use headwater_sql::{SqlError, Sqlite, SqliteModel, SqliteReader};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const KINDS: ModelName = ModelName {
    name: "kinds",
    version: 1,
    generation: 1,
    schema: "create table kinds (id text primary key, whole integer, number real, flag integer,
             state text, note text, bytes blob) strict",
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Id(String);

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum State {
    Pending,
    Approved,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Kinds {
    id: Id,
    whole: u32,
    number: f64,
    flag: bool,
    state: State,
    note: Option<char>,
}

fn example() -> Kinds {
    Kinds {
        id: Id("a".into()),
        whole: 7,
        number: 1.5,
        flag: true,
        state: State::Approved,
        note: Some('é'),
    }
}

fn filled() -> (Sqlite, SqliteModel, SqliteReader) {
    let database = Sqlite::memory();
    let mut model = now(database.open(KINDS)).unwrap();
    now(model.begin()).unwrap();
    let Kinds { id, whole, number, flag, state, note } = example();
    let insert = "insert into kinds values (?,?,?,?,?,?,null)";
    model.tx().execute(insert, (&id, whole, number, flag, state, note)).unwrap();
    let named = "insert into kinds values (:id, :whole, :number, :flag, :state, :note, null)";
    let second = Kinds { id: Id("b".into()), note: None, state: State::Pending, ..example() };
    assert_eq!(model.tx().change(named, &second), Ok(1));
    now(model.commit()).unwrap();
    let reader = now(database.reader(KINDS)).unwrap();
    (database, model, reader)
}

#[test]
fn values_read_back_as_what_they_were() {
    let (_database, _model, reader) = filled();
    let all = "select id, whole, number, flag, state, note from kinds order by id";
    let rows: Vec<Kinds> = reader.rows(all, ()).unwrap();
    assert_eq!(rows[0], example());
    assert_eq!((&rows[1].note, rows[1].state), (&None, State::Pending));
    let tuple: (Id, u64, Option<String>) =
        reader.row("select id, whole, note from kinds where id = ?", ("b",)).unwrap().unwrap();
    assert_eq!(tuple, (Id("b".into()), 7, None));
    assert_eq!(reader.row::<State>("select state from kinds", ()), Ok(Some(State::Approved)));
    let none = reader.row::<Kinds>("select * from kinds where id = ?", (Id("z".into()),));
    assert_eq!(none, Ok(None));
    let json: serde_json::Value =
        reader.row("select id, flag, note from kinds order by id desc", ()).unwrap().unwrap();
    assert_eq!(json, serde_json::json!({"id": "b", "flag": 1, "note": null}));
}

#[test]
fn a_wrong_parameter_is_named_and_nothing_runs() {
    let (_database, mut model, reader) = filled();
    let mut refused = |sql: &str, parameters: &dyn Bind| {
        now(model.begin()).unwrap();
        let failed = parameters.run(&mut model, sql).unwrap_err().to_string();
        now(model.rollback()).unwrap();
        failed
    };
    let update = "update kinds set note = ? where id = ?";
    assert_eq!(
        refused(update, &("x",)),
        format!("parameter 2 is missing: 2 are asked for, 1 were given, of `{update}`")
    );
    assert!(refused(update, &("x", "a", 3)).contains("is too many: 2 are asked for, 3 were given"));
    assert!(refused(update, &"x").contains("write a tuple: `(value,)`"));
    assert!(refused(update, &(vec![1], "a")).contains("parameter 1 is a list, which no column"));
    let map = BTreeMap::from([("a", 1)]);
    assert!(refused(update, &("x", map)).contains("parameter 2 is a map, which no column"));
    let large = refused("update kinds set whole = ?", &(u64::MAX,));
    assert!(large.contains("18446744073709551615, more than an integer column holds"), "{large}");
    assert_eq!(reader.row::<u64>("select count(*) from kinds where note = 'x'", ()), Ok(Some(0)));
}

/// A statement with parameters of some type.
trait Bind {
    fn run(&self, model: &mut SqliteModel, sql: &str) -> Result<(), Failed>;
}

impl<P: Serialize> Bind for P {
    fn run(&self, model: &mut SqliteModel, sql: &str) -> Result<(), Failed> {
        model.tx().execute(sql, self)
    }
}

#[test]
fn a_row_that_does_not_fit_names_its_column() {
    let (_database, _model, reader) = filled();
    let why = |error: SqlError| (error.code(), error.to_string());
    let (code, text) = why(reader.row::<(Id, u8)>("select id, note from kinds", ()).unwrap_err());
    assert_eq!(code, "sql.row");
    assert!(text.starts_with("column `note`: invalid type: string \"é\""), "{text}");
    let (_, text) = why(reader.row::<(u8, u8)>("select 1, 300", ()).unwrap_err());
    assert!(text.starts_with("column `300`: invalid value: integer `300`"), "{text}");
    let (_, text) = why(reader.row::<bool>("select 2", ()).unwrap_err());
    assert!(text.contains("2 is neither 0 nor 1"), "{text}");
    let (_, text) = why(reader.row::<State>("select 'GONE'", ()).unwrap_err());
    assert!(text.contains("unknown variant `GONE`"), "{text}");
    let (_, text) = why(reader.row::<u8>("select 1, 2", ()).unwrap_err());
    assert!(text.contains("2 columns are read as a single value"), "{text}");
    let (_, text) = why(reader.row::<String>("select cast(x'ff' as text)", ()).unwrap_err());
    assert!(text.contains("not UTF-8"), "{text}");
}

#[test]
fn errors_tell_the_statement_from_the_schema() {
    let (_database, mut model, reader) = filled();
    let code = |sql: &str| reader.row::<u8>(sql, ()).unwrap_err().code();
    assert_eq!(code("select nothing from kinds"), "sql.statement");
    assert_eq!(code("selec 1"), "sql.statement");
    assert_eq!(code("delete from kinds"), "sql.io", "a reader does not write");
    now(model.begin()).unwrap();
    let twice = model.tx().execute("insert into kinds (id) values ('a')", ()).unwrap_err();
    assert!(twice.to_string().contains("UNIQUE constraint failed: kinds.id"), "{twice}");
    assert!(twice.to_string().contains("insert into kinds"), "{twice}");
}

#[test]
fn rows_are_shown_as_text() {
    let (_database, _model, reader) = filled();
    let rows = reader.query_rows("select id, number, note, x'00ff' from kinds order by id");
    assert_eq!(rows.unwrap(), ["a|1.5|é|\\x00\\xff", "b|1.5||\\x00\\xff"]);
}

/// R1 for rows: what a request reads in two queries is one moment, whatever commits in between.
#[test]
fn a_reader_sees_one_moment_and_the_writer_does_not_wait_for_it() {
    let directory = tempfile::tempdir().unwrap();
    let database = Sqlite::file(directory.path().join("ledger.db"));
    let mut model = crate::open(&database);
    now(crate::apply(&mut model, 0..=1));
    let count = "select count(*) from entries";
    let reader = now(database.reader(LEDGER)).unwrap();
    assert_eq!(reader.row(count, ()), Ok(Some(2)));
    now(model.begin()).unwrap();
    model.tx().execute("insert into entries values (2, 1)", ()).unwrap();
    assert_eq!(now(database.reader(LEDGER)).unwrap().row(count, ()), Ok(Some(2)), "uncommitted");
    now(model.rollback()).unwrap();
    now(crate::apply(&mut model, 2..=4));
    assert_eq!(reader.row(count, ()), Ok(Some(2)), "the same moment");
    drop(reader);
    assert_eq!(now(database.reader(LEDGER)).unwrap().row(count, ()), Ok(Some(5)));
}

#[test]
fn a_reader_may_come_before_the_writer() {
    let directory = tempfile::tempdir().unwrap();
    for database in [Sqlite::memory(), Sqlite::file(directory.path().join("ledger.db"))] {
        let reader = now(database.reader(LEDGER)).unwrap();
        assert_eq!(reader.row("select count(*) from entries", ()), Ok(Some(0)));
    }
}
