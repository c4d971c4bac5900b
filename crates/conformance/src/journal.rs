//! The exam of a journal: an ordered, durable sequence of commits with compare-and-append.
//!
//! Why: the store above is the same on every journal; only what is promised here may be used.

use crate::candidate::JournalCandidate;
use headwater_model::{Epoch, Head, Journal, JournalError, Slot, StoredCommit, Unavailable};

/// The whole exam of a journal, as tests in the module where it is written. `$make` is an
/// expression for a fresh [`JournalCandidate`].
#[macro_export]
macro_rules! exam_journal {
    ($make:expr) => {
        $crate::exam_journal!(@ $make;
            an_empty_journal_has_an_empty_head
            commits_stand_in_slots_one_behind_the_other
            a_commit_for_another_head_is_refused_and_not_there
            what_was_committed_is_there_after_opening_again
            each_claim_takes_a_later_epoch
            one_writer_at_a_time
            a_commit_of_the_largest_size_is_taken_and_a_larger_one_refused
            reads_are_bounded_and_make_way
            equal_bodies_have_different_digests
        );
    };
    (@ $make:expr; $($case:ident)*) => {
        $(
            #[test]
            fn $case() {
                $crate::journal::$case(&mut $make);
            }
        )*
    };
}

fn open<C: JournalCandidate>(c: &mut C) -> C::Journal {
    c.open().expect("the journal opens")
}

fn commit(journal: &mut impl Journal, after: Head, body: &[u8]) -> Head {
    journal.append(after, body).expect("the commit is taken")
}

/// Everything, by reads of few bytes.
fn all(journal: &impl Journal) -> Vec<StoredCommit> {
    let mut commits: Vec<StoredCommit> = Vec::new();
    loop {
        let from = commits.last().map_or(Slot::ZERO, |last| last.slot.next());
        let more = journal.read(from, 100).expect("the journal is read");
        if more.is_empty() {
            return commits;
        }
        commits.extend(more);
    }
}

fn bodies(journal: &impl Journal) -> Vec<Vec<u8>> {
    all(journal).into_iter().map(|commit| commit.body.to_vec()).collect()
}

/// Nothing is there, and can be read.
pub fn an_empty_journal_has_an_empty_head(c: &mut impl JournalCandidate) {
    let mut journal = open(c);
    let head = journal.claim().expect("claimed");
    assert_eq!((head.next, head), (Slot(0), journal.head()));
    assert!(head.epoch > Epoch::ZERO);
    assert_eq!(all(&journal), []);
    assert_eq!(journal.read(Slot(9), 100), Ok(vec![]));
}

/// A3 rests on it.
pub fn commits_stand_in_slots_one_behind_the_other(c: &mut impl JournalCandidate) {
    let mut journal = open(c);
    let mut head = journal.claim().expect("claimed");
    for n in 0..50_u8 {
        let body = vec![n; usize::from(n) + 1];
        let next = commit(&mut journal, head, &body);
        assert_eq!((next.next, next.epoch), (head.next.next(), head.epoch));
        assert_ne!(next.digest, head.digest);
        assert_eq!(journal.head(), next);
        head = next;
        let last = all(&journal).pop().expect("it is there");
        let stored = (last.slot, last.epoch, last.digest, last.body.to_vec());
        assert_eq!(stored, (Slot(u64::from(n)), head.epoch, head.digest, body));
    }
}

/// A1 rests on it.
pub fn a_commit_for_another_head_is_refused_and_not_there(c: &mut impl JournalCandidate) {
    let mut journal = open(c);
    let first = journal.claim().expect("claimed");
    let second = commit(&mut journal, first, b"one");
    let ahead = Head { next: second.next.next(), ..second };
    let other = Head { digest: first.digest, ..second };
    for stale in [first, ahead, other] {
        let refusal = JournalError::HeadMoved { expected: stale, actual: second };
        assert_eq!(journal.append(stale, b"two"), Err(refusal));
    }
    assert_eq!((journal.head(), bodies(&journal)), (second, vec![b"one".to_vec()]));
    commit(&mut journal, second, b"two");
}

/// A2 rests on it.
pub fn what_was_committed_is_there_after_opening_again(c: &mut impl JournalCandidate) {
    let mut expected = Vec::new();
    for n in 0..5_u8 {
        let mut journal = open(c);
        let head = journal.claim().expect("claimed");
        assert_eq!(head.next, Slot(expected.len() as u64));
        let head = commit(&mut journal, head, &[n; 3_000]);
        commit(&mut journal, head, &[n]);
        expected.extend([vec![n; 3_000], vec![n]]);
        assert_eq!(bodies(&journal), expected);
    }
}

/// A writer that was thought dead must be told apart.
pub fn each_claim_takes_a_later_epoch(c: &mut impl JournalCandidate) {
    let mut before = Epoch::ZERO;
    for _ in 0..4 {
        let mut journal = open(c);
        let head = journal.claim().expect("claimed");
        assert!(head.epoch > before);
        before = head.epoch;
        let head = commit(&mut journal, head, b"one");
        let stored = all(&journal).pop().expect("it is there");
        assert_eq!((stored.epoch, head.epoch), (before, before));
    }
}

/// A second is locked out, or fences the first; never do both write.
pub fn one_writer_at_a_time(c: &mut impl JournalCandidate) {
    let mut first = open(c);
    let head = first.claim().expect("claimed");
    let locked = |error: &JournalError| {
        matches!(error, JournalError::Unavailable(Unavailable::Locked { .. }))
    };
    let second = c.open().and_then(|mut second| second.claim().map(|head| (second, head)));
    match second {
        Err(error) => {
            assert!(locked(&error), "{error}");
            commit(&mut first, head, b"one");
        }
        Ok((mut second, later)) => {
            let fenced = first.append(head, b"one");
            let is_fenced = |error: &JournalError| {
                matches!(error, JournalError::Unavailable(Unavailable::Fenced { .. }))
            };
            assert!(fenced.as_ref().is_err_and(is_fenced), "{fenced:?}");
            commit(&mut second, later, b"two");
            assert_eq!(bodies(&second), [b"two"]);
        }
    }
}

/// A5: refused with both figures, and nothing there.
pub fn a_commit_of_the_largest_size_is_taken_and_a_larger_one_refused(
    c: &mut impl JournalCandidate,
) {
    let mut journal = open(c);
    let head = journal.claim().expect("claimed");
    let bytes_max = journal.limits().commit_bytes_max;
    let refusal = JournalError::TooLarge { bytes: bytes_max + 1, bytes_max };
    assert_eq!(journal.append(head, &vec![7; bytes_max + 1]), Err(refusal));
    assert_eq!(journal.head(), head);
    commit(&mut journal, head, &vec![7; bytes_max]);
    let read = journal.read(Slot(0), 1).expect("read");
    assert_eq!(read.iter().map(|commit| commit.body.len()).collect::<Vec<_>>(), [bytes_max]);
}

/// D3: about what was asked for, but never nothing.
pub fn reads_are_bounded_and_make_way(c: &mut impl JournalCandidate) {
    let mut journal = open(c);
    let mut head = journal.claim().expect("claimed");
    for n in 0..20_u8 {
        head = commit(&mut journal, head, &[n; 1_000]);
    }
    for (from, bytes_max) in [(0, 0), (5, 1), (7, 2_500), (19, 1 << 20), (3, 1 << 20)] {
        let read = journal.read(Slot(from), bytes_max).expect("read");
        assert!(!read.is_empty());
        assert!(read.len() <= bytes_max / 1_000 + 2, "{} for {bytes_max} bytes", read.len());
        let slots = read.iter().map(|commit| commit.slot.0);
        assert!(slots.eq(from..from + read.len() as u64));
    }
    assert_eq!(all(&journal).len(), 20);
}

/// The digest names a commit and all before it.
pub fn equal_bodies_have_different_digests(c: &mut impl JournalCandidate) {
    let mut journal = open(c);
    let mut head = journal.claim().expect("claimed");
    for _ in 0..10 {
        head = commit(&mut journal, head, b"same");
    }
    let mut digests: Vec<_> = all(&journal).iter().map(|commit| commit.digest.0).collect();
    digests.sort_unstable();
    digests.dedup();
    assert_eq!(digests.len(), 10);
}
