//! What an operator needs: backups, checks of everything that is stored, statistics. It must never
//! change a record, and a restoration never writes over anything.

pub(crate) mod backup;
pub(crate) mod check;
mod check_rows;
pub(crate) mod statistics;
