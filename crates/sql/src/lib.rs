//! Read models in SQL databases, in step with their checkpoints.
