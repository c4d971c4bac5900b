//! The door to the shop: routes to its services, and composes an overview from two of them.
