//! The store over the network: the ports of the model, spoken as `headwater.v1`.
//!
//! Why: a service does not know whether its store is in its process or behind a socket.
