//! A search index is a view like any other: its words and its checkpoint are one transaction, whether it is
//! SQLite's, PostgreSQL's or MariaDB's own.

use headwater_framework::prelude::*;
use headwater_framework::testing::projection;
use headwater_sql::{Sqlite, SqliteTx};

#[derive(Input, Debug)]
enum Dish {
    Listed { dish: i64, text: String },
    Withdrawn { dish: i64 },
}

struct Menu;

impl Projection for Menu {
    const NAME: &'static str = "menu";
    const SCHEMA: &'static str =
        "create virtual table menu using fts5(text, tokenize = 'unicode61 remove_diacritics 2')";
    type Input = Dish;
    type Database = Sqlite;

    async fn apply(&self, db: &mut SqliteTx, e: &Recorded<Dish>) -> Result<(), Failed> {
        match &e.event {
            Dish::Listed { dish, text } => {
                // What is told of a dish again takes the place of what was told before.
                db.execute("insert or replace into menu (rowid, text) values (?, ?)", (dish, text))
            }
            Dish::Withdrawn { dish } => db.execute("delete from menu where rowid = ?", (dish,)),
        }
    }
}

#[test]
fn words_are_found_as_long_as_what_they_are_about_is_there() {
    let listed = |dish, text: &str| Dish::Listed { dish, text: text.to_owned() };
    let shown = projection(Menu, Sqlite::memory()).given([
        listed(1, "Crème brûlée with berries"),
        listed(2, "Berries, plain"),
        listed(3, "Soup of the day"),
        listed(2, "Berries and cream"),
        Dish::Withdrawn { dish: 3 },
    ]);
    let found = |words: &str| -> Vec<i64> {
        let select = "select rowid from menu where menu match ? order by rowid";
        shown.reader().rows(select, (words,)).unwrap()
    };
    assert_eq!(found("creme"), [1], "without its accents");
    assert_eq!(found("berries NOT plain"), [1, 2]);
    assert_eq!(found("plain"), [0; 0], "it was told anew");
    assert_eq!(found("soup"), [0; 0], "and this one is gone");
}
