//! What is done with terminals: one device, one terminal, whatever happens at once.

use crate::place::{Place, accepted, later, lease, now, registration};
use futures_util::future::join_all;
use serde_json::json;
use store::{
    DeliveryFilter, Found, Registration, Scan, Settled, StoreError, Terminal, WriteContext,
};
use uuid::Uuid;
use validate::terminal::{Forbidden, Operation, Placement, State, Step};

on_every_place! {
    a_terminal_goes_through_its_life,
    what_is_forbidden_leaves_nothing_but_its_code,
    what_says_too_little_registers_and_says_so,
    a_merchant_that_is_said_later_is_told,
    of_two_merchants_at_once_the_last_one_stands,
    of_many_swaps_at_once_one_replaces_the_old_terminal,
    swaps_that_cross_both_end,
    a_swap_that_is_said_again_leaves_the_old_terminal_where_it_went,
    a_repetition_at_once_is_one_operation,
    a_refused_swap_leaves_both_terminals_as_they_were,
    a_retired_terminal_takes_no_more_operations,
}

fn placed(serial: &str, placement: Placement) -> Registration {
    let event_id = format!("msg_{}", Uuid::now_v7().simple());
    Registration { placement, ..registration(serial, &event_id) }
}

fn operation(operation: Operation) -> Placement {
    Placement { operation, ..Placement::default() }
}

fn bind_for(merchant: &str) -> Placement {
    Placement { merchant: Some(merchant.into()), ..operation(Operation::Bind) }
}

fn swap(old: &str) -> Placement {
    let replaces = Some(format!("pax:{old}"));
    Placement { replaces, ..operation(Operation::Swap) }
}

impl Place {
    /// A scan of a terminal with what is done to it.
    async fn scanned(&self, serial: &str, placement: Placement) -> Scan {
        self.scanned_with(serial, placed(serial, placement)).await
    }

    async fn scanned_with(&self, serial: &str, registration: Registration) -> Scan {
        let claimed = self.claimed(&Uuid::now_v7().to_string()).await;
        let mut finding = accepted(serial, &registration.event_id);
        assert!(matches!(finding.found, Found::Judged(_)));
        finding.registration = Some(registration);
        self.store.finish(&claimed.claim, finding, now()).await.expect("it is finished")
    }

    /// The registry takes everything that waits.
    async fn delivered(&self) {
        for claimed in self.store.claim_deliveries(100, lease(), later(1)).await.unwrap() {
            let delivered = Settled::Delivered { answer: None };
            self.store.settle(&claimed.claim, delivered, later(1)).await.unwrap();
        }
    }

    async fn one(&self, serial: &str) -> Terminal {
        let mut found = self.store.terminal(serial).await.unwrap();
        assert_eq!(found.len(), 1, "{serial}");
        found.remove(0)
    }

    /// What was done to a terminal, as the audit trail tells it.
    async fn steps(&self, serial: &str) -> Vec<String> {
        let device = format!("pax:{serial}");
        let history = self.store.terminal_history(&device, &[], None, 0).await.unwrap();
        history.items.into_iter().rev().map(|entry| entry.what).collect()
    }
}

async fn a_terminal_goes_through_its_life(place: Place) {
    let (new, old) = ("0821000002", "0821000001");
    for (placement, state) in [
        (operation(Operation::StockIn), State::Registered),
        (bind_for("A"), State::Registered),
        (operation(Operation::Unbind), State::Unbound),
        (swap(old), State::Registered),
    ] {
        let scan = place.scanned(new, placement).await;
        assert_eq!((scan.forbidden, place.one(new).await.state), (None, State::Submitted));
        place.delivered().await;
        assert_eq!(place.one(new).await.state, state);
    }
    let terminal = place.one(new).await;
    assert_eq!(terminal.replaces, Some(format!("pax:{old}")));
    assert_eq!((terminal.scans.len(), place.one(old).await.state), (4, State::Swapped));
    assert_eq!(
        place.steps(new).await,
        ["terminal.stock_in", "terminal.bind", "terminal.unbind", "terminal.swap"]
    );
    assert_eq!(place.steps(old).await, ["terminal.replace"]);
    place.assert_settled().await;
}

async fn what_is_forbidden_leaves_nothing_but_its_code(place: Place) {
    let serial = "0821000001";
    place.scanned(serial, bind_for("A")).await;
    for (placement, code) in [
        (operation(Operation::StockIn), "terminal_bound"),
        (swap("0821000009"), "terminal_bound"),
        (swap(serial), "swap_with_itself"),
    ] {
        let scan = place.scanned(serial, placement).await;
        assert_eq!(scan.forbidden.as_deref(), Some(code));
        assert_eq!(scan.registration, None);
    }
    assert_eq!(place.store.terminal("0821000009").await.unwrap(), [], "nobody saw it");
    assert_eq!(place.store.deliveries(&DeliveryFilter::default()).await.unwrap().items.len(), 1);
    let again = place.scanned(serial, bind_for("A")).await;
    assert!(again.registration.expect("it stands").linked);
    place.delivered().await;
    place.assert_settled().await;
}

async fn what_says_too_little_registers_and_says_so(place: Place) {
    let unsaid = Registration { names_unseen: false, ..placed("0821000003", swap("0821000009")) };
    for (serial, registration, code) in [
        ("0821000001", placed("0821000001", operation(Operation::Bind)), "merchant_missing"),
        ("0821000002", placed("0821000002", operation(Operation::Swap)), "replaces_missing"),
        ("0821000003", unsaid, "replaced_unknown"),
    ] {
        let scan = place.scanned_with(serial, registration).await;
        assert_eq!(scan.forbidden.as_deref(), Some(code));
        let told = scan.registration.expect("the terminal is registered").operation;
        assert_eq!(told, Some(Operation::Register), "{code}");
        assert_eq!(place.one(serial).await.step, Step::Register, "{code}");
    }
    assert_eq!(place.store.terminal("0821000009").await.unwrap(), [], "nobody saw it");
    place.delivered().await;
    place.assert_settled().await;
}

async fn a_merchant_that_is_said_later_is_told(place: Place) {
    let serial = "0821000001";
    for (placement, is_news, merchant) in [
        (Placement::default(), true, None),
        (Placement::default(), false, None),
        (bind_for("Café Anna"), true, Some("Café Anna")),
        (bind_for("Café Anna"), false, Some("Café Anna")),
        (Placement::default(), false, Some("Café Anna")),
        (bind_for("Berta"), true, Some("Berta")),
    ] {
        let scan = place.scanned(serial, placement.clone()).await;
        assert_eq!(scan.nothing_new.is_none(), is_news, "{placement:?}");
        assert_eq!(scan.registration.expect("it stands").linked, !is_news, "{placement:?}");
        assert_eq!(place.one(serial).await.merchant.as_deref(), merchant, "{placement:?}");
        let stood = scan.nothing_new.map(|stood| stood.merchant.as_deref() == merchant);
        assert!(stood.unwrap_or(true), "what stands is answered");
    }
    let owed = place.store.deliveries(&DeliveryFilter::default()).await.unwrap().items.len();
    assert_eq!(owed, 3);
}

async fn of_two_merchants_at_once_the_last_one_stands(place: Place) {
    let merchants = (0..16).map(|n| if n % 2 == 0 { "A" } else { "B" });
    let scans = join_all(merchants.map(|to| place.scanned("0821000001", bind_for(to))));
    let news = scans.await.into_iter().filter(|scan| scan.nothing_new.is_none()).count();
    let owed = place.store.deliveries(&DeliveryFilter::default()).await.unwrap().items.len();
    assert_eq!(news, owed, "each change is told once");
    let stood = place.one("0821000001").await.merchant;
    let again = place.scanned("0821000001", bind_for(stood.as_deref().unwrap())).await;
    assert!(again.nothing_new.is_some());
}

async fn of_many_swaps_at_once_one_replaces_the_old_terminal(place: Place) {
    place.scanned("0821000001", bind_for("A")).await;
    let swaps = (0..16).map(|n| {
        let (place, new) = (&place, format!("08220000{n:02}"));
        async move { place.scanned(&new, swap("0821000001")).await }
    });
    let codes: Vec<_> = join_all(swaps).await.into_iter().map(|scan| scan.forbidden).collect();
    let refused: Vec<_> = codes.iter().flatten().collect();
    assert_eq!(refused, ["replaced_not_in_service"; 15], "{codes:?}");
    // The old one and the one that took its place; nothing of the attempts that failed.
    let terminals = place.store.find_terminals(None, 0, |_| true).await.unwrap().items;
    assert_eq!(terminals.len(), 2);
    place.delivered().await;
    place.assert_settled().await;
}

async fn swaps_that_cross_both_end(place: Place) {
    let (a, b) = ("0821000001", "0821000002");
    let crossing = (0..8).map(|n| match n % 2 {
        0 => place.scanned(a, swap(b)),
        _ => place.scanned(b, swap(a)),
    });
    join_all(crossing).await;
    let states = [place.one(a).await.state, place.one(b).await.state];
    assert!(states.contains(&State::Swapped) && states.contains(&State::Submitted), "{states:?}");
}

async fn a_swap_that_is_said_again_leaves_the_old_terminal_where_it_went(place: Place) {
    let (new, old) = ("0821000002", "0821000001");
    place.scanned(old, bind_for("A")).await;
    place.scanned(new, swap(old)).await;
    place.scanned(old, operation(Operation::StockIn)).await;
    let moved = Placement { merchant: Some("B".into()), ..swap(old) };
    let scan = place.scanned(new, moved).await;
    assert_eq!(scan.registration.unwrap().operation, Some(Operation::Bind));
    assert_eq!(place.one(new).await.merchant.as_deref(), Some("B"));
    assert_eq!(place.one(old).await.step, Step::StockIn);
}

async fn a_repetition_at_once_is_one_operation(place: Place) {
    let scan = place.scanned("0821000001", bind_for("A")).await.id;
    let unbinding = (0..16).map(|_| async {
        let unbind = placed("0821000001", operation(Operation::Unbind));
        place.store.operate(scan, &unbind, WriteContext::new("eva", later(1))).await.unwrap()
    });
    let new = join_all(unbinding).await.into_iter().filter(Option::is_none).count();
    let owed = place.store.deliveries(&DeliveryFilter::default()).await.unwrap().items.len();
    assert_eq!((new, owed), (1, 2));
    let due = place.store.claim_deliveries(10, lease(), later(1)).await.unwrap();
    assert_eq!(due.len(), 1, "the unbinding waits for the binding");
}

async fn a_refused_swap_leaves_both_terminals_as_they_were(place: Place) {
    place.scanned("0821000001", bind_for("A")).await;
    place.delivered().await;
    place.scanned("0821000002", swap("0821000001")).await;
    let claim = place.claim_delivery(later(1)).await;
    let refused = Settled::Refused { code: "merchant_inactive".into(), why: String::new() };
    place.store.settle(&claim, refused, later(1)).await.unwrap();
    let (old, new) = (place.one("0821000001").await, place.one("0821000002").await);
    assert_eq!((old.state, old.merchant.as_deref()), (State::Registered, Some("A")));
    assert_eq!((new.state, new.merchant), (State::Refused, None));
    let scan = place.scanned("0821000003", swap("0821000001")).await;
    assert_eq!(scan.forbidden, None);
}

async fn a_retired_terminal_takes_no_more_operations(place: Place) {
    let (serial, device) = ("0821000001", "pax:0821000001");
    let scan = place.scanned(serial, bind_for("A")).await.id;
    place.delivered().await;
    let detail = json!({"note": "broken"});
    place.store.retire(device, &detail, WriteContext::new("eva", later(1))).await.unwrap();
    place.store.retire(device, &detail, WriteContext::new("eva", later(2))).await.unwrap();
    place.store.verify(device, false, &detail, WriteContext::new("eva", later(3))).await.unwrap();
    place.store.note(device, &detail, WriteContext::new("eva", later(4))).await.unwrap();
    let refused = place
        .store
        .operate(scan, &placed(serial, bind_for("A")), WriteContext::new("eva", later(5)))
        .await;
    let Err(StoreError::Forbidden(forbidden)) = refused else { panic!("{refused:?}") };
    assert_eq!(forbidden, Forbidden::Retired);
    let unknown =
        place.store.retire("pax:0821000009", &detail, WriteContext::new("eva", later(6))).await;
    assert!(matches!(unknown, Err(StoreError::NotFound("terminal"))), "{unknown:?}");
    assert_eq!(
        place.steps(serial).await,
        ["terminal.bind", "terminal.retire", "terminal.verification", "terminal.noted"]
    );
    assert_eq!(place.one(serial).await.state, State::Retired);
    place.assert_settled().await;
}
