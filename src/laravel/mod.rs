//! Ground floor: what Laravel stores, in its own formats.

pub mod encrypter;
pub mod failed;
pub mod horizon;
pub mod lock;
pub mod lock_look;
pub mod lock_name;
pub mod lock_place;
pub mod lock_return;
pub mod lock_set;
pub mod payload;
pub mod php;
pub mod queue;
pub mod values;
