//! Statements of the log: what they did to rows that no event of rows tells.
//!
//! Why: a log of rows still has statements in it: begin and commit, everything that changes tables,
//! and whatever a session wrote that had asked for a log of statements. `TRUNCATE` and `DROP` take all
//! rows with them; a partition that is dropped takes some, and nobody says which.
//!
//! Invariant: a statement that may have changed rows of a mapped table is told, or is an error; it is
//! never read over.

/// What a statement did, as far as mapped tables are concerned.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Effect {
    /// The transaction is committed.
    Commit,
    /// It is rolled back; what did not take part in it stays.
    Rollback,
    /// A part of it is rolled back.
    PartialRollback,
    /// These tables lost all their rows.
    Emptied(Vec<String>),
    /// Rows of this table changed, or it went away, and the log does not say how.
    Untold(String),
    /// Nothing that we must know.
    Nothing,
}

/// A word, a name in quotes, or a sign.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Token {
    Word(String),
    Quoted(String),
    Sign(char),
}

/// What a statement did. `schema` is where it ran, `mapped` the names of mapped tables.
pub(crate) fn effect(schema: &str, text: &str, mapped: &[&str]) -> Effect {
    let tokens = tokens(text);
    let statement = Statement { schema, tokens: &tokens, mapped };
    statement.effect()
}

struct Statement<'a> {
    schema: &'a str,
    tokens: &'a [Token],
    mapped: &'a [&'a str],
}

impl Statement<'_> {
    fn effect(&self) -> Effect {
        match self.word(0).as_str() {
            "COMMIT" => Effect::Commit,
            "ROLLBACK" if self.has_word("TO") => Effect::PartialRollback,
            "ROLLBACK" => Effect::Rollback,
            "TRUNCATE" => self.emptied(self.behind(1, &["TABLE"])),
            "DROP" if self.word(1) == "TABLE" => self.emptied(self.behind(2, &["IF", "EXISTS"])),
            "DROP" if matches!(self.word(1).as_str(), "DATABASE" | "SCHEMA") => {
                self.dropped_schema(self.behind(2, &["IF", "EXISTS"]))
            }
            "CREATE" if self.word(1) == "OR" && self.word(3) == "TABLE" => {
                self.emptied(self.behind(4, &["IF", "NOT", "EXISTS"]))
            }
            "RENAME" => self.renamed(),
            "ALTER" => self.altered(),
            "INSERT" | "UPDATE" | "DELETE" | "REPLACE" | "LOAD" | "WITH" | "CALL" => {
                self.mentioned().map_or(Effect::Nothing, Effect::Untold)
            }
            // `SET STATEMENT variable = value FOR statement`
            "SET" if self.word(1) == "STATEMENT" => {
                let behind = self.tokens.iter().position(|token| is_word(token, "FOR"));
                let tokens = behind.map_or(&[][..], |at| &self.tokens[at + 1..]);
                Statement { tokens, ..*self }.effect()
            }
            _ => Effect::Nothing,
        }
    }

    fn word(&self, at: usize) -> String {
        match self.tokens.get(at) {
            Some(Token::Word(word)) => word.to_uppercase(),
            _ => String::new(),
        }
    }

    fn has_word(&self, word: &str) -> bool {
        self.tokens.iter().any(|token| is_word(token, word))
    }

    /// The place behind words that may stand there.
    fn behind(&self, from: usize, words: &[&str]) -> usize {
        words.iter().fold(from, |at, word| at + usize::from(self.word(at) == *word))
    }

    /// The table that is named there, and the place behind its name.
    fn table(&self, at: usize) -> (Option<String>, usize) {
        let name = |at: usize| match self.tokens.get(at) {
            Some(Token::Word(name) | Token::Quoted(name)) => Some(name.as_str()),
            _ => None,
        };
        let Some(first) = name(at) else { return (None, at) };
        let (full, next) = match (self.tokens.get(at + 1), name(at + 2)) {
            (Some(Token::Sign('.')), Some(second)) => (format!("{first}.{second}"), at + 3),
            _ => (format!("{}.{first}", self.schema), at + 1),
        };
        (self.mapped.iter().find(|mapped| **mapped == full).map(|name| (*name).to_owned()), next)
    }

    /// A list of tables that lost their rows.
    fn emptied(&self, mut at: usize) -> Effect {
        let mut emptied = Vec::new();
        loop {
            let (table, next) = self.table(at);
            emptied.extend(table);
            match self.tokens.get(next) {
                Some(Token::Sign(',')) => at = next + 1,
                _ => break,
            }
        }
        if emptied.is_empty() { Effect::Nothing } else { Effect::Emptied(emptied) }
    }

    fn dropped_schema(&self, at: usize) -> Effect {
        let Some(Token::Word(schema) | Token::Quoted(schema)) = self.tokens.get(at) else {
            return Effect::Nothing;
        };
        let in_it = |table: &&&str| table.split_once('.').is_some_and(|(of, _)| of == schema);
        let emptied: Vec<_> = self.mapped.iter().filter(in_it).map(|t| (*t).to_owned()).collect();
        if emptied.is_empty() { Effect::Nothing } else { Effect::Emptied(emptied) }
    }

    /// `RENAME TABLE a TO b, c TO a`: a table that goes and one that takes its name are what tools do
    /// that alter tables while they are in use; the new one has the rows of the old.
    fn renamed(&self) -> Effect {
        let (mut gone, mut come) = (Vec::new(), Vec::new());
        let mut at = self.behind(1, &["TABLE", "TABLES", "IF", "EXISTS"]);
        loop {
            let (from, next) = self.table(at);
            let (to, next) = self.table(self.behind(next, &["TO"]));
            gone.extend(from);
            come.extend(to);
            match self.tokens.get(next) {
                Some(Token::Sign(',')) => at = next + 1,
                _ => break,
            }
        }
        let alone = gone.iter().find(|name| !come.contains(name));
        let alone = alone.or_else(|| come.iter().find(|name| !gone.contains(name)));
        alone.cloned().map_or(Effect::Nothing, Effect::Untold)
    }

    fn altered(&self) -> Effect {
        let at = self.tokens.iter().position(|token| is_word(token, "TABLE"));
        let Some(at) = at else { return Effect::Nothing };
        let (table, next) = self.table(self.behind(at + 1, &["IF", "EXISTS"]));
        let rest = Statement { tokens: self.tokens.get(next..).unwrap_or_default(), ..*self };
        if rest.has_word("EXCHANGE")
            && let Some(other) = rest.mentioned()
        {
            return Effect::Untold(other);
        }
        let Some(table) = table else { return Effect::Nothing };
        let pairs = rest.tokens.windows(2);
        let takes_rows = |pair: &[Token]| {
            let part = ["TRUNCATE", "DROP", "EXCHANGE", "CONVERT", "DISCARD", "IMPORT"];
            let of = ["PARTITION", "TABLESPACE"];
            part.iter().any(|word| is_word(&pair[0], word))
                && of.iter().any(|word| is_word(&pair[1], word))
        };
        let renames = |pair: &[Token]| {
            let other = ["COLUMN", "INDEX", "KEY", "CONSTRAINT"];
            is_word(&pair[0], "RENAME") && !other.iter().any(|word| is_word(&pair[1], word))
        };
        if pairs.clone().any(takes_rows) || pairs.clone().any(renames) {
            return Effect::Untold(table);
        }
        Effect::Nothing
    }

    /// A mapped table whose bare name stands somewhere in it.
    fn mentioned(&self) -> Option<String> {
        let bare = |table: &str| table.rsplit_once('.').map_or(table.to_owned(), |(_, n)| n.into());
        let stands = |name: &str| {
            self.tokens.iter().any(|token| match token {
                Token::Word(word) | Token::Quoted(word) => word == name,
                Token::Sign(_) => false,
            })
        };
        self.mapped.iter().find(|table| stands(&bare(table))).map(|table| (*table).to_owned())
    }
}

fn is_word(token: &Token, word: &str) -> bool {
    matches!(token, Token::Word(found) if found.eq_ignore_ascii_case(word))
}

/// Words, names and signs, without texts and comments. What a comment of MariaDB's says is said.
fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut left = text;
    while let Some(first) = left.chars().next() {
        if let Some(behind) = left.strip_prefix("/*") {
            let said = behind.strip_prefix("M!").or_else(|| behind.strip_prefix('!'));
            left = match said {
                Some(said) => said.trim_start_matches(|letter: char| letter.is_ascii_digit()),
                None => behind.split_once("*/").map_or("", |(_, left)| left),
            };
        } else if let Some(behind) = left.strip_prefix("*/") {
            left = behind;
        } else if left.starts_with('#') || left.starts_with("-- ") {
            left = left.split_once('\n').map_or("", |(_, left)| left);
        } else if first == '\'' || first == '"' || first == '`' {
            let (name, behind) = quoted(left, first);
            if first != '\'' {
                tokens.push(Token::Quoted(name));
            }
            left = behind;
        } else if is_of_word(first) {
            let end = left.find(|letter| !is_of_word(letter)).unwrap_or(left.len());
            tokens.push(Token::Word(left[..end].to_owned()));
            left = &left[end..];
        } else {
            if !first.is_whitespace() {
                tokens.push(Token::Sign(first));
            }
            left = &left[first.len_utf8()..];
        }
    }
    tokens
}

fn is_of_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_' || letter == '$'
}

/// What stands between quotes, which a second one or a backslash escapes; and what is behind.
fn quoted(text: &str, quote: char) -> (String, &str) {
    let mut inside = String::new();
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        if letter == '\\' && quote != '`' {
            letters.next();
        } else if letter != quote {
            inside.push(letter);
        } else if letters.peek().is_some_and(|(_, next)| *next == quote) {
            inside.push(quote);
            letters.next();
        } else {
            return (inside, &text[at + quote.len_utf8()..]);
        }
    }
    (inside, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Effect {
        effect("shop", text, &["shop.orders", "shop.lines", "other.orders"])
    }

    fn emptied(tables: &[&str]) -> Effect {
        Effect::Emptied(tables.iter().map(|table| (*table).to_owned()).collect())
    }

    fn untold(table: &str) -> Effect {
        Effect::Untold(table.to_owned())
    }

    #[test]
    fn what_takes_all_rows_is_told_of_the_tables_that_are_mapped() {
        assert_eq!(of("TRUNCATE TABLE orders"), emptied(&["shop.orders"]));
        assert_eq!(of("truncate `other`.`orders`"), emptied(&["other.orders"]));
        assert_eq!(
            of("DROP TABLE IF EXISTS `orders`,`none`,`lines` /* generated by server */"),
            emptied(&["shop.orders", "shop.lines"])
        );
        assert_eq!(of("DROP TABLE none"), Effect::Nothing);
        assert_eq!(of("drop database `shop`"), emptied(&["shop.orders", "shop.lines"]));
        assert_eq!(of("CREATE OR REPLACE TABLE orders (id int)"), emptied(&["shop.orders"]));
        assert_eq!(of("CREATE TABLE orders (id int)"), Effect::Nothing);
    }

    #[test]
    fn what_changes_rows_untold_is_never_read_over() {
        assert_eq!(of("update orders set n = 'x'"), untold("shop.orders"));
        assert_eq!(of("insert into none values ('orders')"), Effect::Nothing, "a text is no name");
        assert_eq!(of("/* orders */ delete from none"), Effect::Nothing, "nor is a comment");
        assert_eq!(of("SET STATEMENT a=1 FOR DELETE FROM orders"), untold("shop.orders"));
        assert_eq!(of("alter table orders drop partition p0"), untold("shop.orders"));
        assert_eq!(
            of("alter table none exchange partition p with table orders"),
            untold("shop.orders")
        );
        assert_eq!(of("alter table orders rename to old"), untold("shop.orders"));
        assert_eq!(of("rename table orders to old"), untold("shop.orders"));
    }

    #[test]
    fn what_only_changes_columns_says_nothing() {
        assert_eq!(of("alter table orders add column n int, drop column m"), Effect::Nothing);
        assert_eq!(of("alter table orders rename column n to m"), Effect::Nothing);
        assert_eq!(of("RENAME TABLE orders TO old, fresh TO orders"), Effect::Nothing, "a swap");
        assert_eq!(of("analyze table orders"), Effect::Nothing);
    }

    #[test]
    fn transactions_end_as_they_say() {
        assert_eq!(of("COMMIT"), Effect::Commit);
        assert_eq!(of("ROLLBACK"), Effect::Rollback);
        assert_eq!(of("ROLLBACK TO `s`"), Effect::PartialRollback);
        assert_eq!(of("BEGIN"), Effect::Nothing);
        assert_eq!(of(""), Effect::Nothing);
    }
}
