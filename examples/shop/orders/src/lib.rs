//! Orders, from the asking to the settling.
