//! What the KurrentDB protocol is told when the server is started.

use headwater_model::ContextName;

/// How the KurrentDB protocol is served.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KurrentOptions {
    /// The context that its clients see: the protocol has no word for contexts.
    pub context: ContextName,
    /// Where clients that ask by gossip find this server; `None`: where they asked.
    pub advertised: Option<Advertised>,
}

/// An address as a client reaches it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Advertised {
    /// A name or an address.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl Default for KurrentOptions {
    fn default() -> Self {
        let context = ContextName::new("default").expect("a word is a name");
        Self { context, advertised: None }
    }
}
