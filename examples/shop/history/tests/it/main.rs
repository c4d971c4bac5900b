//! The history service: a view over two others, and what HTTP says of it.

mod http;
mod view;
