//! Ground floor: what Laravel stores, in its own formats.

pub mod lock;
pub mod queue_keys;
