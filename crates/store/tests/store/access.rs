//! Keys, sign-in links, sessions.

use crate::place::{Place, later, now};
use store::{Key, NewKey, NewSignIn, Presented, Session, StoreError};

on_every_place! {
    a_key_works_until_it_is_revoked,
    a_key_works_until_its_time_is_over,
    a_sign_in_link_works_once_and_in_time,
    an_attempt_ends_once_in_time_and_only_so_many_are_under_way,
    a_session_of_somebody_vouched_for_is_in_the_audit_trail,
}

fn depot(expires_at: Option<jiff::Timestamp>) -> NewKey {
    let (id, name, role) = ("k1".into(), "depot".into(), "technician".into());
    NewKey { id, name, role, hash: [7; 32], expires_at }
}

#[track_caller]
fn in_force(presented: Presented) -> Key {
    let Presented::InForce(key) = presented else { panic!("not in force: {presented:?}") };
    key
}

async fn a_key_works_until_it_is_revoked(place: Place) {
    let key = depot(None);
    place.store.create_key(key.clone(), now()).await.unwrap();
    let found = in_force(place.store.key_by_hash(&[7; 32], later(1)).await.unwrap());
    assert_eq!((found.name.as_str(), found.role.as_str()), ("depot", "technician"));
    let unknown = place.store.key_by_hash(&[8; 32], later(1)).await.unwrap();
    assert_eq!(unknown, Presented::Unknown);
    assert_eq!(place.store.keys().await.unwrap()[0].used_at, Some(later(1)));
    assert!(place.store.create_key(key, now()).await.is_err(), "a secret is never shared");

    place.store.revoke_key("k1", later(2)).await.unwrap();
    let revoked = place.store.key_by_hash(&[7; 32], later(3)).await.unwrap();
    assert!(matches!(revoked, Presented::Revoked(_)), "{revoked:?}");
    assert_eq!(place.store.keys().await.unwrap()[0].used_at, Some(later(1)), "that is no use");
    let twice = place.store.revoke_key("k1", later(4)).await;
    assert!(matches!(twice, Err(StoreError::NotFound(_))));
    assert_eq!(place.store.keys().await.unwrap()[0].revoked_at, Some(later(2)));
    let told: Vec<_> = place.told("k1").await;
    let told: Vec<_> = told.iter().map(|entry| entry.what.as_str()).collect();
    assert_eq!(told, ["key.created", "key.revoked"]);
}

async fn a_key_works_until_its_time_is_over(place: Place) {
    place.store.create_key(depot(Some(later(100_000))), now()).await.unwrap();
    let present = async |at| place.store.key_by_hash(&[7; 32], later(at)).await.unwrap();
    in_force(present(99_999).await);
    for at in [100_000, 100_001] {
        let expired = present(at).await;
        assert!(matches!(expired, Presented::Expired(_)), "{expired:?}");
    }
    let key = place.store.keys().await.unwrap().remove(0);
    assert_eq!((key.expires_at, key.used_at), (Some(later(100_000)), Some(later(99_999))));
    place.store.revoke_key("k1", later(100_002)).await.unwrap();
    let revoked = present(100_003).await;
    assert!(matches!(revoked, Presented::Revoked(_)), "{revoked:?}");
}

async fn a_sign_in_link_works_once_and_in_time(place: Place) {
    for hash in [[1; 32], [2; 32]] {
        let (by, role, name) = ("olga".into(), "admin".into(), "eva".into());
        let link = NewSignIn { by, hash, role, name, expires_at: later(1_000) };
        place.store.create_sign_in(link, now()).await.unwrap();
    }
    let redeem = |link, session, at| {
        let store = place.store.clone();
        async move { store.redeem_sign_in(&[link; 32], &[session; 32], later(9_000), at).await }
    };
    let session = redeem(1, 11, later(1)).await.unwrap().expect("in time");
    assert_eq!(session.role, "admin");
    assert_eq!(redeem(1, 12, later(2)).await.unwrap(), None);
    assert_eq!(redeem(2, 13, later(1_000)).await.unwrap(), None);
    assert_eq!(redeem(3, 14, later(1)).await.unwrap(), None);

    let told = place.told("eva").await;
    let told: Vec<_> = told.iter().map(|entry| (entry.who.as_str(), entry.what.as_str())).collect();
    let made = ("olga", "sign_in.created");
    assert_eq!(told, [made, made, ("eva", "sign_in.used")], "a link that fails tells nothing");

    assert_eq!(place.store.session_by_hash(&[11; 32], later(3)).await.unwrap(), Some(session));
    assert_eq!(place.store.session_by_hash(&[11; 32], later(9_000)).await.unwrap(), None);
    place.store.delete_session(&[11; 32]).await.unwrap();
    assert_eq!(place.store.session_by_hash(&[11; 32], later(3)).await.unwrap(), None);
}

async fn an_attempt_ends_once_in_time_and_only_so_many_are_under_way(place: Place) {
    let store = &place.store;
    let begin = async |attempt, end, at| {
        store.begin_attempt(&[attempt; 32], later(end), 2, later(at)).await.unwrap()
    };
    let end = async |attempt, at| store.end_attempt(&[attempt; 32], later(at)).await.unwrap();
    assert!(begin(1, 1_000, 0).await);
    assert!(begin(2, 2_000, 0).await);
    assert!(!begin(3, 2_000, 999).await, "two are under way");
    assert!(!end(3, 999).await, "it was not begun");
    assert!(end(1, 999).await);
    assert!(!end(1, 999).await, "once");
    assert!(begin(4, 1_500, 999).await, "the one that ended made room");
    assert!(!end(4, 1_500).await, "it took too long");
    assert!(begin(5, 2_500, 1_500).await, "what is over makes room");
    assert!(end(2, 1_999).await);
}

async fn a_session_of_somebody_vouched_for_is_in_the_audit_trail(place: Place) {
    let (role, name) = ("operator".to_owned(), "eva@company.example".to_owned());
    let session = Session { role, name, expires_at: later(9_000) };
    let how = "u7 at https://login.example";
    place.store.open_session(&[11; 32], &session, &how, now()).await.unwrap();
    assert_eq!(place.store.session_by_hash(&[11; 32], later(8_999)).await.unwrap(), Some(session));
    let told = place.told("eva@company.example").await;
    assert_eq!(told.len(), 1);
    assert_eq!(
        (told[0].who.as_str(), told[0].what.as_str()),
        ("eva@company.example", "session.opened")
    );
    assert_eq!(told[0].detail, b"\"u7 at https://login.example\"");
}
