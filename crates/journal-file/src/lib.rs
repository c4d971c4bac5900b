//! The file journal: segments that are appended, synced, sealed, recovered and verified.
