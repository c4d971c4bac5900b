//! HTTP and server-sent events, as `curl` and browsers use them: through a socket, on whatever port
//! is free.

mod append;
mod broken;
mod cloud;
mod counted;
mod described;
mod docs;
mod groups;
mod hostile;
mod problems;
mod read;
mod scavenge;
mod site;
mod stream;
mod tail;
