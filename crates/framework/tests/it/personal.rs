//! Personal data: sealed wherever it is stored, forgotten wherever it went.

use headwater::prelude::*;
use headwater::testing::{MemoryDatabase, MemoryTx, QueryRows, World, block_on};
use headwater::{Forget, ForgetError, KeysError, MemoryKeys, Subject, SubjectKeys};
use headwater_model::{ContextName, Query, QueryItem, ReadAll};
use std::num::NonZeroU32;
use std::sync::Arc;

#[derive(StreamId)]
#[stream("member")]
pub(crate) struct MemberId(String);

#[derive(Event, Debug, PartialEq, Clone)]
#[event(prefix = "Member", public)]
pub(crate) enum MemberEvent {
    Joined {
        member: MemberId,
        #[personal(subject = member)]
        name: Personal<String>,
        #[personal(subject = member)]
        phone: Option<Personal<u64>>,
    },
    Greeted {},
}

#[derive(Command, Debug, Clone)]
pub(crate) enum MemberCommand {
    Join { about: MemberId, name: Personal<String> },
    Greet {},
}

#[derive(Refusal, Debug, PartialEq)]
pub(crate) enum MemberRefusal {
    #[refusal(not_found, "there is no such member")]
    Unknown,
}

/// Remembers the name, so that snapshots hold it as well.
#[derive(Default, Debug, Serialize, Deserialize)]
pub(crate) struct Member {
    id: Option<MemberId>,
    name: Option<Personal<String>>,
}

impl Decider for Member {
    type Id = MemberId;
    type Command = MemberCommand;
    type Event = MemberEvent;
    type Refusal = MemberRefusal;

    fn decide(&self, command: MemberCommand, _: &Cause) -> Result<Vec<MemberEvent>, MemberRefusal> {
        match command {
            MemberCommand::Join { about, name } => {
                let phone = Some(Personal::of(&about, 44_117));
                Ok(vec![MemberEvent::Joined { member: about, name, phone }])
            }
            MemberCommand::Greet {} if self.name.is_some() => Ok(vec![MemberEvent::Greeted {}]),
            MemberCommand::Greet {} => Err(MemberRefusal::Unknown),
        }
    }

    fn evolve(self, event: &MemberEvent) -> Self {
        match event {
            MemberEvent::Joined { member, name, .. } => {
                Self { id: Some(member.clone()), name: Some(name.clone()) }
            }
            MemberEvent::Greeted {} => self,
        }
    }
}

/// Names by member; how it forgets is the test's choice.
struct Names {
    forget: Forget,
}

#[derive(Input, Debug)]
#[input(from = "members", id = "member")]
enum Joined {
    MemberJoined { member: MemberId, name: Personal<String> },
}

impl Projection for Names {
    const NAME: &'static str = "names";
    const SCHEMA: &'static str = "a row for each name";
    type Input = Joined;
    type Database = MemoryDatabase;

    async fn forget(&self, db: &mut MemoryTx, subject: &Subject) -> Result<Forget, Failed> {
        if self.forget == Forget::Done {
            db.add(&format!("forgot {subject}"), 1)?;
        }
        Ok(self.forget)
    }

    async fn apply(&self, db: &mut MemoryTx, e: &Recorded<Joined>) -> Result<(), Failed> {
        let Joined::MemberJoined { member, name } = &e.event;
        let name = name.value().map_or("?", String::as_str);
        db.add(&format!("{member} is {name}"), 1)
    }
}

struct Club {
    world: World,
    members: Service,
    board: Service,
    keys: Arc<MemoryKeys>,
}

fn club(forget: Forget) -> Club {
    let mut world = World::new();
    let keys = Arc::new(MemoryKeys::default());
    let members = Service::new("members", &world.store).personal(Arc::clone(&keys));
    let every = NonZeroU32::new(1).unwrap();
    let members = world.start(members.decider::<Member>().snapshots::<Member>(every, "1"));
    let board = Service::new("board", &world.store).personal(Arc::clone(&keys));
    let board = world.start(board.projection(Names { forget }, MemoryDatabase::default()));
    Club { world, members, board, keys }
}

impl Club {
    fn ask(&self, member: &str, command: MemberCommand) -> Result<Vec<MemberEvent>, String> {
        let (id, cause) = (named(member), Cause::keyed(format!("{member} {command:?}")));
        let run = self.members.run::<Member>(&id, command, &cause);
        self.world.block_on(run).map(|receipt| receipt.events).map_err(|error| error.to_string())
    }

    fn name_of(&self, member: &str) -> Option<Personal<String>> {
        let id = named(member);
        let load = self.members.load::<Member>(&id, AsOf::Now);
        self.world.block_on(load).unwrap().state.name
    }

    fn join(&self, member: &str, name: &str) -> Vec<MemberEvent> {
        self.ask(member, join(member, member, name)).unwrap()
    }

    fn rows(&mut self) -> Vec<String> {
        self.world.settle();
        block_on(self.board.read_model::<Names>(&After::nothing())).unwrap().query_rows("").unwrap()
    }

    /// All that is stored, as whoever holds the files reads it.
    fn stored(&self) -> String {
        let all = ReadAll::forwards(Query { items: vec![QueryItem::default(), system()] });
        let context = ContextName::new("members").unwrap();
        let page = self.world.block_on(async {
            let raw = self.world.store.context(context).await.unwrap();
            raw.read_all(all).await.unwrap()
        });
        let text = |event: &headwater_model::RecordedEvent| {
            format!("{} {:?} {:?}\n", event.event_type, event.payload, event.metadata)
        };
        page.events.iter().map(text).collect()
    }
}

fn system() -> QueryItem {
    QueryItem { stream_prefixes: vec!["$".into()], ..QueryItem::default() }
}

fn join(member: &str, about: &str, name: &str) -> MemberCommand {
    MemberCommand::Join { about: named(member), name: Personal::of(about, name.to_owned()) }
}

fn named(member: &str) -> MemberId {
    member.into()
}

fn subject(name: &str) -> Subject {
    Subject::new(named(name).to_string()).unwrap()
}

#[test]
fn what_is_personal_is_stored_sealed_and_read_as_it_was_said() {
    let mut club = club(Forget::Rebuild);
    let said = club.join("7", "Ann Onymous");
    assert_eq!(club.rows(), ["7 is Ann Onymous|1"]);
    assert_eq!(club.name_of("7"), Some(Personal::of("7", "Ann Onymous".to_owned())));

    let stored = club.stored();
    assert!(stored.contains("$Snapshot"), "a snapshot holds the name as well: {stored}");
    assert!(!stored.contains("Onymous") && !stored.contains("44117"), "{stored}");

    // A4: a retry seals to the same bytes, and is told the first answer.
    assert_eq!(club.join("7", "Ann Onymous"), said);
}

#[test]
fn whoever_is_forgotten_is_unreadable_everywhere_and_stops_nobody() {
    for forget in [Forget::Rebuild, Forget::Done] {
        let mut club = club(forget);
        club.join("7", "Ann Onymous");
        club.join("8", "Bob");
        assert_eq!(club.rows(), ["7 is Ann Onymous|1", "8 is Bob|1"]);

        let forgotten = club.world.block_on(club.members.forget(&subject("7"))).unwrap();
        let again = club.world.block_on(club.members.forget(&subject("7"))).unwrap();
        assert_eq!(forgotten, again, "A4: it is recorded once");

        assert!(club.name_of("7").is_some_and(|name| name.is_forgotten()));
        let greeted = club.ask("7", MemberCommand::Greet {});
        assert_eq!(greeted, Ok(vec![MemberEvent::Greeted {}]), "decisions go on");

        match forget {
            Forget::Rebuild => assert_eq!(club.rows(), ["7 is ?|1", "8 is Bob|1"]),
            // C1: told exactly once, in the transaction of the checkpoint.
            Forget::Done => assert!(club.rows().contains(&"forgot 7|1".to_owned())),
        }
    }
}

#[test]
fn a_forgotten_subject_takes_no_new_data() {
    let club = club(Forget::Rebuild);
    club.world.block_on(club.members.forget(&subject("7"))).unwrap();
    let error = club.ask("7", join("7", "7", "Ann")).unwrap_err();
    assert!(error.contains("7 was forgotten"), "{error}");
}

#[test]
fn a_value_about_somebody_else_is_not_recorded() {
    let club = club(Forget::Rebuild);
    let error = club.ask("7", join("7", "8", "Bob")).unwrap_err();
    assert!(error.contains("name is about 8, and the event says about 7"), "{error}");
}

#[test]
fn a_service_without_keys_reads_on_and_never_records_in_the_clear() {
    let club = club(Forget::Rebuild);
    club.join("7", "Ann Onymous");
    let blind = Service::new("members", &club.world.store);
    let id = named("7");
    let loaded = club.world.block_on(blind.load::<Member>(&id, AsOf::Now)).unwrap();
    let name = loaded.state.name.unwrap();
    assert!(name.value().is_none() && !name.is_forgotten(), "it is sealed, not gone");
    assert_eq!(
        club.world.block_on(blind.forget(&subject("7"))),
        Err(ForgetError::NoKeys),
        "nothing is said to be forgotten that is not"
    );
    let wiring = std::panic::catch_unwind(|| {
        Service::new("members", &World::new().store).decider::<Member>()
    });
    assert!(wiring.is_err(), "a decider of personal data needs keys");
}

#[test]
fn keys_restored_from_an_old_copy_forget_again() {
    let club = club(Forget::Rebuild);
    club.join("7", "Ann");
    let copied = block_on(club.keys.for_opening(subject("7"))).unwrap();
    assert!(copied.is_some());
    club.world.block_on(club.members.forget(&subject("7"))).unwrap();

    // The copy has a key again, until the service has started.
    let restored = Arc::new(MemoryKeys::default());
    block_on(restored.for_sealing(subject("7"))).unwrap();
    let service = Service::new("members", &club.world.store).personal(Arc::clone(&restored));
    let service = service.projection(Names { forget: Forget::Done }, MemoryDatabase::default());
    club.world.block_on(async {
        let supervisor = service.supervise();
        while restored.for_opening(subject("7")).await.unwrap().is_some() {
            tokio::task::yield_now().await;
        }
        supervisor.drain().await;
    });
    let sealing = block_on(restored.for_sealing(subject("7")));
    assert_eq!(sealing, Err(KeysError::Forgotten { subject: subject("7") }));
}
