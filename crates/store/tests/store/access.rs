//! Keys, sign-in links, sessions.

use crate::place::{Place, later, now};
use store::{NewKey, NewSignIn, StoreError};

on_every_place! {
    a_key_works_until_it_is_revoked,
    a_sign_in_link_works_once_and_in_time,
}

async fn a_key_works_until_it_is_revoked(place: Place) {
    let key =
        NewKey { id: "k1".into(), name: "depot".into(), role: "technician".into(), hash: [7; 32] };
    place.store.create_key(key.clone(), now()).await.unwrap();
    let found = place.store.key_by_hash(&[7; 32], later(1)).await.unwrap().expect("it works");
    assert_eq!((found.name.as_str(), found.role.as_str()), ("depot", "technician"));
    assert_eq!(place.store.key_by_hash(&[8; 32], later(1)).await.unwrap(), None);
    assert_eq!(place.store.keys().await.unwrap()[0].used_at, Some(later(1)));
    assert!(place.store.create_key(key, now()).await.is_err(), "a secret is never shared");

    place.store.revoke_key("k1", later(2)).await.unwrap();
    assert_eq!(place.store.key_by_hash(&[7; 32], later(3)).await.unwrap(), None);
    let twice = place.store.revoke_key("k1", later(4)).await;
    assert!(matches!(twice, Err(StoreError::NotFound(_))));
    assert_eq!(place.store.keys().await.unwrap()[0].revoked_at, Some(later(2)));
}

async fn a_sign_in_link_works_once_and_in_time(place: Place) {
    for hash in [[1; 32], [2; 32]] {
        let link =
            NewSignIn { hash, role: "admin".into(), name: "eva".into(), expires_at: later(1_000) };
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

    assert_eq!(place.store.session_by_hash(&[11; 32], later(3)).await.unwrap(), Some(session));
    assert_eq!(place.store.session_by_hash(&[11; 32], later(9_000)).await.unwrap(), None);
    place.store.delete_session(&[11; 32]).await.unwrap();
    assert_eq!(place.store.session_by_hash(&[11; 32], later(3)).await.unwrap(), None);
}
