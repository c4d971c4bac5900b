//! How far a long piece of work has come, for whoever shows it.

/// Told of the work while it is done, from the thread that does it.
pub trait Progress: Send + Sync {
    /// What is being done now, in a few words.
    fn doing(&self, what: &str);

    /// So many bytes more are to be done, as far as is known.
    fn expect(&self, bytes: u64);

    /// So many bytes more were done.
    fn advance(&self, bytes: u64);
}

/// Nobody looks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unseen;

impl Progress for Unseen {
    fn doing(&self, _: &str) {}
    fn expect(&self, _: u64) {}
    fn advance(&self, _: u64) {}
}
