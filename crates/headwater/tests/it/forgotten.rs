//! A person who was forgotten is in no file any more: not in the store, its snapshots and its backups, not
//! in the views, not in the keys.

use headwater::model::{AsOf, Contexts as _, EventStore};
use headwater::prelude::*;
use headwater::{Forget, Sqlite, SqliteKeys, SqliteReader, SqliteTx, Subject};
use headwater_backup::{Archive, Take, Unseen};
use headwater_env::{Disk, OsDisk, SystemClock};
use headwater_store::EmbeddedStore;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;

#[derive(StreamId)]
#[stream("guest")]
pub(crate) struct GuestId(String);

#[derive(Event, Debug)]
#[event(prefix = "Guest")]
pub(crate) enum GuestEvent {
    Arrived {
        guest: GuestId,
        #[personal(subject = guest)]
        name: Personal<String>,
    },
}

#[derive(Command, Debug, Clone)]
pub(crate) enum GuestCommand {
    Arrive { guest: GuestId, name: Personal<String> },
}

#[derive(Refusal, Debug, PartialEq)]
pub(crate) enum GuestRefusal {
    #[refusal(conflict, "the guest is here already")]
    Here,
}

#[derive(Default, Debug, Serialize, Deserialize)]
pub(crate) struct Guest {
    name: Option<Personal<String>>,
}

impl Decider for Guest {
    type Id = GuestId;
    type Command = GuestCommand;
    type Event = GuestEvent;
    type Refusal = GuestRefusal;

    fn decide(&self, command: GuestCommand, _: &Cause) -> Result<Vec<GuestEvent>, GuestRefusal> {
        let GuestCommand::Arrive { guest, name } = command;
        match self.name {
            None => Ok(vec![GuestEvent::Arrived { guest, name }]),
            Some(_) => Err(GuestRefusal::Here),
        }
    }

    fn evolve(self, event: &GuestEvent) -> Self {
        let GuestEvent::Arrived { name, .. } = event;
        Self { name: Some(name.clone()) }
    }
}

const SCHEMA: &str = "create table guests (id text primary key, name text) strict";

async fn write(db: &mut SqliteTx, e: &Recorded<GuestEvent>) -> Result<(), Failed> {
    let GuestEvent::Arrived { guest, name } = &e.event;
    db.execute("insert into guests values (?, ?)", (guest, name.value()))
}

/// A view that is built anew.
struct Anew;

impl Projection for Anew {
    const NAME: &'static str = "anew";
    const SCHEMA: &'static str = SCHEMA;
    type Input = GuestEvent;
    type Database = Sqlite;

    async fn apply(&self, db: &mut SqliteTx, e: &Recorded<GuestEvent>) -> Result<(), Failed> {
        write(db, e).await
    }
}

/// A view that knows which rows to clear.
struct Cleared;

impl Projection for Cleared {
    const NAME: &'static str = "cleared";
    const SCHEMA: &'static str = SCHEMA;
    type Input = GuestEvent;
    type Database = Sqlite;

    async fn forget(&self, db: &mut SqliteTx, subject: &Subject) -> Result<Forget, Failed> {
        db.execute("update guests set name = null where id = ?", (subject.as_str(),))?;
        Ok(Forget::Done)
    }

    async fn apply(&self, db: &mut SqliteTx, e: &Recorded<GuestEvent>) -> Result<(), Failed> {
        write(db, e).await
    }
}

/// Names that occur nowhere else.
fn name_of(n: u32) -> String {
    format!("Xanthippe-{n:04}-Quixote")
}

fn holds(folder: &Path, text: &str) -> bool {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).any(|path| {
        if path.is_dir() {
            return holds(&path, text);
        }
        let bytes = std::fs::read(&path).unwrap();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

async fn back_up(contexts: &EmbeddedStore, folder: &Path) {
    let disk: Arc<dyn Disk> = Arc::new(OsDisk::new());
    let archive = Archive::open_or_make(&disk, folder).unwrap();
    let (by, source) = ("a test".to_owned(), "a store".to_owned());
    let take = Take { archive: &archive, by, source, clock: &SystemClock, progress: &Unseen };
    let guests: Arc<dyn EventStore> = contexts.context(context()).await.unwrap();
    take.contexts(&[guests]).await.unwrap();
}

fn context() -> headwater::model::ContextName {
    headwater::model::ContextName::new("guests").unwrap()
}

fn names(reader: &SqliteReader) -> Vec<(String, Option<String>)> {
    reader.rows("select id, name from guests order by id", ()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_person_is_in_no_byte_of_any_file() {
    let directory = tempfile::tempdir().unwrap();
    let folder = |name: &str| {
        let folder = directory.path().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        folder
    };
    let (keys, views, backups) = (folder("keys"), folder("views"), folder("backups"));
    let store_folder = folder("store");
    let contexts = EmbeddedStore::open(&store_folder).unwrap();
    let store = Store::new(Arc::new(contexts.clone()));
    let service = Service::new("guests", &store)
        .personal(SqliteKeys::file(keys.join("guests.db")).unwrap())
        .decider::<Guest>()
        .snapshots::<Guest>(NonZeroU32::MIN, "1")
        .projection(Anew, Sqlite::file(views.join("guests.db")))
        .projection(Cleared, Sqlite::file(views.join("guests.db")));
    let supervisor = service.supervise();

    let mut last = None;
    for n in 0..40 {
        let id = GuestId::from(n.to_string());
        let name = Personal::of(&id, name_of(n));
        let command = GuestCommand::Arrive { guest: id.clone(), name };
        let receipt =
            service.run::<Guest>(&id, command, &Cause::keyed(n.to_string())).await.unwrap();
        last = receipt.position;
        service.load::<Guest>(&id, AsOf::Now).await.unwrap();
    }
    let seen: After = format!("guests:{}", last.unwrap()).parse().unwrap();
    assert_eq!(names(&service.read_model::<Anew>(&seen).await.unwrap()).len(), 40);
    assert_eq!(names(&service.read_model::<Cleared>(&seen).await.unwrap()).len(), 40);
    back_up(&contexts, &backups).await;
    assert!(holds(&views, &name_of(7)), "views are what people read");
    assert!(!holds(&store_folder, &name_of(7)) && !holds(&backups, &name_of(7)));

    let subject = Subject::new("7").unwrap();
    let forgotten = service.forget(&subject).await.unwrap();
    let seen: After = format!("guests:{}", forgotten.position.unwrap()).parse().unwrap();
    let anew = service.read_model::<Anew>(&seen).await.unwrap();
    let cleared = service.read_model::<Cleared>(&seen).await.unwrap();
    assert_eq!(names(&anew), names(&cleared));
    let others = names(&anew).into_iter().filter(|(_, name)| name.is_some()).count();
    assert_eq!(others, 39, "nobody else was forgotten");
    drop((anew, cleared));
    back_up(&contexts, &backups).await;
    supervisor.drain().await;

    assert!(!holds(directory.path(), &name_of(7)), "not a byte of the name is left");
    assert!(holds(&views, &name_of(8)), "the search finds what is there");
}
