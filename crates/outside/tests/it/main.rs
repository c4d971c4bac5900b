//! Servers for tests, as tests use them.

mod mariadb;
mod postgres;
