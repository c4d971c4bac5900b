//! What the file journal promises, on disks that work and on disks that do not.

mod basics;
mod ground;
