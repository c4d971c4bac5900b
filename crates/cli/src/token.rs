//! `headwater token`: what services come in with.

use crate::access::{at, scope_json, scope_of, shown, text, told};
use crate::args::{Output, Token, TokenCommand};
use crate::output::Printer;
use headwater_model::Timestamp;
use headwater_wire::v1;
use serde_json::{Value, json};

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
            let note = format!("this is {token} of {user}; it is shown this once");
            printer.say_at_terminal(&note)?;
        }
        TokenCommand::Ls => {
            let tokens = told(access.list_tokens(v1::ListTokensRequest {}).await)?.tokens;
            let rows: Vec<_> = tokens.iter().map(row).collect();
            printer.rows(["TOKEN", "USER", "UNTIL", "SCOPES", "FOR"], &rows)?;
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

fn row(token: &v1::Token) -> ([String; 5], Value) {
    let (name, user, words) = (text(&token.token), text(&token.user), text(&token.words));
    let ends = token.expires_at_us.map(Timestamp::from_micros);
    let json = json!({
        "token": name, "user": user, "words": words,
        "scopes": token.scopes.iter().map(scope_json).collect::<Vec<_>>(), "expires_at": ends,
    });
    let until = ends.map_or_else(|| "revoked".to_owned(), |end| end.to_string());
    let scopes: Vec<String> = token.scopes.iter().map(shown).collect();
    ([name, user, until, scopes.join("; "), words], json)
}
