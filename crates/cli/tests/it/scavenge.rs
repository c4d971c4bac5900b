//! `headwater scavenge`: what a person at a directory is told.

use crate::headwater::Place;

#[test]
fn a_directory_is_scavenged_and_found_sound() {
    let place = Place::new();
    let append = ["stream", "append", "order-1", "--type", "OrderPlaced", "--expect", "any"];
    place.run(&append).good();
    let told = place.run(&["scavenge", "--throttle", "100"]).good().out;
    assert!(told.starts_with("done · 0 B freed, 0 events removed"), "{told}");
    let lines = place.run(&["scavenge", "--output", "json"]).good().json();
    let last = lines.last().expect("a line");
    assert_eq!(last["scavenge"]["phase"], "done", "{last}");
    place.run(&["verify"]).good();
    assert_eq!(place.run(&["scavenge", "--throttle", "0"]).code, 2);
    assert_eq!(place.run(&["scavenge", "--context", "nobody"]).code, 4);
}
