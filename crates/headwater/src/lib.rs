//! Event-driven microservices in Rust: store, framework and service in one dependency.
