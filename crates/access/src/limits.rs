//! The bounds of what is kept about access, each with its reason.

/// A user's name: it stands in metadata, logs and file names of clients.
pub const USER_NAME_BYTES_MAX: usize = 64;

/// A password: Argon2id takes any length, and hashing gigabytes is a way to keep a server busy.
pub const PASSWORD_BYTES_MAX: usize = 1_024;

/// A password that people choose: NIST SP 800-63B asks for no less where it stands alone.
pub const PASSWORD_BYTES_MIN: usize = 8;

/// A credential in a header; a JWT of an identity provider with many groups is some kilobytes.
pub const CREDENTIAL_BYTES_MAX: usize = 8 * 1_024;

/// Users, tokens and grants: each is looked at in memory, and kept there.
pub const USER_COUNT_MAX: usize = 10_000;
/// See [`USER_COUNT_MAX`].
pub const TOKEN_COUNT_MAX: usize = 10_000;
/// See [`USER_COUNT_MAX`].
pub const GRANT_COUNT_MAX: usize = 10_000;

/// How long a token may hold: a hundred years. Whoever means for ever says nothing.
pub const TOKEN_SECONDS_MAX: u64 = 100 * 366 * 24 * 3_600;

/// Roles of one user, and scopes of one token.
pub const ROLE_COUNT_MAX: usize = 64;
/// See [`ROLE_COUNT_MAX`].
pub const SCOPE_COUNT_MAX: usize = 64;

/// Stream patterns of one grant or scope.
pub const PATTERN_COUNT_MAX: usize = 64;

/// Free words: a full name, what a token is for.
pub const WORDS_BYTES_MAX: usize = 256;
