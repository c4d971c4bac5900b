//! `headwater backup`, `restore`, `export`, `import`: R1, A1, A2, C2, D1 as an operator meets them.

use crate::headwater::Place;
use crate::server::Running;
use serde_json::Value;
use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

const JSON: [&str; 2] = ["--output", "json"];

fn append(place: &Place, more: &[&str], n: u32) {
    let payload = format!("{{\"n\":{n}}}");
    let begin = ["stream", "append", "order-1", "--type", "OrderPlaced", "--expect", "any"];
    let arguments = [&begin[..], &["--payload", &payload], more].concat();
    place.run(&arguments).good();
}

/// What a reader sees of `order-1`.
fn events(place: &Place, more: &[&str]) -> Vec<Value> {
    let arguments = [&["stream", "read", "--all"], &JSON[..], more].concat();
    place.run(&arguments).good().json()
}

fn json(place: &Place, arguments: &[&str]) -> Vec<Value> {
    place.run(&[arguments, &JSON[..]].concat()).good().json()
}

#[test]
fn a_server_at_work_is_backed_up_and_comes_back_elsewhere() {
    let place = Place::new();
    let running = Running::start(&place);
    let server = ["--server", &*running.server];
    (0..3).for_each(|n| append(&place, &server, n));
    let first = json(&place, &[&["backup", "kept"], &server[..]].concat());
    assert_eq!(first[0]["contexts"][0]["lastPosition"], 2);
    (3..5).for_each(|n| append(&place, &server, n));
    let second = json(&place, &[&["backup", "kept"], &server[..]].concat());
    let (new, whole) = (&second[0]["copiedBytes"], &second[0]["bytes"]);
    assert!(new.as_u64() < whole.as_u64(), "only what is new: {new} of {whole}");
    let expected = events(&place, &server);
    running.stop();

    let checked = json(&place, &["backup", "verify", "kept"]);
    assert_eq!(checked[0]["damage"], Value::Array(Vec::new()));
    assert_eq!(json(&place, &["backup", "ls", "kept"]).len(), 2);
    let told = json(&place, &["restore", "kept", "--data", "new"]);
    assert_eq!((&told[0]["lastPosition"], &told[0]["incarnation"]), (&4.into(), &1.into()));
    assert_eq!(events(&place, &["--data", "new"]), expected);
    place.run(&["verify", "new"]).good();
    let id = first[0]["id"].as_str().expect("a name");
    place.run(&["restore", "kept", "--data", "older", "--manifest", id]).good();
    assert_eq!(events(&place, &["--data", "older"]), expected[..3]);
    let to = ["restore", "kept", "--data", "earlier", "--to-position", "1", "-c", "default"];
    let told = place.run(&to).good().out;
    assert!(told.contains("up to position 1") && told.contains("3 events behind it"), "{told}");
    assert_eq!(events(&place, &["--data", "earlier"]), expected[..2]);
    let instant = expected[0]["recorded_at"].as_str().expect("an instant");
    place.run(&["restore", "kept", "--data", "then", "--to-time", instant]).good();
    assert_eq!(events(&place, &["--data", "then"]), expected[..1]);

    let pruned = json(&place, &["backup", "prune", "kept", "--keep", "1"]);
    assert_eq!(pruned[0]["forgotten"], Value::Array(vec![id.into()]));
    place.run(&["restore", "kept", "--data", "after"]).good();
    assert_eq!(events(&place, &["--data", "after"]), expected);
}

#[test]
fn what_cannot_be_done_ends_with_its_number() {
    let place = Place::new();
    assert_eq!(place.run(&["backup", "kept"]).code, 4, "there is no store");
    append(&place, &[], 1);
    assert_eq!(place.run(&["backup", ".headwater"]).code, 4, "that is no place for backups");
    assert_eq!(place.run(&["backup", "kept", "--context", "crm"]).code, 4);
    assert_eq!(place.run(&["restore", "kept", "--data", "new"]).code, 4, "there is no backup");
    place.run(&["backup", "kept"]).good();
    let restore = ["restore", "kept", "--data", ".headwater"];
    let refused = place.run(&restore);
    assert_eq!(refused.code, 3, "{}", refused.err);
    assert!(refused.err.contains("is not empty"), "{}", refused.err);
    let behind = ["restore", "kept", "--data", "new", "--to-position", "9"];
    assert_eq!(place.run(&behind).code, 3, "the backup ends before");
    let pieces = place.path().join("kept/pieces");
    let piece = fs::read_dir(pieces).expect("listed").next().expect("one").expect("one").path();
    let mut bytes = fs::read(&piece).expect("read");
    bytes[600] ^= 4;
    fs::write(&piece, bytes).expect("written");
    let told = place.run(&["backup", "verify", "kept"]);
    assert_eq!(told.code, 5, "{}{}", told.out, told.err);
    assert!(told.out.contains("damaged at byte 5"), "{}", told.out);
    assert_eq!(place.run(&["restore", "kept", "--data", "new"]).code, 5);
    assert!(!place.path().join("new/store").exists(), "nothing half is a store");
}

/// A moment within a run, so that each part of it has its turn to be the last.
fn spin(span: Duration) {
    let begun = Instant::now();
    while begun.elapsed() < span {
        std::hint::spin_loop();
    }
}

#[test]
fn backups_and_restores_that_are_killed_leave_nothing_half() {
    let place = Place::new();
    let fill = "x".repeat(60_000);
    let line = |n: u32| {
        let id = format!("00000000-0000-7000-8000-{n:012}");
        format!(
            "{{\"stream\":\"order-{n}\",\"id\":\"{id}\",\"type\":\"T\",\"payload\":\"{fill}\"}}\n"
        )
    };
    let lines: String = (0..300).map(line).collect();
    fs::write(place.path().join("lines"), lines).expect("written");
    place.run(&["import", "lines"]).good();
    let expected = place.run(&["export"]).good().out;
    place.run(&["backup", "kept"]).good();
    for round in 0..12_u64 {
        place.run(&["stream", "append", "order-1", "--type", "T", "--expect", "any"]).good();
        let (more, new) = (format!("more-{round}"), format!("new-{round}"));
        for arguments in
            [["backup", &more, "--data", ".headwater"], ["restore", "kept", "--data", &new]]
        {
            let mut command = place.command(&arguments);
            let mut child = command.stdout(Stdio::null()).spawn().expect("it starts");
            spin(Duration::from_millis(2 + 6 * round));
            child.kill().expect("SIGKILL is sent");
            child.wait().expect("it ends");
        }
        if place.path().join(&new).join("store").exists() {
            assert!(place.run(&["export", "--data", &new]).good().out == expected);
        }
        // Whatever is there is whole, and the next one comes about.
        let checked = place.run(&["backup", "verify", &more]);
        assert!(matches!(checked.code, 0 | 4), "{}{}", checked.out, checked.err);
        place.run(&["backup", &more]).good();
        place.run(&["backup", "verify", &more]).good();
    }
    place.run(&["verify"]).good();
}

#[test]
fn lines_go_out_and_come_in_again_also_compressed() {
    let place = Place::new();
    (0..4).for_each(|n| append(&place, &[], n));
    let lines = place.run(&["export"]).good().out;
    assert_eq!(lines.lines().count(), 4);
    fs::write(place.path().join("lines"), &lines).expect("written");
    let told = json(&place, &["export", "--file", "lines.gz", "--from", "1", "--to", "2"]);
    assert_eq!((&told[0]["events"], &told[0]["lastPosition"]), (&2.into(), &2.into()));
    assert_eq!(place.run(&["export", "--file", "lines.gz"]).code, 1, "nothing is written over");
    let dry = json(&place, &["import", "lines", "--dry-run"]);
    assert_eq!((&dry[0]["written"], &dry[0]["dryRun"]), (&4.into(), &true.into()));
    let first = json(&place, &["import", "lines.gz", "--data", "new"]);
    assert_eq!((&first[0]["written"], &first[0]["known"]), (&2.into(), &0.into()));
    let rest = json(&place, &["import", "lines", "--data", "new"]);
    assert_eq!((&rest[0]["written"], &rest[0]["known"]), (&2.into(), &2.into()));
    let bad = lines.replacen("\"type\":\"OrderPlaced\"", "\"type\":7", 1);
    fs::write(place.path().join("bad"), bad).expect("written");
    let refused = place.run(&["import", "bad", "--data", "third"]);
    assert_eq!(refused.code, 1);
    assert!(
        refused.err.contains("line 1: ") && refused.err.contains("invalid type"),
        "{}",
        refused.err
    );
    assert_eq!(place.run(&["export", "--stream", "order-1"]).good().out, lines);
    assert_eq!(place.run(&["export", "--type", "Other"]).good().out, "");
}
