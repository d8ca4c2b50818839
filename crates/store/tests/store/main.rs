//! The store against real databases and real places of photos: everything that does not concern one
//! engine alone runs on SQLite and on PostgreSQL, with photos in a folder and in S3.
#![allow(
    clippy::disallowed_methods,
    reason = "the age of objects on the disk is the machine's, so tests compare it with its clock"
)]

/// Makes four tests of each function, which takes a [`place::Place`]: rows in SQLite and PostgreSQL,
/// photos in a folder and in S3.
macro_rules! on_every_place {
    ($($test:ident),* $(,)?) => {
        on_place! { sqlite_and_folder: $($test),* }
        on_place! { sqlite_and_s3: $($test),* }
        on_place! { postgres_and_folder: $($test),* }
        on_place! { postgres_and_s3: $($test),* }
    };
}

/// Makes a test of each function on one kind of place.
macro_rules! on_place {
    ($place:ident: $($test:ident),*) => {
        mod $place {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $test() {
                super::$test(crate::place::Place::$place().await).await;
            })*
        }
    };
}

mod access;
mod backup;
mod estate;
mod faults;
mod figures;
mod maintenance;
mod maintenance_photos;
mod model;
mod operations;
mod outage;
mod pages;
mod place;
mod play;
mod queue;
mod receive;
mod registration;
mod review;
mod sealing;
mod silence;
mod upgrade;
mod upkeep;
