//! The permission matrix: every call of the ports, by every kind of caller, to every kind of stream,
//! with the forbidden one at every place of a batch. What is expected is said by an oracle that knows
//! names only, not patterns.
//!
//! A batch was once checked by its first stream. A reader who may read one category followed them all
//! by asking for two.

use super::site::memory;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use headwater_access::{Change, ContextPattern, Effect, Scope, UserName, Verb, Verbs, Who};
use headwater_model::*;
use headwater_server::{Authentication, Caller, Host, Identity};
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

/// How a pattern is written, and whether it is about a name.
type Case = (&'static str, fn(&str) -> bool);

/// Patterns of grants, and whether a name is meant by them, said by hand.
const PATTERNS: [Case; 6] = [
    ("*", |name| !name.starts_with('$')),
    ("$*", |name| name.starts_with('$')),
    ("category:order", |name| name == "order" || name.starts_with("order-")),
    ("prefix:order-1", |name| name.starts_with("order-1")),
    ("stream:order-1", |name| name == "order-1"),
    ("category:secret", |name| name == "secret" || name.starts_with("secret-")),
];

/// Everything that a call can be about: a name, or a set of which these names are all that is here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum About {
    Stream(&'static str),
    /// All of a category.
    Orders,
    /// All that is not the system's.
    All,
    /// The context as such.
    Context,
}

/// A kind of caller: they have one grant, or everything but one.
#[derive(Clone, Copy, Debug)]
struct Kind {
    effect: Effect,
    verb: Verb,
    pattern: usize,
}

impl Kind {
    fn all() -> impl Iterator<Item = Self> {
        let effects = [Effect::Allow, Effect::Deny].into_iter();
        effects.flat_map(|effect| {
            Verb::ALL.into_iter().flat_map(move |verb| {
                (0..PATTERNS.len()).map(move |pattern| Self { effect, verb, pattern })
            })
        })
    }

    /// The oracle.
    fn may(self, verb: Verb, about: About) -> bool {
        let (text, holds) = PATTERNS[self.pattern];
        let (covers, touches) = match about {
            About::Stream(name) => {
                let name = name.strip_prefix("$$").unwrap_or(name);
                (holds(name), holds(name))
            }
            About::Orders => {
                let covers = matches!(text, "*" | "category:order");
                (covers, covers || matches!(text, "prefix:order-1" | "stream:order-1"))
            }
            About::All => (text == "*", text != "$*"),
            About::Context => (true, text == "*"),
        };
        match self.effect {
            Effect::Allow => verb == self.verb && covers,
            Effect::Deny => verb != self.verb || !touches,
        }
    }

    fn name(self) -> UserName {
        let effect = if self.effect == Effect::Allow { "only" } else { "all-but" };
        UserName::new(format!("{effect}-{}-{}", self.verb, self.pattern)).unwrap()
    }
}

type Outcome = BoxFuture<'static, Result<(), String>>;

/// One call: its name, what it needs (all of it, or one of it), and the call.
struct Call {
    name: String,
    all: Vec<(Verb, About)>,
    any: Vec<(Verb, About)>,
    run: Box<dyn Fn(Caller) -> Outcome>,
}

fn call<F, T, E>(name: &str, all: &[(Verb, About)], run: F) -> Call
where
    F: Fn(Arc<dyn EventStore>) -> BoxFuture<'static, Result<T, E>> + Clone + 'static + Send,
    E: Into<Failed>,
{
    let run = move |caller: Caller| {
        let run = run.clone();
        async move {
            let shop = caller.existing("shop".try_into().unwrap()).await;
            let shop = shop.map_err(|error| error.code().to_owned())?;
            run(shop).await.map(drop).map_err(|error| error.into().0)
        }
        .boxed()
    };
    Call { name: name.to_owned(), all: all.to_vec(), any: Vec::new(), run: Box::new(run) }
}

/// A code.
struct Failed(String);

macro_rules! failed {
    ($($error:ty),*) => { $(impl std::convert::From<$error> for Failed {
        fn from(error: $error) -> Self { Self(error.code().to_owned()) }
    })* };
}
failed!(AppendError, ReadError, GroupError);

const STREAMS: [&str; 5] = ["order-1", "order-2", "secret-1", "$audit", "$$order-1"];

fn stream(name: &str) -> StreamName {
    StreamName::system(name.to_owned()).unwrap()
}

fn event() -> NewEvent {
    NewEvent::json(EventId(Uuid::now_v7()), EventType::new("Happened").unwrap(), "{}")
}

fn orders() -> Query {
    Query::categories([Category::new("order").unwrap()])
}

fn queries() -> [(About, Query); 3] {
    let one = Query::stream(stream("order-1"));
    [(About::All, Query::all()), (About::Orders, orders()), (About::Stream("order-1"), one)]
}

fn group(name: &'static str) -> GroupName {
    GroupName::new(name).unwrap()
}

/// Appends: to each stream, and to batches with another stream at each place.
fn appends() -> Vec<Call> {
    let mut calls = Vec::new();
    let mut batch = |names: Vec<&'static str>| {
        let needs: Vec<_> = names
            .iter()
            .map(|name| match name.strip_prefix("$$") {
                Some(_) => (Verb::Change, About::Stream(name)),
                None => (Verb::Append, About::Stream(name)),
            })
            .collect();
        let title = format!("append {}", names.join(" "));
        calls.push(call(&title, &needs, move |store| {
            let names = names.clone();
            async move {
                let write = |name: &&str| StreamWrite {
                    stream: stream(name),
                    expected: ExpectedRevision::Any,
                    events: vec![event()],
                };
                let writes = names.iter().map(write).collect();
                store.append(Append { writes, ..Append::default() }).await
            }
            .boxed()
        }));
    };
    STREAMS.into_iter().for_each(|name| batch(vec![name]));
    for other in ["order-1", "secret-1", "$audit"] {
        for place in 0..3 {
            let mut names = vec!["order-11", "order-12"];
            names.insert(place, other);
            batch(names);
        }
    }
    for (about, query) in queries() {
        let needs = [(Verb::Append, About::Stream("order-1")), (Verb::Read, about)];
        calls.push(call("append unless", &needs, move |store| {
            let append = Append::to(stream("order-1"), ExpectedRevision::Any, vec![event()]);
            let append = append.unless(query.clone(), Some(Position(u64::MAX / 4)));
            async move { store.append(append).await }.boxed()
        }));
    }
    let needs = [(Verb::Append, About::Stream("order-1")), (Verb::Consume, About::Context)];
    calls.push(call("append saving a checkpoint", &needs, |store| {
        let append = Append::to(stream("order-1"), ExpectedRevision::Any, vec![event()]);
        let (name, to) = (CheckpointName::new("reader").unwrap(), Position(0));
        let to = Checkpoint { incarnation: Incarnation(0), position: to };
        let append = append.saving(SaveCheckpoint { name, expected: Some(to), to });
        async move { store.append(append).await }.boxed()
    }));
    calls
}

fn of_streams() -> Vec<Call> {
    let mut calls = Vec::new();
    for name in STREAMS {
        let needs = |verb| [(verb, About::Stream(name))];
        for change in [
            StreamChange::Settings(StreamSettings::default()),
            StreamChange::Delete,
            StreamChange::Tombstone,
        ] {
            calls.push(call(&format!("change {name}"), &needs(Verb::Change), move |store| {
                // One that is always refused by the store: the others still need the stream.
                let expected = ExpectedRevision::At(Revision(999));
                async move { store.change_stream(stream(name), expected, change).await }.boxed()
            }));
        }
        calls.push(call(&format!("read_stream {name}"), &needs(Verb::Read), move |store| {
            async move { store.read_stream(ReadStream::forwards(stream(name))).await }.boxed()
        }));
        calls.push(call(&format!("find {name}"), &needs(Verb::Read), move |store| {
            async move { store.find(stream(name), EventId(Uuid::nil())).await }.boxed()
        }));
        let mut state = call(&format!("stream {name}"), &[], move |store| {
            async move { store.stream(stream(name)).await }.boxed()
        });
        state.any =
            [Verb::Read, Verb::Append, Verb::Change].map(|v| (v, About::Stream(name))).into();
        calls.push(state);
    }
    calls
}

fn of_queries() -> Vec<Call> {
    let mut calls = Vec::new();
    for (about, query) in queries() {
        let (needs, other) = ([(Verb::Read, about)], query.clone());
        calls.push(call("read_all", &needs, move |store| {
            let read = ReadAll::forwards(query.clone());
            async move { store.read_all(read).await }.boxed()
        }));
        calls.push(call("subscribe", &needs, move |store| {
            let asked = Subscribe { query: other.clone(), start: Start::Beginning };
            async move {
                let mut open = store.subscribe(asked).await?;
                open.next().await
            }
            .boxed()
        }));
    }
    calls.push(call("streams", &[(Verb::Read, About::All)], |store| {
        async move { store.streams(String::new(), None, 10).await }.boxed()
    }));
    let mut context = |name: &str, any: &[Verb], run: fn(Arc<dyn EventStore>) -> Asked| {
        let mut asked = call(name, &[], run);
        asked.any = any.iter().map(|verb| (*verb, About::Context)).collect();
        calls.push(asked);
    };
    context("checkpoint", &[Verb::Read], |store| {
        let name = CheckpointName::new("reader").unwrap();
        async move { store.checkpoint(name).await.map(drop) }.boxed()
    });
    context("head", &Verb::ALL, |store| async move { store.head().await.map(drop) }.boxed());
    context("wait_past", &Verb::ALL, |store| {
        async move { store.wait_past(None).await.map(drop) }.boxed()
    });
    calls
}

type Asked = BoxFuture<'static, Result<(), ReadError>>;

/// The group `orders` reads the category; `all` reads everything.
fn of_groups() -> Vec<Call> {
    let mut calls = Vec::new();
    for (name, about) in [("orders", About::Orders), ("all", About::All)] {
        let manage = [(Verb::Manage, about)];
        let consume = [(Verb::Consume, about), (Verb::Read, about)];
        let source = if about == About::All { Query::all() } else { orders() };
        let settings = GroupSettings::over(source);
        let mut add = |what: &str, needs: &[(Verb, About)], run: Grouped| {
            let settings = settings.clone();
            calls.push(call(&format!("{what} {name}"), needs, move |store| {
                run(store, group(name), settings.clone())
            }));
        };
        add("create_group", &manage, |store, name, settings| {
            with(store, move |groups| {
                groups.create_group(name.clone(), settings.clone(), Start::Beginning).boxed()
            })
        });
        add("update_group", &manage, |store, name, settings| {
            with(store, move |groups| groups.update_group(name.clone(), settings.clone()))
        });
        add("seek_group", &manage, |store, name, _| {
            with(store, move |groups| {
                groups.seek_group(name.clone(), Seek::Now).map(|s| s.map(drop)).boxed()
            })
        });
        add("join_group", &consume, |store, name, _| {
            with(store, move |groups| {
                groups.join_group(name.clone(), "me".into()).map(|joined| joined.map(drop)).boxed()
            })
        });
        add("parked", &consume, |store, name, _| {
            with(store, move |groups| {
                groups.parked(name.clone(), None, 1).map(|p| p.map(drop)).boxed()
            })
        });
        add("replay_parked", &consume, |store, name, _| {
            with(store, move |groups| {
                groups.replay_parked(name.clone(), ParkedPart::All).map(|p| p.map(drop)).boxed()
            })
        });
        add("skip_parked", &consume, |store, name, _| {
            with(store, move |groups| {
                let skip = groups.skip_parked(name.clone(), ParkedPart::All, "why".into());
                skip.map(|p| p.map(drop)).boxed()
            })
        });
        let mut seen = call(&format!("group {name}"), &[], move |store| {
            with(store, move |groups| groups.group(group(name)).map(|g| g.map(drop)).boxed())
        });
        let see = [Verb::Read, Verb::Consume, Verb::Manage, Verb::Observe];
        seen.any = see.map(|verb| (verb, about)).into();
        calls.push(seen);
    }
    calls
}

type Grouped =
    fn(Arc<dyn EventStore>, GroupName, GroupSettings) -> BoxFuture<'static, Result<(), GroupError>>;

fn with(
    store: Arc<dyn EventStore>,
    run: impl for<'a> Fn(&'a dyn ConsumerGroups) -> Answer<'a, (), GroupError> + Send + 'static,
) -> BoxFuture<'static, Result<(), GroupError>> {
    async move {
        let groups = store.consumer_groups().expect("this store has groups");
        run(groups).await
    }
    .boxed()
}

/// Calls that are about no context, or one that is not there.
fn of_the_server() -> Vec<Call> {
    let server = |name: &str, run: fn(Caller) -> Outcome| Call {
        name: name.to_owned(),
        all: Vec::new(),
        any: Vec::new(),
        run: Box::new(run),
    };
    vec![Call {
        any: vec![(Verb::Manage, About::Context)],
        ..server("make a context", |caller| {
            async move {
                let made = caller.contexts().context("fresh".try_into().unwrap()).await;
                made.map(drop).map_err(|error| error.code().to_owned())
            }
            .boxed()
        })
    }]
}

async fn host() -> (Host, Arc<dyn EventStore>) {
    let contexts = Arc::new(memory());
    let shop = contexts.context("shop".try_into().unwrap()).await.unwrap();
    for name in ["order-1", "order-2", "secret-1"] {
        let append = Append::to(stream(name), ExpectedRevision::Any, vec![event()]);
        shop.append(append).await.unwrap();
    }
    for (name, source) in [("orders", orders()), ("all", Query::all())] {
        let settings = GroupSettings::over(source);
        let groups = shop.consumer_groups().unwrap();
        groups.create_group(group(name), settings, Start::Beginning).await.unwrap();
    }
    let (host, _) = Host::new(contexts);
    (host.authenticating(&Authentication::default()).await.unwrap(), shop)
}

async fn caller(host: &Host, kind: Kind) -> Caller {
    let authority = host.authority().unwrap();
    let (user, full_name) = (kind.name(), String::new());
    let create =
        Change::CreateUser { user: user.clone(), full_name, roles: vec![], password: None };
    let who = Who::User(user.clone());
    let own = Scope {
        verbs: Verbs::from(vec![kind.verb]),
        context: ContextPattern::One("shop".try_into().unwrap()),
        streams: vec![PATTERNS[kind.pattern].0.parse().unwrap()],
    };
    let mut changes = vec![create];
    if kind.effect == Effect::Deny {
        let (effect, who, scope) = (Effect::Allow, who.clone(), Scope::all());
        changes.push(Change::MakeGrant { effect, who, scope });
    }
    changes.push(Change::MakeGrant { effect: kind.effect, who, scope: own });
    for change in changes {
        authority.change("a test", change).await.unwrap();
    }
    let mut extensions = http::Extensions::new();
    extensions.insert(Identity::User(user));
    host.caller(&extensions)
}

#[tokio::test]
async fn every_call_is_allowed_or_denied_as_the_oracle_says() {
    let (host, shop) = host().await;
    let mut calls = appends();
    calls.extend(of_streams());
    calls.extend(of_queries());
    calls.extend(of_groups());
    let mut asked = BTreeMap::<bool, usize>::new();
    for kind in Kind::all() {
        let caller = caller(&host, kind).await;
        for call in &calls {
            let all = call.all.iter().all(|(verb, about)| kind.may(*verb, *about));
            let any =
                call.any.is_empty() || call.any.iter().any(|(verb, about)| kind.may(*verb, *about));
            let before = shop.head().await.unwrap();
            let outcome = (call.run)(caller.clone()).await;
            let is_denied = outcome.as_ref().is_err_and(|code| code == "access.denied");
            let expected = all && any;
            assert_eq!(!is_denied, expected, "{kind:?}: {} gives {outcome:?}", call.name);
            if is_denied {
                assert_eq!(shop.head().await.unwrap(), before, "A1: nothing of {}", call.name);
            }
            *asked.entry(expected).or_default() += 1;
        }
    }
    assert!(asked[&true] > 1_000 && asked[&false] > 1_000, "both are asked often: {asked:?}");
}

#[tokio::test]
async fn contexts_are_shown_and_made_by_those_whose_they_are() {
    let (host, _) = host().await;
    for kind in Kind::all() {
        let caller = caller(&host, kind).await;
        let names = caller.contexts().names().await.unwrap();
        assert!(names.contains(&"shop".try_into().unwrap()), "{kind:?} has something there");
        let all = kind.effect == Effect::Deny;
        assert!(!names.contains(&"headwater-access".try_into().unwrap()), "{kind:?}");
        let other = caller.existing("elsewhere".try_into().unwrap()).await.err().unwrap();
        // Who has nothing there is not told whether it exists.
        assert_eq!(other.code(), if all { "context.not_found" } else { "access.denied" });
        assert_eq!(caller.may(Verb::Administer).is_ok(), all && kind.verb != Verb::Administer);
        assert_eq!(caller.may(Verb::Observe).is_ok(), all && kind.verb != Verb::Observe);
        for call in of_the_server() {
            let outcome = (call.run)(caller.clone()).await;
            assert_eq!(outcome.is_ok(), all, "{kind:?}: {}", call.name);
        }
    }
}

#[tokio::test]
async fn who_is_nobody_or_came_past_the_layer_may_do_nothing() {
    let (host, _) = host().await;
    let nobody = host.caller(&http::Extensions::new());
    assert_eq!(*nobody.identity(), Identity::Nobody);
    for call in appends().iter().chain(&of_streams()).chain(&of_queries()).chain(&of_groups()) {
        let outcome = (call.run)(nobody.clone()).await;
        assert_eq!(outcome, Err("access.unauthenticated".to_owned()), "{}", call.name);
    }
}

#[tokio::test]
async fn a_server_that_asks_nobody_still_keeps_what_access_will_be_made_of() {
    let (host, _) = Host::new(Arc::new(memory()));
    let anybody = host.caller(&http::Extensions::new());
    let own = anybody.contexts().context("headwater-access".try_into().unwrap()).await;
    assert_eq!(own.err().unwrap().code(), "access.denied", "a user who administers, made by hand");
    let any = anybody.contexts().context("any".try_into().unwrap()).await.unwrap();
    any.append(Append::to(stream("a-1"), ExpectedRevision::Any, vec![event()])).await.unwrap();
}
