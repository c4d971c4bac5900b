//! Default deny, deny wins, and every stream of a batch counts.

use bytestring::ByteString;
use headwater_access::decide::ACCESS_CONTEXT;
use headwater_access::{
    AccessEvent, Change, ContextPattern, Decision, Directory, Effect, Grant, Principal, Scope,
    StreamPattern, Target, UserName, Verb, Verbs, Who, Why,
};
use headwater_model::{Category, ContextName, Query, QueryItem, StreamName};
use proptest::prelude::*;

fn context(name: &str) -> ContextName {
    ContextName::new(name.to_owned()).unwrap()
}

pub(crate) fn scope(verbs: &[Verb], context: &str, streams: &[&str]) -> Scope {
    Scope {
        verbs: verbs.to_vec().into(),
        context: context.parse().unwrap(),
        streams: streams.iter().map(|text| text.parse().unwrap()).collect(),
    }
}

fn user(name: &str) -> UserName {
    UserName::new(name).unwrap()
}

fn change(directory: &mut Directory, change: Change) {
    directory.plan(change).unwrap().into_iter().for_each(|event| directory.evolve(event));
}

fn with(grants: &[(Effect, &str, Scope)]) -> Directory {
    let mut directory = Directory::default();
    let (full_name, password) = (String::new(), None);
    let roles = vec!["billing".to_owned()];
    change(&mut directory, Change::CreateUser { user: user("ana"), full_name, roles, password });
    // As recorded, not as asked: what leaves nobody who administers is not granted, and is decided on here.
    for (n, (effect, who, scope)) in grants.iter().enumerate() {
        let (id, who) = (format!("g-{n}").parse().unwrap(), who.parse().unwrap());
        let grant = Grant { id, effect: *effect, who, scope: scope.clone() };
        directory.evolve(AccessEvent::GrantMade(grant));
    }
    directory
}

fn ana(directory: &Directory) -> Principal {
    directory.principal_of_user(&user("ana")).unwrap()
}

fn decide(directory: &Directory, verb: Verb, target: &Target) -> Decision {
    directory.decide(&ana(directory), verb, Some(&context("shop")), target)
}

fn on(streams: &[&str]) -> Target {
    let names: Vec<_> = streams.iter().map(|name| StreamName::system(*name).unwrap()).collect();
    Target::streams(&names)
}

#[test]
fn nothing_is_allowed_that_no_grant_allows() {
    let none = with(&[]);
    for verb in Verb::ALL {
        for target in [on(&["order-1"]), Target::Context, Target::query(&Query::all())] {
            let decision = decide(&none, verb, &target);
            assert_eq!((decision.is_allowed, decision.why), (false, Why::Nothing));
        }
    }
    assert!(!none.enters(&ana(&none), &context("shop")));
}

#[test]
fn a_grant_holds_for_its_verbs_its_context_and_its_streams_only() {
    let read = scope(&[Verb::Read], "shop", &["category:order"]);
    let directory = with(&[(Effect::Allow, "role:billing", read)]);
    assert!(decide(&directory, Verb::Read, &on(&["order-1", "order"])).is_allowed);
    assert!(decide(&directory, Verb::Read, &on(&["$$order-1"])).is_allowed, "its settings too");
    assert!(decide(&directory, Verb::Read, &Target::Context).is_allowed);
    for (verb, target) in [
        (Verb::Append, on(&["order-1"])),
        (Verb::Read, on(&["orders-1"])),
        (Verb::Read, on(&["$ce-order"])),
        (Verb::Read, on(&["order-1", "invoice-1"])),
        (Verb::Read, on(&["$$invoice-1"])),
        (Verb::Read, Target::query(&Query::all())),
        (Verb::Read, Target::prefix("order")),
    ] {
        assert!(!decide(&directory, verb, &target).is_allowed, "{verb} {target:?}");
    }
    let elsewhere = context("other");
    assert!(
        !directory
            .decide(&ana(&directory), Verb::Read, Some(&elsewhere), &on(&["order-1"]))
            .is_allowed
    );
}

#[test]
fn a_query_is_read_by_who_may_read_all_that_it_can_find() {
    let read = scope(&[Verb::Read], "shop", &["category:order", "prefix:invoice-eu"]);
    let directory = with(&[(Effect::Allow, "user:ana", read)]);
    let category = |name: &str| Category::new(name.to_owned()).unwrap();
    let prefix = |text: &str| vec![ByteString::from(text)];
    let item = QueryItem::default;
    let fine: Query = QueryItem { categories: vec![category("order")], ..item() }.into();
    let both = fine.clone().or(QueryItem { stream_prefixes: prefix("invoice-eu-1"), ..item() });
    // An item's parts narrow each other: one that is covered is enough.
    let narrowed: Query =
        QueryItem { categories: vec![category("order")], stream_prefixes: prefix("o"), ..item() }
            .into();
    for query in [&fine, &both, &narrowed] {
        assert!(decide(&directory, Verb::Read, &Target::query(query)).is_allowed, "{query:?}");
    }
    let wide = fine.clone().or(QueryItem { stream_prefixes: prefix("invoice"), ..item() });
    let settings: Query = QueryItem { stream_prefixes: prefix("$$"), ..item() }.into();
    let sneaky: Query = QueryItem { stream_prefixes: vec!["".into(), "$".into()], ..item() }.into();
    for query in [&wide, &settings, &sneaky, &Query::all()] {
        assert!(!decide(&directory, Verb::Read, &Target::query(query)).is_allowed, "{query:?}");
    }
}

#[test]
fn a_deny_touches_what_a_query_might_find() {
    let all = scope(&[Verb::Read], "*", &["*", "$*"]);
    let secret = scope(&[Verb::Read], "shop", &["category:salary"]);
    let directory = with(&[(Effect::Allow, "user:ana", all), (Effect::Deny, "everybody", secret)]);
    let read = |target: &Target| decide(&directory, Verb::Read, target).is_allowed;
    assert!(read(&on(&["order-1"])) && !read(&on(&["salary-1"])) && !read(&on(&["$$salary-1"])));
    assert!(!read(&on(&["order-1", "salary-1"])), "one of them is enough");
    assert!(!read(&Target::query(&Query::all())) && !read(&Target::prefix("sal")));
    assert!(!read(&Target::prefix("$")), "it would show the settings of salaries");
    assert!(read(&Target::prefix("order")) && read(&Target::prefix("salaryman-")));
    let elsewhere = directory.decide(
        &ana(&directory),
        Verb::Read,
        Some(&context("other")),
        &Target::query(&Query::all()),
    );
    assert!(elsewhere.is_allowed, "the deny is about one context");
}

#[test]
fn access_itself_is_changed_by_its_own_calls_only_and_passwords_are_read_by_nobody() {
    let all = || Scope::all();
    let mut directory = with(&[(Effect::Allow, "user:ana", all())]);
    let own = context(ACCESS_CONTEXT);
    let read = on(&["user-ana"]);
    let may = |d: &Directory, verb, target: &Target| {
        d.decide(&ana(d), verb, Some(&own), target).is_allowed
    };
    assert!(!may(&directory, Verb::Read, &read), "a star does not reach it");
    let roles = Some(vec!["$admins".to_owned()]);
    change(&mut directory, Change::ChangeUser { user: user("ana"), full_name: None, roles });
    assert!(may(&directory, Verb::Read, &read));
    for verb in [Verb::Append, Verb::Change, Verb::Consume, Verb::Manage, Verb::Administer] {
        assert!(!may(&directory, verb, &read), "{verb}");
    }
    for target in [on(&["credential-ana"]), on(&["$$credential-ana"]), Target::query(&Query::all())]
    {
        assert!(!may(&directory, Verb::Read, &target), "{target:?}");
    }
}

#[test]
fn the_server_is_administered_by_who_may_do_so_in_every_context() {
    let some = scope(&[Verb::Administer, Verb::Observe], "shop", &["*"]);
    let directory = with(&[(Effect::Allow, "user:ana", some)]);
    let may = |d: &Directory, verb| d.decide(&ana(d), verb, None, &Target::Server).is_allowed;
    assert!(!may(&directory, Verb::Observe) && !may(&directory, Verb::Administer));
    let all = scope(&[Verb::Observe], "*", &["*"]);
    let directory = with(&[(Effect::Allow, "user:ana", all)]);
    assert!(may(&directory, Verb::Observe) && !may(&directory, Verb::Administer));
}

fn any_scope() -> impl Strategy<Value = Scope> {
    let verbs = proptest::sample::subsequence(Verb::ALL.to_vec(), 1..=3);
    let context = prop_oneof![
        Just(ContextPattern::All),
        Just(ContextPattern::One(context("shop"))),
        Just(ContextPattern::One(context("other"))),
    ];
    let stream = prop_oneof!["[ab]{0,2}", "[ab]-[ab]"];
    let form = prop_oneof![Just("prefix:"), Just("stream:")];
    let pattern = (form, stream)
        .prop_map(|(form, text)| format!("{form}{text}").parse().unwrap_or(StreamPattern::all()));
    let streams = proptest::collection::vec(pattern, 1..3);
    (verbs, context, streams).prop_map(|(verbs, context, streams)| Scope {
        verbs: Verbs::from(verbs),
        context,
        streams,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn deny_wins_whatever_else_is_granted(
        allows in proptest::collection::vec(any_scope(), 0..6),
        deny in any_scope(),
        name in "[ab]{1,2}(-[ab])?",
        verb in proptest::sample::select(Verb::ALL.to_vec()),
    ) {
        let allows = allows.into_iter().map(|scope| (Effect::Allow, "user:ana", scope));
        let mut grants: Vec<_> = allows.collect();
        let target = on(&[&name]);
        let before = decide(&with(&grants), verb, &target);
        grants.insert(grants.len() / 2, (Effect::Deny, "role:billing", deny.clone()));
        let after = decide(&with(&grants), verb, &target);
        let pattern = StreamPattern::Stream(name.clone().into());
        let is_denied = deny.verbs.contains(verb)
            && deny.context.contains(&context("shop"))
            && deny.streams.iter().any(|own| own.covers(&pattern));
        prop_assert_eq!(after.is_allowed, before.is_allowed && !is_denied);
        // A batch is allowed exactly if each of its streams is.
        let other = on(&["b"]);
        let both = decide(&with(&grants), verb, &on(&[&name, "b"]));
        let each = after.is_allowed && decide(&with(&grants), verb, &other).is_allowed;
        prop_assert_eq!(both.is_allowed, each);
    }

    #[test]
    fn a_token_does_no_more_than_its_owner_and_no_more_than_its_scopes(
        owned in any_scope(),
        scoped in any_scope(),
        name in "[ab]{1,2}(-[ab])?",
        verb in proptest::sample::select(Verb::ALL.to_vec()),
    ) {
        let directory = with(&[(Effect::Allow, "user:ana", owned)]);
        let owner = ana(&directory);
        let token = Principal { scopes: Some(vec![scoped.clone()]), ..owner.clone() };
        let alone = Principal { scopes: Some(vec![Scope::all()]), ..owner.clone() };
        let shop = context("shop");
        let may = |who: &Principal| directory.decide(who, verb, Some(&shop), &on(&[&name])).is_allowed;
        prop_assert_eq!(may(&alone), may(&owner));
        prop_assert!(!may(&token) || may(&owner));
        let pattern = StreamPattern::Stream(name.clone().into());
        let within = scoped.verbs.contains(verb)
            && scoped.context.contains(&shop)
            && scoped.streams.iter().any(|own| own.covers(&pattern));
        prop_assert_eq!(may(&token), may(&owner) && within);
    }
}

#[test]
fn who_is_read_as_it_is_written() {
    for text in ["everybody", "user:ana", "role:$ops", "certificate:orders.svc", "bearer:7f:3a"] {
        assert_eq!(text.parse::<Who>().unwrap().to_string(), text);
    }
    for text in ["", "ana", "user:", "user:a:b", "role:", "group:x"] {
        assert!(text.parse::<Who>().is_err(), "{text}");
    }
    let kept = AccessEvent::UserDisabled { user: user("ana") };
    assert_eq!(AccessEvent::decode(&kept.encode()), Ok(kept));
}
