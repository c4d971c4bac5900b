//! Passwords, checked without letting the checking become a burden.
//!
//! Why: one check costs some 20 ms of a processor and 19 MiB. Clients send their password with every
//! request; and whoever guesses must not keep everybody else waiting.
//!
//! Invariants: at most [`CHECK_COUNT_MAX`] checks at one time, and few who wait for one; beyond that
//! they are told to come again. What was right is remembered for [`REMEMBERED_FOR`], by a keyed hash
//! that means nothing outside this process, together with the hash it was right for: a changed
//! password is asked again at once. What was wrong is not remembered. A name that is not there takes
//! as long as one that is.

use headwater_access::password::PasswordHash;
use parking_lot::Mutex;
use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// Checks at one time: a processor each.
pub(super) const CHECK_COUNT_MAX: usize = 2;
/// Those who wait for a check; at 20 ms each the last has waited for half a second.
pub(super) const WAITING_COUNT_MAX: usize = 48;
/// So long a right password is not checked again.
pub(super) const REMEMBERED_FOR: Duration = Duration::from_secs(60);
/// Right passwords remembered at one time.
pub(super) const REMEMBERED_COUNT_MAX: usize = 4_096;

/// What is compared with when there is no such user.
static NOBODY: LazyLock<PasswordHash> = LazyLock::new(|| {
    PasswordHash::of("a password that nobody has", random()).expect("it is long enough")
});

/// Bytes that nobody can guess.
pub(super) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).expect("the system has random bytes");
    bytes
}

pub(super) struct Passwords {
    key: hmac::Key,
    places: Arc<Semaphore>,
    waiting: Semaphore,
    right: Mutex<HashMap<[u8; 32], Right>>,
}

struct Right {
    of: PasswordHash,
    until: Instant,
}

/// What came of a check.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Checked {
    Right,
    Wrong,
    /// Too many are being checked.
    TooBusy,
}

impl Passwords {
    pub(super) fn new() -> Self {
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, &random::<32>()),
            places: Arc::new(Semaphore::new(CHECK_COUNT_MAX)),
            waiting: Semaphore::new(WAITING_COUNT_MAX),
            right: Mutex::default(),
        }
    }

    /// Whether `password` is the one of `hash`; `None`: there is no such user.
    pub(super) async fn check(
        &self,
        user: &str,
        password: String,
        hash: Option<&PasswordHash>,
    ) -> Checked {
        let known = self.name(user, &password);
        if hash.is_some_and(|hash| self.remembers(&known, hash)) {
            return Checked::Right;
        }
        let against = hash.cloned().unwrap_or_else(|| NOBODY.clone());
        let Some(matches) = self.work(move || against.matches(&password)).await else {
            return Checked::TooBusy;
        };
        match hash {
            Some(hash) if matches => {
                self.remember(known, hash.clone());
                Checked::Right
            }
            _ => Checked::Wrong,
        }
    }

    /// Does what costs as much as a check, when it is its turn; `None`: too many wait.
    pub(super) async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let _waiting = self.waiting.try_acquire().ok()?;
        let place = Arc::clone(&self.places).acquire_owned().await.ok()?;
        let done = tokio::task::spawn_blocking(move || {
            // Held by the work itself: who goes away does not make room for more of it.
            let _place = place;
            work()
        });
        done.await.ok()
    }

    fn name(&self, user: &str, password: &str) -> [u8; 32] {
        let mut name = hmac::Context::with_key(&self.key);
        name.update(&(user.len() as u64).to_be_bytes());
        name.update(user.as_bytes());
        name.update(password.as_bytes());
        name.sign().as_ref().try_into().expect("SHA-256 has 32 bytes")
    }

    fn remembers(&self, known: &[u8; 32], hash: &PasswordHash) -> bool {
        let right = self.right.lock();
        right.get(known).is_some_and(|own| own.of == *hash && own.until > Instant::now())
    }

    fn remember(&self, known: [u8; 32], of: PasswordHash) {
        let now = Instant::now();
        let mut right = self.right.lock();
        if right.len() >= REMEMBERED_COUNT_MAX {
            right.retain(|_, own| own.until > now);
        }
        if right.len() < REMEMBERED_COUNT_MAX {
            right.insert(known, Right { of, until: now + REMEMBERED_FOR });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_right_password_is_remembered_until_it_is_another() {
        let passwords = Passwords::new();
        let hash = PasswordHash::of("correct horse", random()).unwrap();
        let check = |text: &'static str, hash| passwords.check("ana", text.to_owned(), hash);
        assert_eq!(check("correct horse", Some(&hash)).await, Checked::Right);
        // With no place left only what is remembered is answered.
        let _all = passwords.waiting.try_acquire_many(48).unwrap();
        assert_eq!(check("correct horse", Some(&hash)).await, Checked::Right);
        assert_eq!(check("battery staple", Some(&hash)).await, Checked::TooBusy);
        let changed = PasswordHash::of("correct horse", random()).unwrap();
        assert_eq!(check("correct horse", Some(&changed)).await, Checked::TooBusy);
        let other = passwords.check("anacorrect", " horse".to_owned(), Some(&hash)).await;
        assert_eq!(other, Checked::TooBusy, "names and passwords do not run together");
    }

    #[tokio::test]
    async fn a_wrong_password_and_an_unknown_name_are_both_wrong() {
        let passwords = Passwords::new();
        let hash = PasswordHash::of("correct horse", random()).unwrap();
        let wrong = passwords.check("ana", "correct horsf".to_owned(), Some(&hash)).await;
        let unknown = passwords.check("eve", "correct horse".to_owned(), None).await;
        assert_eq!((wrong, unknown), (Checked::Wrong, Checked::Wrong));
        let nobody = passwords.check("eve", "a password that nobody has".to_owned(), None).await;
        assert_eq!(nobody, Checked::Wrong);
    }
}
