//! `headwater verify`: sound data is said to be sound, and one bit is enough to say where it is not.

use crate::headwater::Place;
use std::fs;

fn with_an_event() -> Place {
    let place = Place::new();
    let arguments = ["stream", "append", "order-1", "--type", "OrderPlaced", "--expect", "any"];
    place.run(&arguments).good();
    place
}

#[test]
fn sound_data_is_sound() {
    let report = with_an_event().run(&["verify", "--output", "json"]).good().json();
    assert_eq!(report[0]["context"], "default");
    assert_eq!((&report[0]["sound"], &report[0]["events"]), (&true.into(), &1.into()));
    let told = with_an_event().run(&["verify"]).good().out;
    assert!(told.starts_with("default  sound · 1 event in 1 stream, 2 commits, "), "{told}");
    assert!(told.ends_with("every byte is what was written\n"), "{told}");
}

/// D1: rot is reported with file and place, and the exit code says so.
#[test]
fn a_flipped_bit_is_damage_with_a_place() {
    let place = with_an_event();
    let journal = place.path().join(".headwater/store/contexts/default/journal");
    let segment = journal.join("00000000000000000000.seg");
    let mut bytes = fs::read(&segment).expect("the segment");
    let at = bytes.windows(11).position(|w| w == b"OrderPlaced").expect("the event's type");
    bytes[at] ^= 1;
    fs::write(&segment, bytes).expect("the segment");
    let ran = place.run(&["verify"]);
    assert_eq!(ran.code, 5, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("DAMAGED"), "{}", ran.out);
    assert!(ran.out.contains("00000000000000000000.seg at byte"), "{}", ran.out);
}

#[test]
fn nothing_to_verify_is_not_found() {
    assert_eq!(Place::new().run(&["verify"]).code, 4);
}
