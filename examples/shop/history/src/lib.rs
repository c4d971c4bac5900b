//! One view over customers and orders, kept up to date by what both publish.
