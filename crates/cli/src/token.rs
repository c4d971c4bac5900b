//! `headwater token`: what services come in with.

use crate::access::{at, scope_of, shown, text, told};
use crate::args::{Output, Token, TokenCommand};
use crate::output::Printer;
use headwater_wire::v1;
use serde_json::json;

pub(crate) async fn run(asked: &Token, output: Output) -> anyhow::Result<()> {
    let mut printer = Printer::new(output);
    let mut access = at(&asked.at.server).await?;
    match &asked.command {
        TokenCommand::Create { user, scopes, words, days } => {
            let scopes = scopes.iter().map(|scope| scope_of(scope)).collect::<Result<_, _>>()?;
            let request = v1::CreateTokenRequest {
                user: user.clone().into(),
                words: words.clone().into(),
                scopes,
                seconds: days.map(|days| days.saturating_mul(24 * 3_600)),
            };
            let made = told(access.create_token(request).await)?;
            let (token, secret) = (text(&made.token), text(&made.secret));
            // Alone on its line, so that `$(headwater token create …)` is the token.
            printer.line(&secret, &json!({ "token": token, "secret": secret }))?;
        }
        TokenCommand::Ls => {
            for token in told(access.list_tokens(v1::ListTokensRequest {}).await)?.tokens {
                show(&mut printer, &token)?;
            }
        }
        TokenCommand::Revoke { token } => {
            let request = v1::RevokeTokenRequest { token: token.clone().into() };
            told(access.revoke_token(request).await)?;
            printer
                .line(&format!("{token} is good for nothing now"), &json!({ "token": token }))?;
        }
    }
    Ok(printer.flush()?)
}

fn show(printer: &mut Printer, token: &v1::Token) -> anyhow::Result<()> {
    let (number, user, words) = (text(&token.token), text(&token.user), text(&token.words));
    let scopes: Vec<String> = token.scopes.iter().map(shown).collect();
    let ends = token.expires_at_us.map(headwater_model::Timestamp::from_micros);
    let until = ends.map_or_else(|| "for ever".to_owned(), |end| format!("until {end}"));
    let line = format!("{number:<8} {user:<24} {until}  {}  {words}", scopes.join("; "));
    let json = json!({
        "token": number, "user": user, "words": words, "scopes": scopes,
        "expires_at": ends.map(|end| end.to_string()),
    });
    Ok(printer.line(line.trim_end(), &json)?)
}
