//! A database that goes away and comes back, several nodes on one, and writes that share a
//! transaction with one that fails.

use crate::place::{Place, accepted, for_review, lease, now, upload};
use futures_util::future::join_all;
use servers::DataServer;
use std::sync::Arc;
use std::time::Duration;
use store::{DeliveryFilter, Received, ScanFilter, Store, StoreError};
use tokio::time::{sleep, timeout};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_database_that_was_gone_is_used_again_by_itself() {
    let postgres = Arc::new(DataServer::postgres());
    let place = Place::open(Some(postgres.clone()), false).await;
    let kept = place.claimed("before").await;
    postgres.kill();
    let error = place.store.receive(upload("during", b"photo"), now()).await.unwrap_err();
    let StoreError::Unavailable { retry_after, .. } = error else { panic!("{error}") };
    assert!(retry_after > Duration::ZERO);
    assert!(place.store.ping(now()).await.is_err());

    postgres.restart();
    let back = async {
        while place.store.ping(now()).await.is_err() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(20), back).await.expect("it is used again");
    let again = place.store.receive(upload("during", b"photo"), now()).await.unwrap();
    assert!(matches!(again, Received::New(_)));
    place.store.finish(&kept.claim, for_review(), now()).await.expect("the claim still holds");
    assert_eq!(place.store.scans(&ScanFilter::default()).await.unwrap().items.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_node_hears_what_another_queued() {
    let place = Place::postgres_and_folder().await;
    let other = Store::open(&place.settings).await.unwrap();
    let heard = other.delivery_queued();
    // Listening begins in the background, so what is said first may be missed.
    let mut n = 0;
    let said = async {
        loop {
            place.registered(&format!("key {n}"), &format!("{n:010}")).await;
            n += 1;
            sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::select! {
        () = said => {}
        heard = timeout(Duration::from_secs(20), heard.notified()) => heard.expect("it is heard"),
    }
    assert!(!other.claim_deliveries(100, lease(), now()).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nodes_share_the_work_and_never_a_scan() {
    let place = Place::postgres_and_folder().await;
    for n in 0..60 {
        place.receive(&format!("key {n}")).await;
    }
    let nodes = join_all((0..3).map(|_| Store::open(&place.settings))).await;
    let working = nodes.into_iter().enumerate().map(|(node, store)| {
        let store = store.unwrap();
        tokio::spawn(async move {
            let mut done = 0;
            loop {
                let claimed = store.claim_scans(4, lease(), now()).await.unwrap();
                if claimed.is_empty() {
                    return done;
                }
                for claimed in claimed {
                    let finding = accepted(&format!("{node:02}{done:08}"), &claimed.id.to_string());
                    store.finish(&claimed.claim, finding, now()).await.unwrap();
                    done += 1;
                }
            }
        })
    });
    let done: Vec<_> = join_all(working).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(done.iter().sum::<u32>(), 60, "{done:?}");
    assert_eq!(place.store.deliveries(&DeliveryFilter::default()).await.unwrap().items.len(), 60);
    assert!(place.store.check(jiff::Timestamp::MIN).await.unwrap().is_sound());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_write_that_fails_takes_only_itself_back() {
    let place = Place::sqlite_and_folder().await;
    let stale = place.claimed("stale").await;
    place.store.release(&stale.claim, now()).await.unwrap();
    let mut claims = Vec::new();
    for n in 0..20 {
        claims.push(place.claimed(&format!("key {n}")).await.claim);
        claims.push(stale.claim.clone());
    }
    let finishing = claims.into_iter().enumerate().map(|(n, claim)| {
        let store = place.store.clone();
        let finding = accepted(&format!("{n:010}"), &format!("msg_{n}"));
        tokio::spawn(async move { store.finish(&claim, finding, now()).await })
    });
    for (n, ended) in join_all(finishing).await.into_iter().enumerate() {
        let ended = ended.unwrap();
        match n % 2 {
            0 => assert!(ended.is_ok(), "{ended:?}"),
            _ => assert!(matches!(ended, Err(StoreError::LeaseLost)), "{ended:?}"),
        }
    }
    assert_eq!(place.store.deliveries(&DeliveryFilter::default()).await.unwrap().items.len(), 20);
    assert!(place.store.check(jiff::Timestamp::MAX).await.unwrap().is_sound());
}
