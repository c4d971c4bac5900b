//! The users of this server, made and kept by clients of KurrentDB, over a socket.
//!
//! D3: what they change holds for the next call of everybody, by each protocol.

use super::site::{PASSWORD, Site};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use headwater_client::Credentials;
use headwater_wire::kurrent::event_store::client::Empty;
use headwater_wire::kurrent::event_store::client::server_features::server_features_client;
use headwater_wire::kurrent::event_store::client::users as pb;
use pb::details_resp::UserDetails;
use pb::users_client::UsersClient;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};

const OTHER: &str = "another good password";

/// A client of the service, by a name and its password.
struct Asking {
    client: UsersClient<Channel>,
    basic: String,
}

impl Asking {
    async fn at(site: &Site, name: &str, password: &str) -> Self {
        let channel = Endpoint::from_shared(site.http("")).unwrap().connect().await.unwrap();
        let basic = format!("Basic {}", STANDARD.encode(format!("{name}:{password}")));
        Self { client: UsersClient::new(channel), basic }
    }

    fn by<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", self.basic.parse().unwrap());
        request
    }

    async fn create(&self, login: &str, groups: &[&str]) -> Result<(), Status> {
        let options = Some(pb::create_req::Options {
            login_name: login.to_owned(),
            password: PASSWORD.to_owned(),
            full_name: "Ana Example".to_owned(),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        });
        let request = self.by(pb::CreateReq { options });
        self.client.clone().create(request).await.map(drop)
    }

    async fn update(&self, login: &str, password: &str, groups: &[&str]) -> Result<(), Status> {
        let options = Some(pb::update_req::Options {
            login_name: login.to_owned(),
            password: password.to_owned(),
            full_name: "Ana Other".to_owned(),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        });
        let request = self.by(pb::UpdateReq { options });
        self.client.clone().update(request).await.map(drop)
    }

    async fn delete(&self, login: &str) -> Result<(), Status> {
        let options = Some(pb::delete_req::Options { login_name: login.to_owned() });
        self.client.clone().delete(self.by(pb::DeleteReq { options })).await.map(drop)
    }

    async fn disable(&self, login: &str) -> Result<(), Status> {
        let options = Some(pb::disable_req::Options { login_name: login.to_owned() });
        self.client.clone().disable(self.by(pb::DisableReq { options })).await.map(drop)
    }

    async fn enable(&self, login: &str) -> Result<(), Status> {
        let options = Some(pb::enable_req::Options { login_name: login.to_owned() });
        self.client.clone().enable(self.by(pb::EnableReq { options })).await.map(drop)
    }

    /// One, or all if the name is empty.
    async fn details(&self, login: &str) -> Result<Vec<UserDetails>, Status> {
        let options = Some(pb::details_req::Options { login_name: login.to_owned() });
        let answer = self.client.clone().details(self.by(pb::DetailsReq { options })).await?;
        let (mut answers, mut all) = (answer.into_inner(), Vec::new());
        while let Some(answer) = answers.message().await? {
            all.push(answer.user_details.unwrap());
        }
        Ok(all)
    }

    async fn change(&self, login: &str, current: &str, new: &str) -> Result<(), Status> {
        let options = Some(pb::change_password_req::Options {
            login_name: login.to_owned(),
            current_password: current.to_owned(),
            new_password: new.to_owned(),
        });
        let request = self.by(pb::ChangePasswordReq { options });
        self.client.clone().change_password(request).await.map(drop)
    }

    async fn reset(&self, login: &str, new: &str) -> Result<(), Status> {
        let (login_name, new_password) = (login.to_owned(), new.to_owned());
        let options = Some(pb::reset_password_req::Options { login_name, new_password });
        let request = self.by(pb::ResetPasswordReq { options });
        self.client.clone().reset_password(request).await.map(drop)
    }
}

async fn site() -> (Site, Asking) {
    let site = Site::new().await;
    site.root().await;
    let root = Asking::at(&site, "root", PASSWORD).await;
    (site, root)
}

async fn comes_in(site: &Site, name: &str, password: &str) -> bool {
    site.client(Credentials::password(name, password).unwrap()).await.is_ok()
}

/// The code, and the trailers by which clients know it: the kind, and whom it is about.
fn told(status: &Status) -> (Code, Option<&str>, Option<&str>) {
    let trailer = |key| status.metadata().get(key).map(|value| value.to_str().unwrap());
    (status.code(), trailer("exception"), trailer("login-name"))
}

const DENIED: (Code, Option<&str>, Option<&str>) =
    (Code::PermissionDenied, Some("access-denied"), None);

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_made_changed_kept_out_let_in_and_taken_away() {
    let (site, root) = site().await;
    root.create("ana", &["$ops", "billing"]).await.unwrap();
    let exists = root.create("ana", &[]).await.unwrap_err();
    assert_eq!(told(&exists), (Code::FailedPrecondition, Some("user-conflict"), Some("ana")));
    let own = root.details("ana").await.unwrap().remove(0);
    let groups = vec!["$ops".to_owned(), "billing".to_owned()];
    let (login_name, full_name) = ("ana".to_owned(), "Ana Example".to_owned());
    let made = UserDetails { login_name, full_name, groups, last_updated: None, disabled: false };
    assert_eq!(own, made);
    assert!(comes_in(&site, "ana", PASSWORD).await, "by every protocol");

    root.update("ana", "", &["$admins"]).await.unwrap();
    assert!(comes_in(&site, "ana", PASSWORD).await, "no password was named");
    let ana = Asking::at(&site, "ana", PASSWORD).await;
    let all = ana.details("").await.unwrap();
    let names: Vec<_> = all.iter().map(|user| user.login_name.as_str()).collect();
    assert_eq!(names, ["ana", "root"], "the group is the role: she administers");
    assert_eq!(all[0].full_name, "Ana Other");
    root.update("ana", OTHER, &[]).await.unwrap();
    assert!(comes_in(&site, "ana", OTHER).await && !comes_in(&site, "ana", PASSWORD).await);

    root.disable("ana").await.unwrap();
    assert!(!comes_in(&site, "ana", OTHER).await);
    assert!(root.details("ana").await.unwrap()[0].disabled);
    root.enable("ana").await.unwrap();
    assert!(comes_in(&site, "ana", OTHER).await);

    root.delete("ana").await.unwrap();
    assert!(!comes_in(&site, "ana", OTHER).await);
    assert_eq!(root.details("").await.unwrap().len(), 1);
    let last = root.delete("root").await.unwrap_err();
    assert_eq!(told(&last), (Code::FailedPrecondition, None, None), "{last}");
    assert!(comes_in(&site, "root", PASSWORD).await, "the last who administers stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_changed_by_who_knows_it_and_reset_by_who_administers() {
    let (site, root) = site().await;
    root.create("ana", &[]).await.unwrap();
    let ana = Asking::at(&site, "ana", PASSWORD).await;
    let wrong = ana.change("ana", "not the password", OTHER).await.unwrap_err();
    assert_eq!(told(&wrong), DENIED, "{wrong}");
    let short = ana.change("ana", PASSWORD, "short").await.unwrap_err();
    assert_eq!(short.code(), Code::InvalidArgument, "{short}");
    assert!(comes_in(&site, "ana", PASSWORD).await, "nothing was changed");
    ana.change("ana", PASSWORD, OTHER).await.unwrap();
    assert!(comes_in(&site, "ana", OTHER).await && !comes_in(&site, "ana", PASSWORD).await);
    let wrong = root.change("ana", PASSWORD, PASSWORD).await.unwrap_err();
    assert_eq!(told(&wrong), DENIED, "who administers resets: changing asks for the one now");
    root.reset("ana", PASSWORD).await.unwrap();
    assert!(comes_in(&site, "ana", PASSWORD).await && !comes_in(&site, "ana", OTHER).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_administer_sees_themselves_and_changes_nobody() {
    let (site, root) = site().await;
    root.create("ana", &["$ops"]).await.unwrap();
    root.create("ben", &[]).await.unwrap();
    let ana = Asking::at(&site, "ana", PASSWORD).await;
    assert_eq!(ana.details("ana").await.unwrap()[0].login_name, "ana");
    let refused = [
        ana.details("").await.map(drop),
        ana.details("ben").await.map(drop),
        ana.details("nobody").await.map(drop),
        ana.create("eve", &[]).await,
        ana.update("ana", "", &["$admins"]).await,
        ana.delete("nobody").await,
        ana.disable("ben").await,
        ana.enable("ben").await,
        ana.reset("ana", OTHER).await,
        ana.change("ben", PASSWORD, OTHER).await,
        ana.change("nobody", PASSWORD, OTHER).await,
    ];
    for (place, refused) in refused.into_iter().enumerate() {
        let status = refused.unwrap_err();
        assert_eq!(told(&status), DENIED, "{place}: no word of who is there: {status}");
    }
    assert_eq!(root.details("").await.unwrap().len(), 3);
    assert!(comes_in(&site, "ana", PASSWORD).await && comes_in(&site, "ben", PASSWORD).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_is_not_there_is_not_found_by_name() {
    let (_site, root) = site().await;
    for login in ["nobody", "$never"] {
        let refused = [
            root.details(login).await.map(drop),
            root.update(login, "", &[]).await,
            root.delete(login).await,
            root.disable(login).await,
            root.enable(login).await,
            root.reset(login, OTHER).await,
        ];
        for status in refused.into_iter().map(Result::unwrap_err) {
            assert_eq!(told(&status), (Code::NotFound, Some("user-not-found"), Some(login)));
        }
    }
    let unfit = root.create("$never", &[]).await.unwrap_err();
    assert_eq!(unfit.code(), Code::InvalidArgument, "{unfit}");
}

/// Some clients ask what is listed before they call it.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_users_lists_their_calls() {
    let (site, _) = site().await;
    let channel = Endpoint::from_shared(site.http("")).unwrap().connect().await.unwrap();
    let mut client = server_features_client::ServerFeaturesClient::new(channel);
    let told = client.get_supported_methods(Empty {}).await.unwrap().into_inner();
    let users = |method: &&str| {
        let service = "event_store.client.users.users";
        told.methods.iter().any(|m| m.service_name == service && m.method_name == *method)
    };
    let calls = ["create", "update", "delete", "disable", "enable", "details"];
    assert!(calls.iter().chain(&["changepassword", "resetpassword"]).all(users));
}
