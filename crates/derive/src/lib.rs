//! Derives for events, inputs, commands, refusals and stream ids.
