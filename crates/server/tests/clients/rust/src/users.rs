//! Stories of the users of a server that asks who asks.

use crate::{connect, same};
use anyhow::{Context, ensure};
use futures::future::join_all;
use kurrentdb::operations::{self, UserDetails};
use kurrentdb::{Client, Error};
use uuid::Uuid;

const PASSWORD: &str = "a-password-of-the-stories";
const OTHER: &str = "another-good-password";

/// Whoever has this name and password, at the server that asks. Errors of a call make this client look
/// for the server again: another one for each.
fn by(name: &str, password: &str) -> anyhow::Result<operations::Client> {
    let argument = |n| std::env::args().nth(n).context("the server that asks is missing");
    let (authority, address) = (argument(3)?, argument(4)?);
    let text = format!("kurrentdb://{name}:{password}@{address}?tls=true&tlsCAFile={authority}");
    Ok(operations::Client::from(connect(&text)?))
}

fn keeper() -> anyhow::Result<operations::Client> {
    let argument = |n| std::env::args().nth(n).context("who administers is missing");
    by(&argument(5)?, &argument(6)?)
}

async fn details(of: &str, seen_by: operations::Client) -> anyhow::Result<Vec<UserDetails>> {
    let mut told = seen_by.user_details(of, &Default::default()).await?;
    let mut all = Vec::new();
    while let Some(user) = told.next().await? {
        all.push(user);
    }
    Ok(all)
}

async fn comes_in(name: &str, password: &str) -> anyhow::Result<bool> {
    Ok(details(name, by(name, password)?).await.is_ok())
}

pub(crate) async fn users_are_made_changed_kept_out_let_in_and_taken_away(
    _: Client,
) -> anyhow::Result<()> {
    let (name, options) = (format!("u-{}", Uuid::new_v4()), Default::default());
    let groups = vec!["billing".to_owned(), "shipping".to_owned()];
    keeper()?.create_user(&name, PASSWORD, "Ana Example", groups.clone(), &options).await?;
    let again = keeper()?.create_user(&name, PASSWORD, "", vec![], &options).await;
    ensure!(again.is_err(), "made twice");
    let own = details(&name, by(&name, PASSWORD)?).await?.remove(0);
    same((own.login, own.full_name, own.groups), (name.clone(), "Ana Example".to_owned(), groups))?;
    ensure!(!own.disabled);
    keeper()?.update_user(&name, OTHER, "Ana Other", vec![], &options).await?;
    ensure!(comes_in(&name, OTHER).await? && !comes_in(&name, PASSWORD).await?);
    keeper()?.disable_user(&name, &options).await?;
    ensure!(!comes_in(&name, OTHER).await?);
    ensure!(details(&name, keeper()?).await?[0].disabled);
    keeper()?.enable_user(&name, &options).await?;
    ensure!(comes_in(&name, OTHER).await?);
    keeper()?.delete_user(&name, &options).await?;
    ensure!(!comes_in(&name, OTHER).await?);
    let gone = keeper()?.delete_user(&name, &options).await;
    ensure!(matches!(gone, Err(Error::ResourceNotFound)), "{gone:?}");
    Ok(())
}

pub(crate) async fn a_password_is_changed_by_who_knows_it_and_reset_by_who_administers(
    _: Client,
) -> anyhow::Result<()> {
    let (name, options) = (format!("u-{}", Uuid::new_v4()), Default::default());
    keeper()?.create_user(&name, PASSWORD, "", vec![], &options).await?;
    let own = || by(&name, PASSWORD);
    let wrong = own()?.change_user_password(&name, "not the password", OTHER, &options).await;
    ensure!(matches!(wrong, Err(Error::AccessDenied)), "{wrong:?}");
    own()?.change_user_password(&name, PASSWORD, OTHER, &options).await?;
    ensure!(comes_in(&name, OTHER).await? && !comes_in(&name, PASSWORD).await?);
    let reset = by(&name, OTHER)?.reset_user_password(&name, PASSWORD, &options).await;
    ensure!(matches!(reset, Err(Error::AccessDenied)), "{reset:?}");
    keeper()?.reset_user_password(&name, PASSWORD, &options).await?;
    ensure!(comes_in(&name, PASSWORD).await? && !comes_in(&name, OTHER).await?);
    Ok(())
}

pub(crate) async fn who_does_not_administer_changes_nobody(_: Client) -> anyhow::Result<()> {
    let (name, options) = (format!("u-{}", Uuid::new_v4()), Default::default());
    keeper()?.create_user(&name, PASSWORD, "", vec!["$ops".to_owned()], &options).await?;
    let own = || by(&name, PASSWORD);
    let refused = [
        own()?.create_user("eve", PASSWORD, "", vec![], &options).await,
        own()?.update_user(&name, "", "", vec!["$admins".to_owned()], &options).await,
        own()?.disable_user("eve", &options).await,
        own()?.delete_user(&name, &options).await,
    ];
    for refused in refused {
        ensure!(matches!(refused, Err(Error::AccessDenied)), "{refused:?}");
    }
    let all = join_all([details("", own()?), details("", keeper()?)]).await;
    ensure!(all[0].is_err() && all[1].as_ref().is_ok_and(|all| all.len() >= 2));
    Ok(())
}
