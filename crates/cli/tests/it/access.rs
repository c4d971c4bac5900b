//! `headwater user`, `token` and `grant`, against a server with a certificate that asks everybody who
//! they are: what a person sees, what a script goes by.

use crate::headwater::{Place, Ran};
use crate::secure::{Running, WITH_TLS, certify, start};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read};
use std::process::ChildStderr;

const PASSWORD: &str = "correct horse battery";
const OTHER: &str = "another good password";

/// A server that asks, and where it says what goes wrong.
struct Asking {
    running: Running,
    said: BufReader<ChildStderr>,
    place: Place,
}

impl Asking {
    fn over(place: Place) -> Self {
        certify(&place);
        let mut running = start(&place, &[WITH_TLS, &["--auth"]].concat());
        let said = BufReader::new(running.child.stderr.take().expect("it was piped"));
        Self { running, said, place }
    }

    /// A new one, and the command that it prints for whoever is to administer first.
    fn new() -> (Self, String) {
        let mut asking = Self::over(Place::new());
        let mut line = String::new();
        while !line.contains("HEADWATER_TOKEN=") {
            line.clear();
            let count = asking.said.read_line(&mut line).expect("text");
            assert_ne!(count, 0, "it ended without a word of a token");
        }
        (asking, line.trim().to_owned())
    }

    /// A new one that `ana` administers.
    fn by_ana() -> Self {
        let (asking, printed) = Self::new();
        let token = token_of(&printed);
        let add = ["user", "add", "ana", "--role", "$admins", "--full-name", "Ana Example"];
        asking.by_token(&token, &add, PASSWORD).good();
        asking
    }

    fn address(&self, credentials: &str) -> String {
        let port = self.running.server.rsplit_once(':').expect("a port").1;
        format!("headwaters://{credentials}localhost:{port}?ca=c.pem")
    }

    fn by_token(&self, token: &str, arguments: &[&str], typed: &str) -> Ran {
        let server = self.address("");
        let mut command = self.place.command(&[arguments, &["--server", &server]].concat());
        command.env("HEADWATER_TOKEN", token);
        Place::run_typing(command, typed)
    }

    /// By a name and its password, with something to type.
    fn typing(&self, name: &str, password: &str, arguments: &[&str], typed: &str) -> Ran {
        let server = self.address(&format!("{name}:{}@", password.replace(' ', "%20")));
        let command = self.place.command(&[arguments, &["--server", &server]].concat());
        Place::run_typing(command, typed)
    }

    fn ana(&self, arguments: &[&str]) -> Ran {
        self.typing("ana", PASSWORD, arguments, PASSWORD)
    }

    fn ana_json(&self, arguments: &[&str]) -> Vec<Value> {
        self.ana(&[arguments, &["--output", "json"]].concat()).good().json()
    }

    /// Stops it, and answers with the rest of what it said and its directory.
    fn stop(mut self) -> (String, Place) {
        self.running.child.kill().expect("SIGKILL is sent");
        let mut rest = String::new();
        self.said.read_to_string(&mut rest).expect("text");
        (rest, self.place)
    }
}

fn token_of(printed: &str) -> String {
    let words = printed.split_whitespace();
    let token = words.filter_map(|word| word.strip_prefix("HEADWATER_TOKEN=")).next();
    token.expect("the command begins with it").to_owned()
}

/// The code that a script goes by, in the form for programs.
fn code(ran: &Ran) -> (i32, String) {
    let error: Value = serde_json::from_str(ran.err.trim()).expect("one line of JSON");
    (ran.code, error["error"]["code"].as_str().expect("a code").to_owned())
}

#[test]
fn the_command_that_a_first_start_prints_makes_who_administers_and_is_then_over() {
    let (asking, printed) = Asking::new();
    let told = printed.split_once("headwater ").expect("a command").1;
    let port = asking.running.server.rsplit_once(':').expect("a port").1;
    let as_printed =
        format!("user add NAME --role '$admins' --server headwaters://127.0.0.1:{port}");
    assert_eq!(told, as_printed, "it says where the server is");
    let token = token_of(&printed);
    let plain = asking.by_token(&token, &["user", "add", "ben"], PASSWORD);
    assert_eq!(plain.code, 3);
    let says = "headwater: the bootstrap token makes a user with the role $admins first\n";
    assert_eq!(plain.err, says);
    let made =
        asking.by_token(&token, &["user", "add", "ana", "--role", "$admins"], PASSWORD).good();
    assert_eq!((made.out.as_str(), made.err.as_str()), ("user ana is there\n", ""));
    let again = ["user", "add", "eve", "--role", "$admins", "--output", "json"];
    let over = asking.by_token(&token, &again, PASSWORD);
    assert_eq!(code(&over), (1, "access.unauthenticated".to_owned()));
    let (_, place) = asking.stop();
    let asking = Asking::over(place);
    assert_eq!(asking.ana(&["user", "me"]).good().out, "ana: user:ana, everybody, role:$admins\n");
    let (said, _) = asking.stop();
    assert!(!said.contains("HEADWATER_TOKEN"), "somebody administers: {said}");
}

#[test]
fn users_are_made_shown_changed_and_taken_away() {
    let asking = Asking::by_ana();
    let add = ["user", "add", "orders", "--no-password", "--role", "billing", "--role", "shipping"];
    asking.ana(&add).good();
    let ben = ["user", "add", "ben", "--full-name", "Ben \u{1b}[2J Other"];
    asking.typing("ana", PASSWORD, &ben, &format!("{OTHER}\n")).good();
    let listed = "\
USER    COMES WITH   ROLES             FULL NAME
ana     password     $admins           Ana Example
ben     password                       Ben  [2J Other
orders  tokens only  billing,shipping
";
    assert_eq!(asking.ana(&["user", "ls"]).good().out, listed);
    let users = asking.ana_json(&["user", "ls"]);
    let shown = json!({
        "user": "orders", "full_name": "", "roles": ["billing", "shipping"], "disabled": false,
        "has_password": false,
    });
    assert_eq!((users.len(), &users[2]), (3, &shown));

    let roles =
        |roles: &[&str]| asking.ana(&[&["user", "roles", "ben"], roles].concat()).good().out;
    assert_eq!(roles(&["billing", "$ops"]), "ben has the roles billing, $ops\n");
    assert_eq!(roles(&[]), "ben has no roles\n");
    assert_eq!(asking.ana(&["user", "disable", "ben"]).good().out, "ben is kept out\n");
    let ben =
        |password: &str| asking.typing("ben", password, &["user", "me", "--output", "json"], "");
    let out = (1, "access.unauthenticated".to_owned());
    assert_eq!(code(&ben(OTHER)), out);
    assert_eq!(asking.ana(&["user", "enable", "ben"]).good().out, "ben is let in\n");
    assert_eq!(code(&ben("not the password")), out, "a wrong password says no more than that");
    let me = json!({ "name": "ben", "whos": ["user:ben", "everybody"], "authenticated": true });
    assert_eq!(ben(OTHER).good().json(), [me]);

    let own = ["user", "passwd", "ben", "--own"];
    let wrong = asking.typing("ben", OTHER, &own, &format!("guessed it\n{PASSWORD}\n"));
    assert_eq!(wrong.code, 1, "{}", wrong.err);
    assert!(
        wrong.err.starts_with("headwater: ben may not administer this server"),
        "{}",
        wrong.err
    );
    let changed = asking.typing("ben", OTHER, &own, &format!("{OTHER}\n{PASSWORD}\n")).good();
    assert_eq!(changed.out, "ben has another password\n");
    assert_eq!(code(&ben(OTHER)), out);
    ben(PASSWORD).good();
    asking.typing("ana", PASSWORD, &["user", "passwd", "ben"], OTHER).good();
    ben(OTHER).good();

    assert_eq!(asking.ana(&["user", "rm", "ben"]).good().out, "ben is gone\n");
    assert_eq!(asking.ana_json(&["user", "ls"]).len(), 2);
}

#[test]
fn what_cannot_be_done_about_access_ends_with_a_number_and_a_code() {
    let asking = Asking::by_ana();
    asking.ana(&["user", "add", "ben"]).good();
    let scope = ["--scope", "reed@shop:*"];
    for (arguments, number, says) in [
        (&["user", "add", "ben"][..], 3, "access.user_exists"),
        (&["user", "add", "b:n"], 1, "access.invalid"),
        (&["user", "disable", "eve"], 4, "access.no_user"),
        (&["user", "rm", "ana"], 3, "access.last_admin"),
        (&["user", "roles", "ana"], 3, "access.last_admin"),
        (&["token", "revoke", "t-9"], 4, "access.no_token"),
        (&["token", "revoke", "nine"], 1, "access.invalid"),
        (&[&["token", "create", "ben"], &scope[..]].concat(), 1, "access.invalid"),
        (&["grant", "rm", "g-9"], 4, "access.no_grant"),
        (&["grant", "allow", "ben", "read", "shop", "*"], 1, "access.invalid"),
        (&["grant", "deny", "everybody", "administer", "*", "*"], 3, "access.last_admin"),
    ] {
        let ran = asking.ana(&[arguments, &["--output", "json"]].concat());
        assert_eq!(code(&ran), (number, says.to_owned()), "{arguments:?}");
    }
    let short = asking.typing("ana", PASSWORD, &["user", "add", "eve"], "short");
    let says = "headwater: the password: a password has 8 to 1024 bytes, this one has 5\n";
    assert_eq!((short.code, short.err.as_str()), (1, says));
    let none = asking.typing("ana", PASSWORD, &["user", "add", "eve"], "");
    assert_eq!(none.err, "headwater: there is no password on standard input\n");
    let refused = asking.typing("ben", PASSWORD, &["user", "ls"], "");
    let says = "headwater: ben may not administer this server\n";
    assert_eq!((refused.code, refused.err.as_str()), (1, says));
    assert_eq!(asking.ana_json(&["user", "ls"]).len(), 2, "nothing was changed");
}

#[test]
fn a_token_is_shown_once_does_no_more_than_its_scopes_and_ends_when_it_is_revoked() {
    let asking = Asking::by_ana();
    asking.ana(&["user", "add", "orders", "--no-password"]).good();
    asking.ana(&["grant", "allow", "user:orders", "read,append,manage", "shop", "*"]).good();
    let create = ["token", "create", "orders", "--scope", "append,manage@shop:*", "--for", "tests"];
    let made = asking.ana(&create).good().out;
    let secret = made.strip_suffix('\n').expect("a line").to_owned();
    assert!(secret.starts_with("hw_") && !secret.contains(char::is_whitespace), "{made}");
    let timed = ["token", "create", "orders", "--scope", "*@*:*", "--days", "90"];
    let timed = asking.ana_json(&timed).remove(0);
    assert_eq!(timed["token"], "t-2");
    let listed = asking.ana(&["token", "ls"]).good().out;
    let lines: Vec<&str> = listed.lines().collect();
    assert!(lines[0].starts_with("TOKEN  USER    UNTIL "), "{listed}");
    let first: Vec<&str> = lines[1].split_whitespace().collect();
    assert_eq!(first, ["t-1", "orders", "revoked", "append,manage@shop:*", "tests"]);
    assert_eq!(lines[2].split_whitespace().nth(3), Some("*@*:*"), "{listed}");
    assert!(!listed.contains(&secret[3..]));
    let tokens = asking.ana_json(&["token", "ls"]);
    let scope = json!({ "verbs": ["append", "manage"], "context": "shop", "streams": ["*"] });
    assert_eq!(tokens[0]["scopes"], json!([scope]));
    assert!(tokens[0]["expires_at"].is_null() && tokens[1]["expires_at"].is_string());

    let append = ["stream", "append", "order-1", "--type", "A", "--expect", "any"];
    let append = [&append[..], &["--context", "shop"]].concat();
    asking.by_token(&secret, &append, "").good();
    let read = ["stream", "read", "order-1", "--context", "shop"];
    assert_eq!(asking.by_token(&secret, &read, "").code, 1, "its user may, it may not");
    let second = timed["secret"].as_str().expect("a text");
    asking.by_token(second, &read, "").good();
    let revoked = asking.ana(&["token", "revoke", "t-1"]).good().out;
    assert_eq!(revoked, "t-1 is good for nothing now\n");
    let over = asking.by_token(&secret, &[&append[..], &["--output", "json"]].concat(), "");
    assert_eq!(code(&over), (1, "access.unauthenticated".to_owned()));
}

#[test]
fn grants_are_made_shown_asked_about_and_taken_back() {
    let asking = Asking::by_ana();
    for name in ["ben", "orders"] {
        asking.ana(&["user", "add", name, "--no-password"]).good();
    }
    let allow = ["grant", "allow", "user:orders", "read,append", "shop", "category:order", "*"];
    assert_eq!(asking.ana(&allow).good().out, "g-1\n");
    let deny = ["grant", "deny", "everybody", "*", "shop", "stream:order-7"];
    let denied = asking.ana(&deny);
    assert_eq!((denied.code, denied.out.as_str()), (3, ""), "that would lock ana out");
    let deny = ["grant", "deny", "everybody", "read,append", "shop", "stream:order-7"];
    assert_eq!(asking.ana_json(&deny), [json!({ "grant": "g-2" })]);
    let listed = "\
GRANT  EFFECT  WHO          WHAT
g-1    allow   user:orders  read,append@shop:category:order *
g-2    deny    everybody    read,append@shop:stream:order-7
";
    assert_eq!(asking.ana(&["grant", "ls"]).good().out, listed);
    let scope =
        json!({ "verbs": ["read", "append"], "context": "shop", "streams": ["stream:order-7"] });
    let shown = json!({ "grant": "g-2", "effect": "deny", "who": "everybody", "scope": scope });
    assert_eq!(asking.ana_json(&["grant", "ls"])[1], shown);
    let check = |who: &str, stream: &str| {
        asking.ana(&["grant", "check", who, "append", "shop", stream]).good().out
    };
    assert_eq!(check("user:orders", "stream:order-1"), "user:orders may: g-1\n");
    assert_eq!(check("user:orders", "stream:order-7"), "user:orders may not: g-2\n");
    assert_eq!(check("user:ben", "stream:order-1"), "user:ben may not: no grant allows it\n");
    assert_eq!(check("me", "stream:order-1"), "you may: role $admins\n");
    let server = ["grant", "check", "me", "administer", "-"];
    assert_eq!(asking.ana_json(&server), [json!({ "allowed": true, "why": "role $admins" })]);
    assert_eq!(asking.ana(&["grant", "rm", "g-2"]).good().out, "g-2 holds no more\n");
    assert_eq!(check("user:orders", "stream:order-7"), "user:orders may: g-1\n");
}
