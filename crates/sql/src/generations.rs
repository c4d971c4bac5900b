//! Which builds of a projection there are, beside all of them: a row for each version.
//!
//! Picture:
//! ```text
//!   name    version   live   building   paused
//!   orders  1         3                             queries go to generation 3
//!   orders  2                1                      being built; version 1 answers meanwhile
//! ```
//! Where: SQLite has a file beside the models' (`orders.generations.db`), PostgreSQL a schema `headwater`,
//! MariaDB a table in the database of the address.
//!
//! Invariant: a row changes in one statement, and only from what whoever changes it has seen.

use headwater_framework::{Failed, Generations, ModelName};

/// A row's columns, as they are read.
pub(crate) type Row = (Option<u32>, Option<u32>, Option<String>);

pub(crate) fn of((live, building, paused): Row) -> Generations {
    Generations { live, building, paused }
}

/// Refuses to make a model whose schema is not known here.
pub(crate) fn only_made(place: impl std::fmt::Display, model: ModelName) -> Result<(), Failed> {
    match model.schema {
        ModelName::WHATEVER_MADE_IT => Err(Failed::for_now(format!("{place} is not there"))),
        _ => Ok(()),
    }
}

/// What stands where the schema stood that made a model, once queries go to another.
pub(crate) const RETIRED: &str = "-- retired";

/// Refuses a model that is not to be written any more, or was made by another schema.
pub(crate) fn of_schema(
    place: impl std::fmt::Display,
    model: ModelName,
    its_schema: &str,
) -> Result<(), Failed> {
    let ModelName { name, version, schema, .. } = model;
    if its_schema == RETIRED {
        return Err(Failed::for_now(format!("{place} is retired: queries go to another build")));
    }
    if its_schema != schema && schema != ModelName::WHATEVER_MADE_IT {
        return Err(Failed::for_good(format!(
            "{place} was made by another schema of {name} version {version}; raise the projection's \
             VERSION, and it is built anew beside the old one"
        )));
    }
    Ok(())
}
