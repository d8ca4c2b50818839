//! The store against real databases and real folders of photos: everything that does not concern one
//! engine alone runs on SQLite and on PostgreSQL.
#![allow(
    clippy::disallowed_methods,
    reason = "the age of objects on the disk is the machine's, so tests compare it with its clock"
)]

/// Makes two tests of each function, which takes a [`place::Place`].
macro_rules! on_both_engines {
    ($($test:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $test() {
                super::$test(crate::place::Place::sqlite_and_folder().await).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $test() {
                super::$test(crate::place::Place::postgres_and_folder().await).await;
            })*
        }
    };
}

mod access;
mod backup;
mod model;
mod outage;
mod place;
mod queue;
mod receive;
mod registration;
mod servers;
mod upkeep;
