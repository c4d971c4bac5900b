//! As much of a shell and of `curl` as the lines need that `headwater dev` prints.
//!
//! Why: the lines must work as they stand, and a machine with only Rust has no `curl`. What is not
//! understood is an error, so a line that grows beyond this is noticed.
//!
//! Understood: `curl -s [-H header] [-d body] URL`, quotes as a shell has them, `$NAME`, and
//! `NAME=$(… | cut -d'"' -f4)`.

use anyhow::{Context, bail, ensure};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Longer than any service takes for an answer.
const ANSWER_MAX: Duration = Duration::from_secs(35);

/// The variables that earlier lines have set.
#[derive(Default)]
pub(super) struct Shell {
    variables: BTreeMap<String, String>,
}

/// Whether this is one of the lines to paste.
pub(super) fn is_line(line: &str) -> bool {
    line.starts_with("curl ") || line.contains("=$(curl ")
}

impl Shell {
    /// Runs a line; its output, or what it assigned.
    pub(super) fn run(&mut self, line: &str) -> anyhow::Result<String> {
        let Some((name, rest)) = line.split_once("=$(") else { return self.curl(line) };
        let (command, cut) = rest.split_once(" | ").context("only `| cut` is known")?;
        ensure!(cut == "cut -d'\"' -f4)", "`{cut}` is not known");
        let answer = self.curl(command)?;
        let value = answer.split('"').nth(3).context("the answer has no fourth field")?.to_owned();
        self.variables.insert(name.to_owned(), value.clone());
        Ok(format!("{name}={value}"))
    }

    fn curl(&self, command: &str) -> anyhow::Result<String> {
        let mut words = self.words(command)?.into_iter();
        ensure!(words.next().as_deref() == Some("curl"), "only curl is known");
        let (mut headers, mut body, mut url) = (Vec::new(), None, None);
        while let Some(word) = words.next() {
            match word.as_str() {
                "-s" => {}
                "-H" => headers.push(words.next().context("-H without a header")?),
                "-d" => body = Some(words.next().context("-d without a body")?),
                flag if flag.starts_with('-') => bail!("`{flag}` is not known"),
                _ => url = Some(word),
            }
        }
        ask(&url.context("no URL")?, &headers, body.as_deref())
    }

    /// The words of a command, quotes and variables taken in.
    fn words(&self, command: &str) -> anyhow::Result<Vec<String>> {
        let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
        let mut letters = command.chars().peekable();
        while let Some(letter) = letters.next() {
            let open = word.get_or_insert_default();
            match (quote, letter) {
                (None, '\'' | '"') => quote = Some(letter),
                (Some(mark), letter) if letter == mark => quote = None,
                (None, ' ') => words.extend(word.take().filter(|word| !word.is_empty())),
                (Some('"') | None, '\\') => open.extend(letters.next()),
                (Some('"') | None, '$') => {
                    let mut name = String::new();
                    while let Some(next) = letters.next_if(|c| c.is_ascii_alphanumeric()) {
                        name.push(next);
                    }
                    let value = self.variables.get(&name);
                    open.push_str(value.with_context(|| format!("${name} is not set"))?);
                }
                _ => open.push(letter),
            }
        }
        ensure!(quote.is_none(), "a quote is not closed");
        words.extend(word.filter(|word| !word.is_empty()));
        Ok(words)
    }
}

/// One request on a connection of its own; the body of an answer that is a 2xx.
fn ask(url: &str, headers: &[String], body: Option<&str>) -> anyhow::Result<String> {
    let rest = url.strip_prefix("http://").with_context(|| format!("{url} is no http:// URL"))?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let method = if body.is_some() { "POST" } else { "GET" };
    let mut request = format!("{method} /{path} HTTP/1.0\r\nHost: {host}\r\n");
    headers.iter().for_each(|header| request.push_str(&format!("{header}\r\n")));
    let body = body.unwrap_or_default();
    request.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    let mut connection = TcpStream::connect(host).with_context(|| format!("{host} is silent"))?;
    connection.set_read_timeout(Some(ANSWER_MAX))?;
    connection.write_all(request.as_bytes())?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").context("the answer breaks off")?;
    let status = head.split(' ').nth(1).unwrap_or_default();
    ensure!(status.starts_with('2'), "{status}: {body}");
    Ok(body.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_a_shell_does() {
        let variables = BTreeMap::from([("WHO".to_owned(), "ann".to_owned())]);
        let shell = Shell { variables };
        let words = shell.words(r#"curl -d '{"a":"$WHO"}' "x\"$WHO\"y" http://h/$WHO/b"#);
        let expected = ["curl", "-d", r#"{"a":"$WHO"}"#, r#"x"ann"y"#, "http://h/ann/b"];
        assert_eq!(words.expect("words"), expected);
        assert!(shell.words("curl 'open").is_err());
        assert!(shell.words("curl $NOBODY").is_err());
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        let mut shell = Shell::default();
        for line in ["wget http://h", "curl -X PUT http://h", "A=$(curl http://h | tr a b)"] {
            assert!(shell.run(line).is_err(), "{line}");
        }
    }
}
