//! Users, tokens and grants over HTTP: what the command line does, done with `curl`.
//!
//! D3: what holds a secret is never said back, nor written to a log.

use super::site::{PASSWORD, Site, token};
use headwater_model::Contexts;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use tracing::field::{Field, Visit};
use tracing::span;

const OTHER: &str = "another good password";

/// A caller, by a name and its password or by a token.
struct Asking<'a> {
    site: &'a Site,
    client: Client,
    credentials: Option<(String, String)>,
}

impl<'a> Asking<'a> {
    fn by(site: &'a Site, name: &str, password: &str) -> Self {
        let client = Client::builder().no_proxy().build().unwrap();
        Self { site, client, credentials: Some((name.to_owned(), password.to_owned())) }
    }

    fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method: Method = method.parse().unwrap();
        let request = self.client.request(method, self.site.http(&format!("/v1/access{path}")));
        match &self.credentials {
            Some((name, password)) => request.basic_auth(name, Some(password)),
            None => request,
        }
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        told(self.request("GET", path)).await
    }

    async fn send(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        told(self.request(method, path).json(&body)).await
    }

    async fn delete(&self, path: &str) -> (u16, Value) {
        told(self.request("DELETE", path)).await
    }
}

async fn told(request: RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// The status and the code of a problem.
fn problem((status, body): &(u16, Value)) -> (u16, &str) {
    (*status, body["code"].as_str().unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_made_changed_kept_out_let_in_and_taken_away_over_http() {
    let site = Site::new().await;
    let first = Asking::by(&site, "anything", &site.secret);
    let plain = first.send("POST", "/users", json!({ "user": "ana" })).await;
    assert_eq!(problem(&plain), (409, "access.admin_first"));
    let root = json!({ "user": "root", "roles": ["$admins"], "password": PASSWORD });
    assert_eq!(first.send("POST", "/users", root).await.0, 201);
    assert_eq!(first.get("/me").await.0, 401, "the bootstrap token is over");

    let root = Asking::by(&site, "root", PASSWORD);
    let ana = json!({ "user": "ana", "full_name": "Ana", "roles": ["$ops"], "password": PASSWORD });
    let answer = root.request("POST", "/users").json(&ana).send().await.unwrap();
    assert_eq!(answer.headers()["location"], "/v1/access/users/ana");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let shown = json!({
        "user": "ana", "full_name": "Ana", "roles": ["$ops"], "disabled": false,
        "has_password": true,
    });
    assert_eq!(answer.json::<Value>().await.unwrap(), shown);
    let again = root.send("POST", "/users", ana).await;
    assert_eq!(problem(&again), (409, "access.user_exists"));
    let own = Asking::by(&site, "ana", PASSWORD);
    assert_eq!(own.get("/users/ana").await, (200, shown), "about oneself");
    assert_eq!(problem(&own.get("/users/root").await), (403, "access.denied"));
    assert_eq!(problem(&own.get("/users").await), (403, "access.denied"));

    let (status, changed) = root.send("PATCH", "/users/ana", json!({ "full_name": "Ana B" })).await;
    assert_eq!((status, &changed["full_name"]), (200, &json!("Ana B")));
    assert_eq!(changed["roles"], json!(["$ops"]), "what is not said stays");
    assert_eq!(root.send("PATCH", "/users/ana", json!({ "disabled": true })).await.0, 200);
    assert_eq!(own.get("/me").await.0, 401, "at once");
    assert_eq!(root.send("PATCH", "/users/ana", json!({ "disabled": false })).await.0, 200);
    assert_eq!(own.get("/me").await.0, 200);
    let (_, all) = root.get("/users").await;
    let names: Vec<_> = all["users"].as_array().unwrap().iter().map(|u| &u["user"]).collect();
    assert_eq!(names, ["ana", "root"]);
    assert_eq!(root.delete("/users/ana").await, (204, json!("")));
    assert_eq!(problem(&root.delete("/users/ana").await), (404, "access.no_user"));
    assert_eq!(problem(&root.delete("/users/root").await), (409, "access.last_admin"));
    assert_eq!(problem(&root.get("/users/a%3Ab").await), (400, "http.path"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_changed_by_who_knows_it_and_reset_by_who_administers_over_http() {
    let site = Site::new().await;
    site.root().await;
    let root = Asking::by(&site, "root", PASSWORD);
    for user in ["ana", "ben"] {
        let made = json!({ "user": user, "password": PASSWORD });
        assert_eq!(root.send("POST", "/users", made).await.0, 201);
    }
    let ana = Asking::by(&site, "ana", PASSWORD);
    let set = |user: &str, body: Value| (format!("/users/{user}/password"), body);
    for (path, body) in [
        set("ana", json!({ "password": OTHER })),
        set("ana", json!({ "password": OTHER, "current": "not the password" })),
        set("ben", json!({ "password": OTHER, "current": PASSWORD })),
    ] {
        let refused = ana.send("PUT", &path, body).await;
        assert_eq!(problem(&refused), (403, "access.denied"), "{path}");
    }
    let (path, body) = set("ana", json!({ "password": "short", "current": PASSWORD }));
    assert_eq!(problem(&ana.send("PUT", &path, body).await), (422, "access.invalid"));
    let (path, body) = set("ana", json!({ "password": OTHER, "current": PASSWORD }));
    assert_eq!(ana.send("PUT", &path, body).await.0, 204);
    assert_eq!(ana.get("/me").await.0, 401, "the one before is over");
    assert_eq!(Asking::by(&site, "ana", OTHER).get("/me").await.0, 200);
    assert_eq!(
        root.send("PUT", "/users/ana/password", json!({ "password": PASSWORD })).await.0,
        204
    );
    assert_eq!(ana.get("/me").await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_shown_once_and_holds_until_it_is_revoked() {
    let site = Site::new().await;
    site.root().await;
    let root = Asking::by(&site, "root", PASSWORD);
    root.send("POST", "/users", json!({ "user": "orders" })).await;
    let scope = json!({ "verbs": ["append", "read"], "context": "shop", "streams": ["*"] });
    let asked = json!({ "user": "orders", "words": "tests", "scopes": [scope], "seconds": 60 });
    let (status, made) = root.send("POST", "/tokens", asked).await;
    assert_eq!((status, &made["token"]), (201, &json!("t-1")));
    let secret = made["secret"].as_str().unwrap().to_owned();
    let (_, listed) = root.get("/tokens").await;
    let listed_scope = json!({ "verbs": ["read", "append"], "context": "shop", "streams": ["*"] });
    assert_eq!(listed["tokens"][0]["scopes"], json!([listed_scope]));
    assert_eq!(listed["tokens"][0]["expires_at"], made["expires_at"]);
    assert!(!listed.to_string().contains(&secret[3..]));
    let orders = Asking::by(&site, "", &secret);
    let (status, me) = orders.get("/me").await;
    assert_eq!((status, &me["scopes"]), (200, &json!([listed_scope])));
    assert_eq!(root.delete("/tokens/t-1").await.0, 204);
    assert_eq!(orders.get("/me").await.0, 401);
    assert_eq!(problem(&root.delete("/tokens/t-1").await), (404, "access.no_token"));
    for unfit in [json!([]), json!([{ "verbs": [], "context": "*", "streams": ["*"] }])] {
        let refused =
            root.send("POST", "/tokens", json!({ "user": "orders", "scopes": unfit })).await;
        assert_eq!(problem(&refused), (422, "access.invalid"));
    }
    let asked = json!({ "user": "orders", "scopes": [scope], "seconds": u64::MAX });
    assert_eq!(problem(&root.send("POST", "/tokens", asked).await), (422, "access.invalid"));
}

#[tokio::test(flavor = "multi_thread")]
async fn grants_come_and_go_and_everybody_sees_their_own() {
    let site = Site::new().await;
    let by_grpc = site.root().await;
    let root = Asking::by(&site, "root", PASSWORD);
    for context in ["shop", "vault"] {
        by_grpc.context(context.try_into().unwrap()).await.unwrap();
    }
    root.send("POST", "/users", json!({ "user": "ana" })).await;
    let ana = token(&by_grpc, "ana", None).await;
    let ana = Asking::by(&site, "", &ana);
    let grant = |effect, who, verbs: &[&str], context, streams| {
        let scope = json!({ "verbs": verbs, "context": context, "streams": [streams] });
        json!({ "effect": effect, "who": who, "scope": scope })
    };
    for (place, asked) in [
        grant("allow", "user:ana", &["read", "append"], "shop", "category:order"),
        grant("deny", "everybody", &["append"], "shop", "stream:order-7"),
        grant("deny", "everybody", &["read"], "vault", "*"),
        grant("allow", "user:ben", &["read"], "shop", "*"),
    ]
    .into_iter()
    .enumerate()
    {
        let (status, made) = root.send("POST", "/grants", asked.clone()).await;
        assert_eq!((status, &made["grant"]), (201, &json!(format!("g-{}", place + 1))), "{made}");
        assert_eq!(made["scope"], asked["scope"]);
    }
    let (_, me) = ana.get("/me").await;
    assert_eq!(me["whos"], json!(["user:ana", "everybody"]));
    let mine: Vec<_> = me["grants"].as_array().unwrap().iter().map(|g| &g["grant"]).collect();
    assert_eq!(
        mine,
        ["g-1", "g-2"],
        "nothing in the vault is hers: she is not told that it is there"
    );
    assert_eq!(me["contexts"], json!([{ "context": "shop", "verbs": ["read", "append"] }]));
    assert_eq!((&me["server"], &me["authenticated"]), (&json!([]), &json!(true)));
    let check =
        |of: &str, streams: &str| format!("/check?verb=append&context=shop&streams={streams}{of}");
    let by = |allowed: bool, why: &str| (200, json!({ "allowed": allowed, "why": why }));
    assert_eq!(ana.get(&check("", "stream:order-1")).await, by(true, "g-1"));
    assert_eq!(ana.get(&check("", "stream:order-7")).await, by(false, "g-2"));
    let ben = check("&who=user:ben", "stream:order-1");
    assert_eq!(root.get(&ben).await, by(false, "no grant allows it"));
    assert_eq!(problem(&ana.get(&ben).await), (403, "access.denied"));
    assert_eq!(problem(&ana.get("/check").await), (400, "http.query"));
    assert_eq!(root.delete("/grants/g-2").await.0, 204);
    assert_eq!(ana.get(&check("", "stream:order-7")).await, by(true, "g-1"), "at once");
    assert_eq!(problem(&root.delete("/grants/g-2").await), (404, "access.no_grant"));
    let locked = grant("deny", "everybody", &["administer"], "*", "*");
    assert_eq!(problem(&root.send("POST", "/grants", locked).await), (409, "access.last_admin"));
    assert_eq!(root.get("/grants").await.1["grants"].as_array().unwrap().len(), 3);
}

/// All that is logged in this thread.
#[derive(Clone, Default)]
struct Logged(Arc<Mutex<String>>);

impl Visit for Logged {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        write!(self.0.lock().unwrap(), " {field}={value:?}").unwrap();
    }
}

impl tracing::Subscriber for Logged {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, span: &span::Attributes<'_>) -> span::Id {
        span.record(&mut self.clone());
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        values.record(&mut self.clone());
    }
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut self.clone());
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

/// A number in place of a password came back in the answer, and would have stood in the log of
/// whatever stands in front.
#[tokio::test]
async fn what_holds_a_secret_is_neither_said_back_nor_logged() {
    let logged = Logged::default();
    let _here = tracing::subscriber::set_default(logged.clone());
    // Of one subscriber alone, threads that have none would decide what is never logged.
    let _another = tracing::Dispatch::new(logged.clone());
    let site = Site::new().await;
    site.root().await;
    let root = Asking::by(&site, "root", PASSWORD);
    const SECRET: &str = "hunter2hunter2";
    let bodies = [
        json!(SECRET),
        json!([SECRET]),
        json!({ "user": "ana", "password": [SECRET] }),
        json!({ "user": "ana", "password": { SECRET: SECRET } }),
        json!({ "user": "ana", SECRET: 1 }),
        json!({ "user": "ana", "password": SECRET, "roles": SECRET }),
        json!({ "user": "ana", "password": SECRET, "passwort": SECRET }),
        json!({ "user": "$ana", "password": SECRET }),
        json!({ "password": SECRET, "current": 5 }),
        json!({ "password": SECRET.repeat(100) }),
    ];
    for (method, path) in [("POST", "/users"), ("PUT", "/users/root/password")] {
        for body in &bodies {
            let (status, said) = root.send(method, path, body.clone()).await;
            assert!([400, 422].contains(&status), "{path} {body} is answered {status} {said}");
            assert!(!said.to_string().contains(SECRET), "{path} {body} is answered {said}");
        }
        let number = json!({ "user": "ana", "password": 73_591_426_813_u64 });
        let (status, said) = root.send(method, path, number).await;
        assert_eq!(status, 422);
        assert!(!said.to_string().contains("73591426813"), "{said}");
        let broken = root.request(method, path).header("content-type", "application/json");
        let (status, said) = told(broken.body(format!("{{\"password\":\"{SECRET}"))).await;
        assert_eq!((status, said.to_string().contains(SECRET)), (400, false), "{said}");
    }
    let good = json!({ "user": "ana", "password": SECRET });
    assert_eq!(root.send("POST", "/users", good).await.0, 201);
    let scope = json!({ "verbs": ["read"], "context": "*", "streams": ["*"] });
    let (_, made) = root.send("POST", "/tokens", json!({ "user": "ana", "scopes": [scope] })).await;
    let refused = Asking::by(&site, "ana", PASSWORD).get("/me").await;
    assert_eq!(refused.0, 401);
    let logged = logged.0.lock().unwrap();
    assert!(logged.contains("refused"), "the log is looked at");
    for secret in [SECRET, PASSWORD, made["secret"].as_str().unwrap(), &site.secret] {
        assert!(!logged.contains(secret), "{secret} is in the log");
    }
}
