//! The tests are tested: each planted bug is caught by the test that is named for it.
//!
//! Why: a test that cannot fail proves nothing. Each named test is run in a process of its own,
//! once as it is and once with the bug; the first must be green and the second red.
//!
//! ```text
//! cargo test -p headwater-store --features planted-bugs --test it planted
//! ```

use headwater_store::planted::Bug;
use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

const FAILED: &str = "sim::full_disk::what_could_not_be_made_durable_is_not_seen";
const REFUSED: &str = "sim::full_disk::a_commit_that_was_refused_on_its_way_leaves_nothing";
const CUTS: &str = "sim::every_operation::nothing_acknowledged_is_lost_wherever_the_power_goes";
const SWAPPED: &str = "sim::damage::a_record_at_the_place_of_another_is_not_believed";
const FLIPPED: &str = "sim::damage::a_flipped_bit_is_reported_or_does_not_matter";

const REFERENCE: &str = "scavenge::reference::every_answer_is_that_of_a_store_that_lost_no_bytes";
const SHOWS_AGAIN: &str =
    "scavenge::reference::nothing_is_released_that_shows_again_when_it_is_committed";

const RUNS: &str =
    "groups::runs::nothing_acked_comes_again_and_nothing_is_lost_wherever_the_power_goes";

/// The test that must catch each bug.
fn caught_by(bug: Bug) -> &'static str {
    match bug {
        Bug::AckBeforeSync => CUTS,
        Bug::SkipPositionInChecksum => SWAPPED,
        Bug::DropEventAtLiveSwitch => {
            "exam::in_tiny_segments::stored_and_live_events_come_without_a_seam"
        }
        Bug::IgnoreCondition => "exam::in_tiny_segments::an_unseen_match_refuses_the_append",
        Bug::ConditionMissesGroup => "planning::a_condition_sees_what_the_group_itself_writes",
        Bug::ForgetIds => "exam::in_tiny_segments::the_same_ids_again_answer_as_the_first_time",
        Bug::VisibleBeforeDurable => FAILED,
        Bug::RevisionFromStaleHead => {
            "planning::each_request_is_planned_on_what_those_before_it_leave"
        }
        Bug::SaveCheckpointAlone => {
            "exam::in_tiny_segments::a_checkpoint_moves_with_its_events_or_not_at_all"
        }
        Bug::CheckpointWithoutCompare => {
            "exam::in_tiny_segments::a_checkpoint_moves_only_from_where_it_is"
        }
        Bug::RecordedAtFollowsClock => "exam::in_tiny_segments::recorded_at_never_goes_back",
        Bug::WakeBeforeHead => "waking::who_is_woken_finds_the_event",
        Bug::SkipUndecodable => FLIPPED,
        Bug::KeepRefusedPostings => REFUSED,
        Bug::GroupReleasesFollowers => {
            "groups::in_memory::a_parked_event_holds_its_key_and_no_other"
        }
        Bug::GroupPassesUnfinished => RUNS,
        Bug::GroupForgetsDone => {
            "groups::in_memory::what_was_acked_out_of_order_is_known_after_opening_again"
        }
        Bug::RemoveOneMore | Bug::ForgetLastRevision | Bug::KeepReleasedIds => REFERENCE,
        Bug::ReleaseWhatShowsAgain => SHOWS_AGAIN,
        Bug::GroupAcksForOthers => "groups::in_memory::a_delivery_of_another_member_is_not_settled",
        Bug::KeepRefusedEvents => "planning::each_request_is_planned_on_what_those_before_it_leave",
    }
}

#[derive(PartialEq, Eq, Debug)]
enum Colour {
    Green,
    Red,
}

/// Longer than any of the tests takes: one that goes on for ever is red, too.
const TEST_DURATION_MAX: Duration = Duration::from_secs(90);

/// How one test ends in a process of its own.
fn run(test: &str, plant: Option<Bug>) -> Colour {
    let this = std::env::current_exe().expect("the test binary knows where it is");
    let mut command = Command::new(this);
    command.args(["--exact", test]).env_remove("HEADWATER_PLANT").stdout(Stdio::piped());
    if let Some(bug) = plant {
        command.env("HEADWATER_PLANT", format!("{bug:?}"));
    }
    let mut child = command.stderr(Stdio::null()).spawn().expect("the test binary runs");
    let mut stdout = child.stdout.take().expect("it was asked for");
    let (ended, end) = mpsc::channel();
    let listener = std::thread::spawn(move || {
        let mut said = String::new();
        let heard = stdout.read_to_string(&mut said);
        // Nobody listens any more if it took too long.
        drop(ended.send(heard.map(|_| said)));
    });
    let said = end.recv_timeout(TEST_DURATION_MAX);
    if said.is_err() {
        child.kill().expect("it is still running");
    }
    child.wait().expect("it was started here");
    listener.join().expect("it only reads");
    match said {
        Err(_) => Colour::Red,
        Ok(said) => colour(test, plant, &said.expect("what a test says is text")),
    }
}

fn colour(test: &str, plant: Option<Bug>, said: &str) -> Colour {
    if said.contains("test result: ok. 1 passed") {
        Colour::Green
    } else if said.contains("0 passed; 1 failed") {
        Colour::Red
    } else {
        panic!("{test} with {plant:?} neither passed nor failed:\n{said}");
    }
}

#[test]
fn every_planted_bug_is_caught_by_its_named_test() {
    let mut missed = Vec::new();
    for bug in Bug::ALL {
        let test = caught_by(bug);
        assert_eq!(run(test, None), Colour::Green, "{test} without a bug");
        match run(test, Some(bug)) {
            Colour::Red => println!("{bug:?} is caught by {test}"),
            Colour::Green => missed.push(bug),
        }
    }
    println!("caught {}/{}", Bug::ALL.len() - missed.len(), Bug::ALL.len());
    assert!(missed.is_empty(), "not caught: {missed:?}");
}
