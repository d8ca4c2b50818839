//! The commands, one file each: what a person types, and what is printed. A command translates
//! between the terminal and the crates below; it never decides.

pub(crate) mod backup;
pub(crate) mod check;
pub(crate) mod estate;
pub(crate) mod eval;
pub(crate) mod explain;
pub(crate) mod formats;
pub(crate) mod generate;
pub(crate) mod keys;
pub(crate) mod local_scanner;
pub(crate) mod print;
pub(crate) mod reconcile;
pub(crate) mod scan;
pub(crate) mod serve;
pub(crate) mod sessions;
pub(crate) mod sign_in;
pub(crate) mod signals;
pub(crate) mod watch;
