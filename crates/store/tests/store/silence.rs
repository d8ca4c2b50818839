//! What does not answer and does not refuse either: a line that falls silent, a folder that is gone.

use crate::place::{Place, now, upload};
use futures_util::future::join_all;
use servers::{DataServer, SilentLine};
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{Limits, Received, Settings, Store, StoreError};
use tokio::time::sleep;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_database_that_falls_silent_is_used_again_within_seconds() {
    let postgres = Arc::new(DataServer::postgres());
    let place = Place::open(Some(postgres.clone()), false).await;
    let line = SilentLine::to(postgres.port()).await;
    let (own, through) = (postgres.port().to_string(), line.port().to_string());
    let settings = Settings {
        database: place.settings.database.replace(&own, &through),
        limits: Limits { statement_ms_max: 1_000, ..Limits::default() },
        ..place.settings.clone()
    };
    let store = Store::open(&settings).await.unwrap();
    let receive = async |n: u32| store.receive(upload(&format!("key {n}"), b"photo"), now()).await;
    // All connections of the pool are open, some are in use and some are not.
    join_all((0..32).map(receive)).await.into_iter().for_each(|received| {
        received.unwrap();
    });
    for round in 0..3 {
        let uploads = (0..64).map(|n| receive(1_000 * (round + 1) + n));
        let cut = async {
            sleep(Duration::from_millis(20)).await;
            line.fall_silent();
        };
        let began = Instant::now();
        let (ended, ()) = tokio::join!(join_all(uploads), cut);
        assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
        drop(ended);

        let looked = Instant::now();
        let _ = store.ping(now()).await;
        assert!(looked.elapsed() < Duration::from_millis(1_500), "{:?}", looked.elapsed());
        while store.ping(now()).await.is_err() {
            assert!(looked.elapsed() < Duration::from_secs(15), "it is not ready again");
            sleep(Duration::from_millis(100)).await;
        }
        // What was not acknowledged is sent again under its key, and is there once.
        let again = join_all((0..64).map(|n| receive(1_000 * (round + 1) + n))).await;
        for received in again {
            assert!(matches!(received.unwrap(), Received::New(_) | Received::Repeat(_)));
        }
    }
    assert!(place.store.check(jiff::Timestamp::MIN).await.unwrap().is_sound());
    let closing = Instant::now();
    line.fall_silent();
    store.close().await;
    assert!(closing.elapsed() < Duration::from_secs(12), "{:?}", closing.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_acknowledged_once_the_database_is_removed() {
    let place = Place::sqlite_and_folder().await;
    place.receive("before").await;
    let file = place.settings.database.strip_prefix("sqlite://").unwrap();
    std::fs::rename(file, format!("{file}.elsewhere")).unwrap();
    for n in 0..10 {
        let refused = place.store.receive(upload(&format!("key {n}"), b"photo"), now()).await;
        assert!(matches!(refused, Err(StoreError::Unavailable { .. })), "{refused:?}");
    }
    assert!(place.store.ping(now()).await.is_err());
    assert!(!std::path::Path::new(file).exists(), "nobody makes an empty one");
    std::fs::write(file, "").unwrap();
    assert!(place.store.ping(now()).await.is_err(), "another file is not the one that was opened");
    std::fs::rename(format!("{file}.elsewhere"), file).unwrap();
    assert!(place.store.ping(now()).await.is_ok());
    place.receive("after").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_acknowledged_once_the_photos_folder_is_removed() {
    let place = Place::sqlite_and_folder().await;
    place.receive("before").await;
    std::fs::rename(&place.photos, place.photos.with_extension("elsewhere")).unwrap();
    for n in 0..10 {
        let refused = place.store.receive(upload(&format!("key {n}"), b"photo"), now()).await;
        assert!(matches!(refused, Err(StoreError::Unavailable { .. })), "{refused:?}");
    }
    assert!(place.store.ping(now()).await.is_err());
    assert!(!place.photos.exists(), "nobody makes an empty one");
}
