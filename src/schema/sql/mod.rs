//! SQL as text: its words, its statements, and what kind of work each of them is.

mod kind;
mod lex;
mod split;

pub use self::split::{Statement, split};
pub(super) use self::{
    kind::Kind,
    lex::{Token, Word, words},
};
