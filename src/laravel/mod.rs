//! Ground floor: what Laravel stores, in its own formats.

pub mod lock;
pub mod payload;
pub mod php;
pub mod queue;
