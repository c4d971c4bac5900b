//! `headwater user`: who may come in.

use crate::access::{at, new_password, password, text, texts, told};
use crate::args::{Output, User, UserCommand};
use crate::output::Printer;
use headwater_wire::v1;
use serde_json::{Value, json};

pub(crate) async fn run(asked: &User, output: Output) -> anyhow::Result<()> {
    let mut printer = Printer::new(output);
    // What a person types is asked for before anybody is connected to.
    let typed = match &asked.command {
        UserCommand::Add { no_password: false, .. } => Some(new_password()?),
        UserCommand::Passwd { own: false, .. } => Some(new_password()?),
        _ => None,
    };
    let mut access = at(&asked.at.server).await?;
    match &asked.command {
        UserCommand::Add { user, full_name, roles, .. } => {
            let request = v1::CreateUserRequest {
                user: user.clone().into(),
                full_name: full_name.clone().into(),
                roles: roles.iter().map(|role| role.clone().into()).collect(),
                password: typed.map(Into::into),
            };
            told(access.create_user(request).await)?;
            printer.line(&format!("user {user} is there"), &json!({ "user": user }))?;
        }
        UserCommand::Ls => {
            let users = told(access.list_users(v1::ListUsersRequest {}).await)?.users;
            let rows: Vec<_> = users.iter().map(row).collect();
            printer.rows(["USER", "COMES WITH", "ROLES", "FULL NAME"], &rows)?;
        }
        UserCommand::Passwd { user, .. } => {
            let request = renewed(user, typed)?;
            told(access.set_password(request).await)?;
            printer.line(&format!("{user} has another password"), &json!({ "user": user }))?;
        }
        UserCommand::Roles { user, roles } => {
            let asked = roles.iter().map(|role| role.clone().into()).collect();
            let asked = Some(v1::Roles { roles: asked });
            change(&mut access, v1::ChangeUserRequest { roles: asked, ..changed(user) }).await?;
            let line = match roles.as_slice() {
                [] => format!("{user} has no roles"),
                roles => format!("{user} has the roles {}", roles.join(", ")),
            };
            printer.line(&line, &json!({ "user": user, "roles": roles }))?;
        }
        UserCommand::Disable { user } => {
            let disabled = Some(true);
            change(&mut access, v1::ChangeUserRequest { disabled, ..changed(user) }).await?;
            printer.line(&format!("{user} is kept out"), &json!({ "user": user }))?;
        }
        UserCommand::Enable { user } => {
            let disabled = Some(false);
            change(&mut access, v1::ChangeUserRequest { disabled, ..changed(user) }).await?;
            printer.line(&format!("{user} is let in"), &json!({ "user": user }))?;
        }
        UserCommand::Rm { user } => {
            told(access.remove_user(v1::RemoveUserRequest { user: user.clone().into() }).await)?;
            printer.line(&format!("{user} is gone"), &json!({ "user": user }))?;
        }
        UserCommand::Me => {
            let me = told(access.who_am_i(v1::WhoAmIRequest {}).await)?;
            let (name, whos) = (text(&me.name), texts(&me.whos));
            let line = match me.authenticated {
                true => format!("{name}: {}", whos.join(", ")),
                false => format!("{name}: this server asks nobody who they are"),
            };
            let json = json!({ "name": name, "whos": whos, "authenticated": me.authenticated });
            printer.line(&line, &json)?;
        }
    }
    Ok(printer.flush()?)
}

/// Another password; one's own is changed by who knows the one before.
fn renewed(user: &str, typed: Option<String>) -> anyhow::Result<v1::SetPasswordRequest> {
    let (current, password) = match typed {
        Some(password) => (None, password),
        None => (Some(password("Password now: ")?.into()), new_password()?),
    };
    Ok(v1::SetPasswordRequest { user: user.to_owned().into(), password: password.into(), current })
}

fn changed(user: &str) -> v1::ChangeUserRequest {
    v1::ChangeUserRequest { user: user.to_owned().into(), ..v1::ChangeUserRequest::default() }
}

async fn change(
    access: &mut crate::access::Access,
    request: v1::ChangeUserRequest,
) -> anyhow::Result<()> {
    told(access.change_user(request).await)?;
    Ok(())
}

fn row(user: &v1::User) -> ([String; 4], Value) {
    let (name, full_name, roles) = (text(&user.user), text(&user.full_name), texts(&user.roles));
    let state = match (user.disabled, user.has_password) {
        (true, _) => "kept out",
        (false, true) => "password",
        (false, false) => "tokens only",
    };
    let json = json!({
        "user": name, "full_name": full_name, "roles": roles,
        "disabled": user.disabled, "has_password": user.has_password,
    });
    ([name, state.to_owned(), roles.join(","), full_name], json)
}
