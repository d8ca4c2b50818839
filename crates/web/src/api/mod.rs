//! The calls, one file a resource: its shapes, its documentation and its handlers. A handler
//! translates between a request and the pipeline; it never decides.

pub(crate) mod console;
pub(crate) mod decision;
pub(crate) mod deliveries;
pub(crate) mod estate;
pub(crate) mod formats;
pub(crate) mod health;
pub(crate) mod maintenance;
pub(crate) mod maintenance_photos;
pub(crate) mod metrics;
pub(crate) mod reconciliation;
pub(crate) mod registry;
pub(crate) mod reviews;
pub(crate) mod scans;
pub(crate) mod serials;
pub(crate) mod terminal_events;
pub(crate) mod terminal_search;
pub(crate) mod terminals;
