//! HTTP for programs and people: calls, pages, uploads, sign-in. It translates between requests and
//! the pipeline and decides nothing itself.
//!
//! Where to find what:
//! - [`routes`]: every call and page, and their description
//! - [`app`]: what a handler is given
//! - [`api`]: one file a resource, each with its shapes, documentation and handlers
//! - [`access`]: who calls, sessions, sign-in by link and by a company's identity provider
//! - [`upload`]: photos off the wire, whole or in parts
//! - [`middleware`]: what every request passes: connections, deadlines, rate, denials
//! - [`pages`]: the pages on the server, with `assets`, `templates` and `texts` beside `src`
//! - [`listen`], [`tls`]: sockets and certificates
//! - [`problem`]: every refusal, with its stable code

pub mod access;
mod api;
pub mod app;
mod examples;
mod extract;
#[cfg(fuzzing)]
pub mod fuzzing;
pub mod listen;
mod middleware;
mod pages;
mod paging;
mod problem;
pub mod routes;
mod tls;
mod upload;
