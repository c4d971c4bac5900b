//! The exam of event stores, taken through a client, a socket and a server.

use super::candidate::Remote;
use headwater_conformance::compare;

mod over_a_socket {
    headwater_conformance::exam_store!(crate::native::candidate::Remote::new());
}

#[test]
fn over_a_socket_it_cannot_be_told_from_the_store_in_memory() {
    compare::with_memory(Remote::new, 20);
}
