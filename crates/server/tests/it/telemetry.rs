//! What a server tells a collector: real OTLP, from requests of every protocol.

mod away;
mod figures;
mod site;
mod traces;
