//! TLS: nobody listens in between, and who may not come in is told why.

mod authority;
mod certificates;
mod door;
mod site;
