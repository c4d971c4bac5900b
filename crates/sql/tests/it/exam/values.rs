//! What can be bound and read, in every database alike.

use super::{Site, exam};
use headwater_framework::{Database, ModelName, ReadModel};
use serde::{Deserialize, Serialize};

exam! {
    read_back as values_read_back_as_what_they_were,
    counted as parameters_that_are_too_few_or_too_many_are_refused,
}

const KINDS: ModelName = ModelName {
    name: "kinds",
    version: 1,
    generation: 1,
    schema: "create table kinds (id varchar(20) primary key, whole bigint, number double precision,
             flag boolean, state varchar(20), note varchar(20))",
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Id(String);

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum State {
    Approved,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Kinds {
    id: Id,
    whole: i64,
    number: f64,
    flag: bool,
    state: State,
    note: Option<char>,
}

async fn read_back<S: Site>(site: S) {
    let mut model = site.database().open(KINDS).await.unwrap();
    model.begin().await.unwrap();
    let insert = S::places("insert into kinds values (?, ?, ?, ?, ?, ?)");
    let first = (Id("a".into()), i64::MIN, 0.1, true, State::Approved, Some('é'));
    S::execute(model.tx(), &insert, first).await.unwrap();
    let second = (Id("b".into()), u64::MAX >> 1, f64::MIN_POSITIVE, false, (), None::<char>);
    S::execute(model.tx(), &insert, second).await.unwrap();
    model.commit().await.unwrap();
    let select = S::places("select id, whole, number, flag, state, note from kinds where id = ?");
    let read: Option<Kinds> = S::row(model.tx(), &select, (Id("a".into()),)).await.unwrap();
    let expected = Kinds {
        id: Id("a".into()),
        whole: i64::MIN,
        number: 0.1,
        flag: true,
        state: State::Approved,
        note: Some('é'),
    };
    assert_eq!(read, Some(expected));
    type Tuple = (String, u64, f64, bool, Option<State>, Option<char>);
    let read: Option<Tuple> = S::row(model.tx(), &select, ("b",)).await.unwrap();
    assert_eq!(read, Some(("b".into(), u64::MAX >> 1, f64::MIN_POSITIVE, false, None, None)));
    let none: Option<Kinds> = S::row(model.tx(), &select, ("z",)).await.unwrap();
    assert_eq!(none, None);
    let one: Option<i64> = S::row(model.tx(), "select count(*) from kinds", ()).await.unwrap();
    assert_eq!(one, Some(2));
    let wrong = S::row::<u8, _>(model.tx(), "select id from kinds order by id", ()).await;
    let words = wrong.unwrap_err().to_string();
    assert!(words.contains("column `id`") || words.contains("string"), "{words}");
}

async fn counted<S: Site>(site: S) {
    let mut model = site.database().open(KINDS).await.unwrap();
    let select = S::places("select id from kinds where id = ? and whole = ?");
    let few = S::row::<String, _>(model.tx(), &select, ("a",)).await.unwrap_err().to_string();
    assert!(few.contains("parameter 2 is missing: 2 are asked for, 1 were given"), "{few}");
    let many = S::row::<String, _>(model.tx(), &select, ("a", 1, 2)).await;
    let many = many.unwrap_err().to_string();
    assert!(many.contains("parameter 3 is too many: 2 are asked for, 3 were given"), "{many}");
    let list = S::row::<String, _>(model.tx(), &select, ("a", [1, 2])).await;
    let list = list.unwrap_err().to_string();
    assert!(list.contains("no column holds"), "{list}");
}
