//! The gateway before services that answer, are slow, are gone, or say no.

mod overview;
mod passing_on;
mod street;
