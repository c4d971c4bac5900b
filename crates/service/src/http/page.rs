//! Pages of long answers.
//!
//! Why: a list grows for ever, an answer must not. A page is cut by a key that the rows are sorted
//! by, not by how many come before it, so rows that arrive meanwhile move nothing.
//!
//! Picture:
//! ```text
//!   GET /orders?limit=2            → {"orders":[a, b], "next":"b"}
//!   GET /orders?limit=2&cursor=b   → {"orders":[c], "next":null}
//! ```

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use headwater_framework::http::Problem;
use serde::Deserialize;

use super::Query;

/// Rows of a page, if the caller does not say.
const ROW_COUNT: u32 = 50;

/// Rows of a page at most: some hundred kilobytes of JSON.
const ROW_COUNT_MAX: u32 = 500;

/// Which page was asked for: `?limit=50&cursor=…`.
///
/// ```
/// use headwater_service::http::Paging;
///
/// let paging = Paging::first(2);
/// // select id from orders where id > coalesce(paging.cursor(), '') order by id limit paging.rows_max()
/// let rows = vec!["a".to_owned(), "b".to_owned(), "c".to_owned()];
/// let (page, next) = paging.cut(rows, |row| row.clone());
/// assert_eq!((page.len(), next.as_deref()), (2, Some("b")));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paging {
    count: u32,
    cursor: Option<String>,
}

impl Paging {
    /// The first page of at most `count` rows.
    pub fn first(count: u32) -> Self {
        Self { count: count.clamp(1, ROW_COUNT_MAX), cursor: None }
    }

    /// Behind which key the page begins; `None` for the first.
    pub fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    /// How many rows to ask the database for: one more than the page has, to know whether there is a next.
    pub fn rows_max(&self) -> u32 {
        self.count + 1
    }

    /// The page's rows, and the cursor of the next page if there is one.
    pub fn cut<T>(&self, mut rows: Vec<T>, key: impl Fn(&T) -> String) -> (Vec<T>, Option<String>) {
        let count = self.count as usize;
        let more = rows.len() > count;
        rows.truncate(count);
        let next = rows.last().filter(|_| more).map(key);
        (rows, next)
    }
}

#[derive(Deserialize)]
struct Asked {
    limit: Option<u32>,
    cursor: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Paging {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(Asked { limit, cursor }) = Query::from_request_parts(parts, state).await?;
        match limit.unwrap_or(ROW_COUNT) {
            count @ 1..=ROW_COUNT_MAX => Ok(Self { count, cursor }),
            other => Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "request.limit",
                format!("limit={other}, but a page has from 1 to {ROW_COUNT_MAX} rows"),
            )),
        }
    }
}
