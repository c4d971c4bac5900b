//! What a service's routes are made of: `use headwater::http::*;`.

pub use headwater_framework::http::*;
pub use headwater_service::http::*;
