//! Scavenging: what is hidden becomes room, and nobody can tell otherwise.
//!
//! Why: it is the only thing that removes bytes. Whatever is asked before, meanwhile and after must be
//! answered as by a store that has all its bytes; and whatever goes wrong, what shows must stay.

mod bytes;
mod cuts;
mod faults;
mod races;
mod reference;
mod room;
mod twins;
