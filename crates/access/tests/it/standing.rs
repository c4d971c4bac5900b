//! How users, tokens and grants come and go.

use super::deciding::scope;
use headwater_access::password::PasswordHash;
use headwater_access::token::Secret;
use headwater_access::{
    AccessError, AccessEvent, Change, Directory, Effect, Scope, Target, UserName, Verb,
};
use headwater_model::Timestamp;

const NOW: Timestamp = Timestamp::from_micros(1_000);

fn user(name: &str) -> UserName {
    UserName::new(name).unwrap()
}

struct World {
    directory: Directory,
    events: Vec<AccessEvent>,
}

impl World {
    fn new() -> Self {
        Self { directory: Directory::default(), events: Vec::new() }
    }

    fn try_do(&mut self, change: Change) -> Result<usize, AccessError> {
        let events = self.directory.plan(change)?;
        let count = events.len();
        for event in events {
            // What is kept is bytes.
            self.directory.evolve(AccessEvent::decode(&event.encode()).unwrap());
            self.events.push(event);
        }
        Ok(count)
    }

    fn create(&mut self, name: &str, roles: &[&str]) {
        let roles = roles.iter().map(|role| (*role).to_owned()).collect();
        let full_name = String::new();
        self.try_do(Change::CreateUser { user: user(name), full_name, roles, password: None })
            .unwrap();
    }

    fn token(&mut self, name: &str, bytes: u8, expires_at: Option<Timestamp>) -> u64 {
        let (digest, scopes) = (Secret::of([bytes; 32]).digest(), vec![Scope::all()]);
        let (user, words) = (user(name), String::new());
        self.try_do(Change::CreateToken { user, words, digest, scopes, expires_at }).unwrap();
        self.directory.token_of(&digest).unwrap()
    }
}

#[test]
fn the_last_who_administers_stays() {
    let mut world = World::new();
    world.create("ana", &["$admins"]);
    let last = AccessError::LastAdmin(user("ana"));
    let no_roles =
        || Change::ChangeUser { user: user("ana"), full_name: None, roles: Some(vec![]) };
    assert_eq!(world.try_do(Change::DisableUser(user("ana"))), Err(last.clone()));
    assert_eq!(world.try_do(Change::RemoveUser(user("ana"))), Err(last.clone()));
    assert_eq!(world.try_do(no_roles()), Err(last));
    world.create("ben", &["$admins"]);
    assert_eq!(world.try_do(no_roles()), Ok(1));
    assert_eq!(world.try_do(no_roles()), Ok(0), "nothing to do");
}

/// Denies hold for those who administer, too: one about everybody locked them all out, and nobody
/// was left who could have withdrawn it.
#[test]
fn no_deny_leaves_nobody_who_administers() {
    let mut world = World::new();
    world.create("ana", &["$admins"]);
    world.create("ben", &["$admins"]);
    let deny = |who: &str, verb| {
        let (effect, who) = (Effect::Deny, who.parse().unwrap());
        Change::MakeGrant { effect, who, scope: scope(&[verb], "shop", &["stream:order-1"]) }
    };
    for who in ["everybody", "role:$admins"] {
        let left = AccessError::NobodyLeft(who.parse().unwrap());
        assert_eq!(world.try_do(deny(who, Verb::Administer)), Err(left));
    }
    assert_eq!(world.try_do(deny("everybody", Verb::Read)), Ok(1));
    assert_eq!(world.try_do(deny("user:ben", Verb::Administer)), Ok(1));
    let left = AccessError::NobodyLeft("user:ana".parse().unwrap());
    assert_eq!(world.try_do(deny("user:ana", Verb::Administer)), Err(left));
    let last = AccessError::LastAdmin(user("ana"));
    assert_eq!(world.try_do(Change::RemoveUser(user("ana"))), Err(last), "ben is denied it");
}

#[test]
fn a_disabled_user_and_their_tokens_are_nobody_until_they_are_enabled() {
    let mut world = World::new();
    world.create("ana", &[]);
    let token = world.token("ana", 1, None);
    world.try_do(Change::DisableUser(user("ana"))).unwrap();
    assert_eq!(world.directory.principal_of_user(&user("ana")), None);
    assert_eq!(world.directory.principal_of_token(token, NOW), None);
    world.try_do(Change::EnableUser(user("ana"))).unwrap();
    assert!(world.directory.principal_of_token(token, NOW).is_some());
    assert_eq!(world.try_do(Change::RevokeToken(token)), Ok(1));
    assert_eq!(world.directory.principal_of_token(token, NOW), None);
    assert_eq!(world.try_do(Change::RevokeToken(token)), Err(AccessError::NoToken(token)));
}

#[test]
fn a_token_ends_when_it_says() {
    let mut world = World::new();
    world.create("ana", &[]);
    let token = world.token("ana", 1, Some(Timestamp::from_micros(500)));
    let at = |micros| Timestamp::from_micros(micros);
    assert!(world.directory.principal_of_token(token, at(499)).is_some());
    assert_eq!(world.directory.principal_of_token(token, at(500)), None);
}

#[test]
fn whoever_gets_the_name_of_somebody_removed_inherits_nothing() {
    let mut world = World::new();
    world.create("ana", &[]);
    let token = world.token("ana", 1, None);
    let (effect, who) = (Effect::Allow, "user:ana".parse().unwrap());
    let scope = scope(&[Verb::Read], "*", &["*"]);
    world.try_do(Change::MakeGrant { effect, who, scope }).unwrap();
    let password = PasswordHash::of("correct horse", [1; 16]).unwrap();
    world.try_do(Change::SetPassword { user: user("ana"), password }).unwrap();
    world.try_do(Change::RemoveUser(user("ana"))).unwrap();
    world.create("ana", &[]);
    let ana = world.directory.principal_of_user(&user("ana")).unwrap();
    let shop = "shop".try_into().unwrap();
    let all = Target::prefix("");
    assert!(!world.directory.decide(&ana, Verb::Read, Some(&shop), &all).is_allowed);
    assert_eq!(world.directory.principal_of_token(token, NOW), None);
    assert_eq!(world.directory.users()[&user("ana")].password, None);
    assert!(world.token("ana", 2, None) > token, "numbers are not given twice");
}

#[test]
fn the_bootstrap_token_is_over_when_somebody_administers() {
    let mut world = World::new();
    let digest = Secret::of([5; 32]).digest();
    assert!(!world.directory.is_bootstrap(&digest), "none was offered");
    world.try_do(Change::OfferBootstrap(digest)).unwrap();
    assert!(world.directory.is_bootstrap(&digest));
    assert!(!world.directory.is_bootstrap(&Secret::of([6; 32]).digest()));
    world.create("ben", &[]);
    assert!(world.directory.is_bootstrap(&digest), "ben does not administer");
    world.create("ana", &["$admins"]);
    assert!(!world.directory.is_bootstrap(&digest));
}

#[test]
fn what_contradicts_itself_or_is_too_much_is_refused() {
    let mut world = World::new();
    world.create("ana", &[]);
    let again = Change::CreateUser {
        user: user("ana"),
        full_name: String::new(),
        roles: vec![],
        password: None,
    };
    assert_eq!(world.try_do(again), Err(AccessError::UserExists(user("ana"))));
    assert_eq!(
        world.try_do(Change::EnableUser(user("ben"))),
        Err(AccessError::NoUser(user("ben")))
    );
    let none = Scope { streams: vec![], ..Scope::all() };
    let many = Scope { streams: vec!["*".parse().unwrap(); 65], ..Scope::all() };
    for scope in [none, many] {
        let (effect, who) = (Effect::Deny, "everybody".parse().unwrap());
        let refused = world.try_do(Change::MakeGrant { effect, who, scope });
        assert!(matches!(refused, Err(AccessError::Invalid { .. })), "{refused:?}");
    }
    let (digest, words) = (Secret::of([1; 32]).digest(), String::new());
    let token =
        Change::CreateToken { user: user("ana"), words, digest, scopes: vec![], expires_at: None };
    assert!(matches!(world.try_do(token), Err(AccessError::Invalid { .. })));
    for name in ["", "a:b", "$root", " ana", "a\nb", &"x".repeat(65)] {
        assert!(UserName::new(name).is_err(), "{name:?}");
    }
}
