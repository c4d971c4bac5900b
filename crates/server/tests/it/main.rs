//! The server as its clients meet it: through sockets, on whatever port is free.

mod native;
