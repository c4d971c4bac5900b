//! Who may do what, asked of the server as everybody meets it.

mod bearer;
mod bootstrap;
mod calls;
mod kurrent_users;
mod matrix;
mod over_http;
mod protocols;
mod revoked;
mod site;
mod unknown_context;
