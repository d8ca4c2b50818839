//! The loop between a real outbox and a real registry: crashes, stops, limits, clock jumps.

mod outbox;

use axum::http::StatusCode;
use axum::response::IntoResponse;
use jiff::SignedDuration;
use outbound::{EndpointState, ForwardSettings};
use outbox::{Hook, Outbox, eventually};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::{DeliveryStatus, Lease};

/// What a registry answers that is down: another code each time, so that the attempts can be told
/// apart.
fn failure(before: usize) -> StatusCode {
    if before.is_multiple_of(2) { StatusCode::BAD_GATEWAY } else { StatusCode::GATEWAY_TIMEOUT }
}

/// How a delivery says that it was answered with a code.
fn told(status: StatusCode) -> String {
    format!("answered {status}")
}

fn fast() -> ForwardSettings {
    ForwardSettings { poll_ms: 20, ..Default::default() }
}

#[tokio::test]
async fn what_is_queued_goes_out_at_once_and_once() {
    let (outbox, hook) = (Outbox::open().await, Hook::taking().await);
    let slow_poll = ForwardSettings { poll_ms: 3_600_000, ..Default::default() };
    let running = outbox.start(hook.registry(), slow_poll);
    tokio::time::sleep(Duration::from_millis(50)).await;
    for number in 0..20 {
        outbox.queue(number).await;
    }
    outbox.until(DeliveryStatus::Delivered, 20).await;
    running.stop().await;
    let ids: HashSet<_> = hook.ids().into_iter().collect();
    assert_eq!((ids.len(), hook.ids().len()), (20, 20));
    assert!(outbox.deliveries().await.iter().all(|delivery| delivery.attempts == 1));
}

#[tokio::test]
async fn a_registry_that_was_down_gets_the_same_id_and_bytes_later() {
    let failing = Hook::serve(Box::new(|_, before| {
        let status = if before < 3 { failure(before) } else { StatusCode::OK };
        (Duration::ZERO, status.into_response())
    }));
    let (outbox, hook) = (Outbox::open().await, failing.await);
    outbox.queue(1).await;
    let running = outbox.start(hook.registry(), fast());
    for (before, wait_s) in [6, 360, 2160].into_iter().enumerate() {
        outbox.until_failed_with(&told(failure(before))).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(hook.ids().len(), before + 1, "not before its time");
        outbox.clock.pass(wait_s);
    }
    outbox.until(DeliveryStatus::Delivered, 1).await;
    running.stop().await;
    let log = hook.log.lock().unwrap();
    assert!(log.iter().all(|seen| *seen == log[0]) && log.len() == 4, "{log:?}");
}

#[tokio::test]
async fn after_its_last_attempt_a_delivery_is_exhausted() {
    let down = Hook::serve(Box::new(|_, before| (Duration::ZERO, failure(before).into_response())));
    let (outbox, hook) = (Outbox::open().await, down.await);
    outbox.queue(1).await;
    let running = outbox.start(hook.registry(), fast());
    for before in 0..outbound::ATTEMPTS_MAX as usize {
        outbox.until_failed_with(&told(failure(before))).await;
        outbox.clock.pass(12 * 3600);
    }
    outbox.until(DeliveryStatus::Exhausted, 1).await;
    running.stop().await;
    assert_eq!(hook.ids().len(), outbound::ATTEMPTS_MAX as usize);
    let last = told(failure(outbound::ATTEMPTS_MAX as usize - 1));
    assert_eq!(outbox.deliveries().await[0].why.as_deref(), Some(&*last));
}

#[tokio::test]
async fn never_more_under_way_than_allowed() {
    let slow =
        Hook::serve(Box::new(|_, _| (Duration::from_millis(30), StatusCode::OK.into_response())));
    let (outbox, hook) = (Outbox::open().await, slow.await);
    for number in 0..40 {
        outbox.queue(number).await;
    }
    let running = outbox.start(
        hook.registry(),
        ForwardSettings { in_flight_max: 4, poll_ms: 20, ..Default::default() },
    );
    outbox.until(DeliveryStatus::Delivered, 40).await;
    running.stop().await;
    assert_eq!(hook.at_once_max.load(SeqCst), 4);
    assert_eq!(hook.ids().len(), 40);
}

#[tokio::test]
async fn a_claim_that_died_is_taken_over_after_its_lease() {
    let (outbox, hook) = (Outbox::open().await, Hook::taking().await);
    outbox.queue(1).await;
    let lease = Lease::from_millis(60_000);
    let dead = outbox.store.claim_deliveries(1, lease, outbox.clock.now()).await.unwrap();
    assert_eq!(dead.len(), 1);
    let running = outbox.start(hook.registry(), fast());
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(hook.ids().is_empty(), "the lease holds");
    outbox.clock.pass(61);
    outbox.until(DeliveryStatus::Delivered, 1).await;
    running.stop().await;
    assert_eq!(outbox.deliveries().await[0].attempts, 2, "the attempt that died counts");
}

#[tokio::test]
async fn who_lost_the_lease_settles_nothing() {
    // The first call is refused, but so late that another has delivered in the meantime.
    let racing = Hook::serve(Box::new(|_, before| match before {
        0 => (Duration::from_millis(1_500), StatusCode::UNPROCESSABLE_ENTITY.into_response()),
        _ => (Duration::ZERO, StatusCode::OK.into_response()),
    }));
    let (outbox, hook) = (Outbox::open().await, racing.await);
    outbox.queue(1).await;
    let first = outbox.start(hook.registry(), fast());
    hook.until(1).await;
    outbox.clock.pass(3600);
    let second = outbox.start(hook.registry(), fast());
    outbox.until(DeliveryStatus::Delivered, 1).await;
    first.stop().await;
    second.stop().await;
    let settled = &outbox.deliveries().await[0];
    assert_eq!((settled.status, &settled.code), (DeliveryStatus::Delivered, &None));
}

#[tokio::test]
async fn a_graceful_stop_settles_what_is_under_way_and_begins_nothing() {
    let slow =
        Hook::serve(Box::new(|_, _| (Duration::from_secs(1), StatusCode::OK.into_response())));
    let (outbox, hook) = (Outbox::open().await, slow.await);
    for number in 0..3 {
        outbox.queue(number).await;
    }
    let running = outbox.start(
        hook.registry(),
        ForwardSettings { in_flight_max: 2, poll_ms: 20, ..Default::default() },
    );
    hook.until(2).await;
    running.stop().await;
    outbox.until(DeliveryStatus::Delivered, 2).await;
    let left: Vec<_> = outbox.deliveries().await;
    let left: Vec<_> = left.iter().filter(|it| it.status == DeliveryStatus::Queued).collect();
    assert_eq!((left.len(), left[0].attempts), (1, 0));
}

#[tokio::test]
async fn a_refusal_is_final_and_keeps_its_code() {
    let refusing = Hook::serve(Box::new(|_, _| {
        (Duration::ZERO, (StatusCode::CONFLICT, r#"{"code":"already_registered"}"#).into_response())
    }));
    let (outbox, hook) = (Outbox::open().await, refusing.await);
    outbox.queue(1).await;
    let running = outbox.start(hook.registry(), fast());
    outbox.until(DeliveryStatus::Refused, 1).await;
    running.stop().await;
    assert_eq!(outbox.deliveries().await[0].code.as_deref(), Some("already_registered"));
}

#[tokio::test]
async fn a_throttled_registry_is_left_alone_for_as_long_as_it_asks() {
    let throttling = Hook::serve(Box::new(|id, before| {
        let patience = (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "90")]).into_response();
        let busy = before == 0 && id == "evt_0";
        (Duration::ZERO, if busy { patience } else { StatusCode::OK.into_response() })
    }));
    let (outbox, hook) = (Outbox::open().await, throttling.await);
    outbox.queue(0).await;
    let running = outbox.start(hook.registry(), fast());
    outbox.until_failed_with(&told(StatusCode::TOO_MANY_REQUESTS)).await;
    for number in 1..10 {
        outbox.queue(number).await;
    }
    outbox.clock.pass(80);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(hook.ids(), ["evt_0"], "nothing else spends an attempt");
    assert!(matches!(running.handle.health().state, EndpointState::Paused { .. }));
    outbox.clock.pass(15);
    outbox.until(DeliveryStatus::Delivered, 10).await;
    running.stop().await;
    assert_eq!(hook.ids().len(), 11);
}

#[tokio::test]
async fn a_registry_that_is_gone_gets_nothing_until_it_is_reopened() {
    let leaving = Hook::serve(Box::new(|_, before| {
        let status = if before == 0 { StatusCode::GONE } else { StatusCode::OK };
        (Duration::ZERO, status.into_response())
    }));
    let (outbox, hook) = (Outbox::open().await, leaving.await);
    outbox.queue(1).await;
    let running = outbox.start(hook.registry(), fast());
    let gone = eventually(async || {
        let gone = running.handle.health().state == EndpointState::Gone;
        gone && outbox.deliveries().await[0].attempts == 0
    });
    assert!(gone.await, "the 410 is no attempt: {:#?}", outbox.deliveries().await);
    outbox.clock.pass(100 * 3600);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(hook.ids().len(), 1);
    assert_eq!(running.handle.health().state, EndpointState::Gone);
    running.handle.reopen();
    outbox.until(DeliveryStatus::Delivered, 1).await;
    running.stop().await;
    assert_eq!(outbox.deliveries().await[0].attempts, 1, "the 410 was no attempt of its own");
}

#[tokio::test]
async fn events_that_hang_do_not_hold_up_the_others() {
    let hanging = Hook::serve(Box::new(|id, _| {
        let hangs = ["evt_0", "evt_1", "evt_2"].contains(&id);
        (Duration::from_secs(if hangs { 60 } else { 0 }), StatusCode::OK.into_response())
    }));
    let (outbox, hook) = (Outbox::open().await, hanging.await);
    for number in 0..40 {
        outbox.queue(number).await;
    }
    let running = outbox.start(
        hook.registry(),
        ForwardSettings { in_flight_max: 4, poll_ms: 20, ..Default::default() },
    );
    let others = tokio::time::timeout(
        Duration::from_millis(4_900),
        outbox.until(DeliveryStatus::Delivered, 37),
    );
    others.await.expect("before the hanging ones reach their deadline");
    running.stop().await;
}

#[tokio::test]
async fn one_devices_events_arrive_in_their_order_while_others_pass() {
    const DEVICES: usize = 6;
    const TURNS: usize = 6;
    let random = Mutex::new(StdRng::seed_from_u64(5));
    let uneven = Hook::serve(Box::new(move |_, before| {
        let mut random = random.lock().unwrap();
        let wait = Duration::from_millis(random.random_range(0..25));
        let status = if before == 0 && random.random_bool(0.2) { 500 } else { 200 };
        (wait, StatusCode::from_u16(status).unwrap().into_response())
    }));
    let (outbox, hook) = (Outbox::open().await, uneven.await);
    let mut expected: Vec<Vec<String>> = Vec::new();
    for device in 0..DEVICES {
        expected.push(vec![outbox.queue(device).await]);
    }
    for turn in 0..TURNS {
        for (device, expected) in expected.iter_mut().enumerate() {
            expected.push(outbox.operate(device, turn).await);
        }
    }
    let running =
        outbox.start(hook.registry(), ForwardSettings { settle_ms_max: 3_600_000, ..fast() });
    while outbox.count(DeliveryStatus::Delivered).await < DEVICES * (TURNS + 1) {
        outbox.clock.pass(1);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    running.stop().await;
    let mut ids = hook.ids();
    ids.dedup();
    for expected in &expected {
        let mut arrived: Vec<_> = ids.iter().filter(|id| expected.contains(id)).collect();
        arrived.dedup();
        assert_eq!(arrived, expected.iter().collect::<Vec<_>>());
    }
    assert!(hook.at_once_max.load(SeqCst) > 1, "others pass");
}

/// A seeded play: registries that fail in every way, loops that are killed at any point, leases
/// that run out, a clock that leaps. Whatever happens, each event arrives or is settled otherwise,
/// under one id with one content, and never more often than its attempts allow.
#[tokio::test]
async fn a_seeded_play_of_crashes_and_clock_jumps_always_settles() {
    for seed in 0..4 {
        let random = Arc::new(Mutex::new(StdRng::seed_from_u64(seed)));
        let dice = random.clone();
        let moody = Hook::serve(Box::new(move |_, _| {
            let roll = dice.lock().unwrap().random_range(0..100);
            let wait = Duration::from_millis(dice.lock().unwrap().random_range(0..30));
            let status = match roll {
                0..50 => StatusCode::OK,
                50..60 => StatusCode::UNPROCESSABLE_ENTITY,
                60..70 => StatusCode::TOO_MANY_REQUESTS,
                _ => StatusCode::INTERNAL_SERVER_ERROR,
            };
            (wait, status.into_response())
        }));
        let (outbox, hook) = (Outbox::open().await, moody.await);
        const EVENTS: usize = 30;
        for number in 0..EVENTS {
            outbox.queue(number).await;
        }
        for _ in 0..400 {
            let running = outbox.start(
                hook.registry(),
                ForwardSettings { in_flight_max: 8, poll_ms: 5, ..Default::default() },
            );
            let (sleep, kill, leap) = {
                let mut random = random.lock().unwrap();
                (
                    random.random_range(0..40),
                    random.random_bool(0.7),
                    random.random_range(0..20_000),
                )
            };
            tokio::time::sleep(Duration::from_millis(sleep)).await;
            if kill {
                running.task.abort()
            } else {
                running.stop().await
            }
            outbox.clock.pass(leap);
            let found = outbox.deliveries().await;
            if found.iter().all(|delivery| delivery.status != DeliveryStatus::Queued) {
                break;
            }
        }
        check_invariants(&outbox, &hook, EVENTS, seed).await;
    }
}

async fn check_invariants(outbox: &Outbox, hook: &Hook, events: usize, seed: u64) {
    let deliveries = outbox.deliveries().await;
    assert_eq!(deliveries.len(), events, "seed {seed}");
    let mut calls = HashMap::<_, HashSet<_>>::new();
    let mut counts = HashMap::<_, u32>::new();
    for (id, body) in hook.log.lock().unwrap().iter() {
        calls.entry(id.clone()).or_default().insert(body.clone());
        *counts.entry(id.clone()).or_default() += 1;
    }
    for delivery in &deliveries {
        let id = &delivery.event_id;
        assert_ne!(delivery.status, DeliveryStatus::Queued, "seed {seed}: {id} is not settled");
        assert_eq!(calls.get(id).map(HashSet::len), Some(1), "seed {seed}: {id} changed");
        assert!(counts[id] <= delivery.attempts, "seed {seed}: {id} was called uncounted");
        assert!(counts[id] <= outbound::ATTEMPTS_MAX, "seed {seed}: {id} broke the cap");
    }
    let done = outbox.clock.now() + SignedDuration::from_hours(1000);
    let left = outbox.store.claim_deliveries(100, Lease::from_millis(1), done).await.unwrap();
    assert!(left.is_empty(), "seed {seed}: something is left over");
}

#[tokio::test]
async fn an_endpoint_that_serves_nobody_for_a_while_refuses_no_registration() {
    let unserved = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::NOT_FOUND];
    let misled = Hook::serve(Box::new(move |_, before| {
        let status = if before < 9 { unserved[before % 3] } else { StatusCode::OK };
        (Duration::ZERO, status.into_response())
    }));
    let (outbox, hook) = (Outbox::open().await, misled.await);
    for number in 0..9 {
        outbox.queue(number).await;
    }
    let running = outbox.start(hook.registry(), fast());
    let noticed = eventually(async || running.handle.health().state != EndpointState::Ready).await;
    assert!(noticed, "the breaker opens: {:?}", running.handle.health());
    let why = running.handle.health().failed_why.unwrap_or_default();
    assert!(why.contains("address, secret"), "{why}");
    for _ in 0..12 {
        outbox.clock.pass(360);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    outbox.until(DeliveryStatus::Delivered, 9).await;
    running.stop().await;
    assert_eq!(outbox.count(DeliveryStatus::Refused).await, 0);
    let after: HashSet<_> = hook.ids().into_iter().skip(9).collect();
    assert_eq!(after.len(), 9, "each is sent again");
}
