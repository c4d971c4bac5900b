//! `headwater grant`: who may do what.

use crate::access::{Access, at, scope, scope_json, shown, text, told};
use crate::args::{Given, Grant, GrantCommand, Output};
use crate::output::Printer;
use headwater_wire::v1;
use serde_json::{Value, json};

pub(crate) async fn run(asked: &Grant, output: Output) -> anyhow::Result<()> {
    let mut printer = Printer::new(output);
    let mut access = at(&asked.at.server).await?;
    match &asked.command {
        GrantCommand::Allow(given) => make(&mut printer, &mut access, given, false).await?,
        GrantCommand::Deny(given) => make(&mut printer, &mut access, given, true).await?,
        GrantCommand::Ls => {
            let grants = told(access.list_grants(v1::ListGrantsRequest {}).await)?.grants;
            let rows: Vec<_> = grants.iter().map(row).collect();
            printer.rows(["GRANT", "EFFECT", "WHO", "WHAT"], &rows)?;
        }
        GrantCommand::Rm { grant } => {
            let request = v1::WithdrawGrantRequest { grant: grant.clone().into() };
            told(access.withdraw_grant(request).await)?;
            printer.line(&format!("{grant} holds no more"), &json!({ "grant": grant }))?;
        }
        GrantCommand::Check { who, verb, context, streams } => {
            let request = v1::CheckGrantRequest {
                who: (who != "me").then(|| who.clone().into()),
                verb: verb.clone().into(),
                context: (context != "-").then(|| context.clone().into()),
                streams: streams.as_ref().map(|streams| streams.clone().into()),
            };
            let reply = told(access.check_grant(request).await)?;
            let (why, may) = (text(&reply.why), if reply.allowed { "may" } else { "may not" });
            let json = json!({ "allowed": reply.allowed, "why": why });
            let who = if who == "me" { "you" } else { who };
            printer.line(&format!("{who} {may}: {why}"), &json)?;
        }
    }
    Ok(printer.flush()?)
}

async fn make(
    printer: &mut Printer,
    access: &mut Access,
    given: &Given,
    deny: bool,
) -> anyhow::Result<()> {
    let Given { who, verbs, context, streams } = given;
    let scope = Some(scope(verbs, context, streams));
    let request = v1::MakeGrantRequest { deny, who: who.clone().into(), scope };
    let grant = text(&told(access.make_grant(request).await)?.grant);
    Ok(printer.line(&grant, &json!({ "grant": grant }))?)
}

fn row(grant: &v1::Grant) -> ([String; 4], Value) {
    let (id, who) = (text(&grant.grant), text(&grant.who));
    let effect = if grant.deny { "deny" } else { "allow" };
    let scope = grant.scope.clone().unwrap_or_default();
    let json = json!({
        "grant": id, "effect": effect, "who": who, "scope": scope_json(&scope),
    });
    ([id, effect.to_owned(), who, shown(&scope)], json)
}
