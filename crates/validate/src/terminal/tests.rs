use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What may stand, as the documentation names it.
fn standings() -> [(&'static str, Standing); 10] {
    let at =
        |step, merchant: &str| Standing { merchant: Some(merchant.into()), ..Standing::of(step) };
    let swapped_in = Standing { replaces: Some("pax:1".into()), ..at(Step::Swap, "A") };
    [
        ("named", Standing::of(Step::See)),
        ("verified", Standing::of(Step::Verify)),
        ("registered", Standing::of(Step::Register)),
        ("in stock", Standing::of(Step::StockIn)),
        ("at A", at(Step::Bind, "A")),
        ("at A for 1", swapped_in),
        ("unbound", Standing::of(Step::Unbind)),
        ("replaced", Standing::of(Step::Replace)),
        ("retired", Standing::of(Step::Retire)),
        ("withdrawn", Standing::of(Step::Withdraw)),
    ]
}

/// What may be asked for, as the documentation names it.
fn placements() -> [(&'static str, Placement); 14] {
    let text = |text: &str| Some(text.to_owned());
    let plain = |operation| Placement { operation, ..Placement::default() };
    let to = |merchant| Placement { merchant: text(merchant), ..plain(Operation::Bind) };
    let swap = |old| Placement { replaces: text(old), ..plain(Operation::Swap) };
    [
        ("register", plain(Operation::Register)),
        ("register, merchant A said", Placement { merchant: text("A"), ..Placement::default() }),
        ("bind", plain(Operation::Bind)),
        ("bind to A", to("A")),
        ("bind to B", to("B")),
        ("bind, TID 7", Placement { tid: text("7"), ..plain(Operation::Bind) }),
        ("bind, site S", Placement { site: text("S"), ..plain(Operation::Bind) }),
        ("stock in", plain(Operation::StockIn)),
        ("stock in, site S", Placement { site: text("S"), ..plain(Operation::StockIn) }),
        ("swap for 1", swap("pax:1")),
        ("swap for 2", swap("pax:2")),
        ("swap", plain(Operation::Swap)),
        ("unbind", plain(Operation::Unbind)),
        ("withdraw", plain(Operation::Withdraw)),
    ]
}

/// What is left, in a few words.
fn told(standing: &Standing) -> String {
    let word = match standing.step {
        Step::Bind | Step::Swap => "in service",
        Step::Register => "registered",
        Step::StockIn => "in stock",
        Step::Unbind => "unbound",
        Step::Replace => "replaced",
        Step::Retire => "retired",
        Step::Withdraw => "withdrawn",
        Step::See => "named",
        Step::Verify => "verified",
    };
    let merchant = standing.merchant.as_ref().map(|it| format!(" at {it}")).unwrap_or_default();
    let tid = standing.tid.as_ref().map(|it| format!(" as {it}")).unwrap_or_default();
    let site = standing.site.as_ref().map(|it| format!(", {it}")).unwrap_or_default();
    let old = standing.replaces.as_ref().and_then(|it| it.split_once(':'));
    let old = old.map(|(_, it)| format!(" for {it}")).unwrap_or_default();
    format!("{word}{merchant}{tid}{old}{site}")
}

/// The whole table as the documentation prints it.
fn table() -> String {
    let mut table = String::from("| asked |");
    for (name, _) in standings() {
        write!(table, " {name} |").expect("a string");
    }
    table += "\n|---|";
    table += &"---|".repeat(standings().len());
    table += "\n";
    let mut row = |name: &str, cell: &dyn Fn(&Standing) -> String| {
        write!(table, "| {name} |").expect("a string");
        for (_, stands) in standings() {
            write!(table, " {} |", cell(&stands)).expect("a string");
        }
        table += "\n";
    };
    for (name, asked) in placements() {
        row(name, &|stands| match stands.after(&asked, None) {
            Ok(Some(after)) => told(&after),
            Ok(None) => "nothing new".into(),
            Err(forbidden) => format!("`{}`", forbidden.code()),
        });
    }
    for (name, step) in [
        ("another takes its place", Step::Replace),
        ("retire", Step::Retire),
        ("verify", Step::Verify),
    ] {
        row(name, &|stands| match stands.transition(step) {
            Ok(Transition::Applies) => told(&Standing::of(step)),
            Ok(Transition::NoChange) => "nothing new".into(),
            Err(forbidden) => format!("`{}`", forbidden.code()),
        });
    }
    table
}

#[test]
fn the_documentation_prints_the_table() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/registry.md");
    let documented = std::fs::read_to_string(page).expect("the page is there");
    let table = table();
    assert!(documented.contains(&table), "docs/registry.md is to print this table:\n{table}");
}

#[test]
fn every_state_has_the_name_that_it_is_written_with() {
    for state in State::ALL {
        assert_eq!(serde_json::to_value(state).unwrap(), state.name());
    }
}

#[test]
fn every_step_has_a_row_and_all_but_the_first_a_column() {
    for (step, _) in TABLE {
        assert_eq!(COLUMNS.contains(&step), step != Step::See, "{step:?}");
    }
    for step in COLUMNS {
        assert_eq!(TABLE.iter().filter(|(row, _)| *row == step).count(), 1, "{step:?}");
    }
}

#[test]
fn registering_changes_nothing_that_stands() {
    let register = Placement { merchant: Some("B".into()), ..Placement::default() };
    for (name, stands) in standings() {
        let known = !matches!(stands.step, Step::See | Step::Verify | Step::Withdraw);
        assert_eq!(stands.after(&register, None).unwrap().is_none(), known, "{name}");
    }
}

#[test]
fn a_merchant_that_is_said_later_is_news() {
    let [_, _, (_, registered), ..] = standings();
    let bind = |merchant: &str| Placement {
        operation: Operation::Bind,
        merchant: Some(merchant.into()),
        ..Placement::default()
    };
    let anna = registered.after(&bind("Café Anna"), None).unwrap().expect("it is news");
    assert_eq!(anna.merchant.as_deref(), Some("Café Anna"));
    assert_eq!(anna.after(&bind("Café Anna"), None), Ok(None));
    let berta = anna.after(&bind("Berta"), None).unwrap().expect("another merchant is news");
    assert_eq!(berta.merchant.as_deref(), Some("Berta"));
}

#[test]
fn the_terminal_number_goes_when_the_merchant_changes_and_stays_when_not() {
    let at_anna = Standing {
        merchant: Some("Anna".into()),
        tid: Some("7".into()),
        site: Some("Pier 3".into()),
        ..Standing::of(Step::Bind)
    };
    let bind = Placement { operation: Operation::Bind, ..Placement::default() };
    let moved = Placement { site: Some("Pier 4".into()), ..bind.clone() };
    let moved = at_anna.after(&moved, None).unwrap().expect("another site is news");
    assert_eq!(moved, Standing { site: Some("Pier 4".into()), ..at_anna.clone() });
    let berta = Placement { merchant: Some("Berta".into()), ..bind };
    let berta = at_anna.after(&berta, None).unwrap().expect("another merchant is news");
    assert_eq!((berta.tid, berta.site), (None, None));
}

#[test]
fn a_swap_takes_the_place_over() {
    let old = Standing {
        merchant: Some("Anna".into()),
        tid: Some("7".into()),
        ..Standing::of(Step::Bind)
    };
    let swap = Placement {
        operation: Operation::Swap,
        replaces: Some("pax:1".into()),
        ..Placement::default()
    };
    let new = Standing::default().after(&swap, Some(&old)).unwrap().expect("it is news");
    assert_eq!((new.merchant, new.tid, new.step), (old.merchant, old.tid, Step::Swap));
}

#[test]
fn codes_differ() {
    let mut codes = Forbidden::ALL.map(Forbidden::code).to_vec();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), Forbidden::ALL.len());
}

/// A registry that knows nothing but the events: the last one of a device is what it knows.
#[derive(Default)]
struct Registry(BTreeMap<&'static str, Standing>);

impl Registry {
    fn hear(&mut self, device: &'static str, told: &Standing, replaces: Option<&'static str>) {
        self.0.insert(device, told.clone());
        if let Some(old) = replaces {
            self.0.insert(old, Standing::of(Step::Replace));
        }
    }
}

fn asked() -> impl Strategy<Value = Placement> {
    let said = |words: [&'static str; 2]| prop::option::of(prop::sample::select(words.to_vec()));
    let operation = prop::sample::select(vec![
        Operation::Register,
        Operation::Bind,
        Operation::StockIn,
        Operation::Swap,
        Operation::Unbind,
        Operation::Withdraw,
    ]);
    (operation, said(["A", "B"]), said(["7", "8"]), said(["S", "T"])).prop_map(
        |(operation, merchant, tid, site)| Placement {
            operation,
            merchant: merchant.map(str::to_owned),
            tid: tid.map(str::to_owned),
            site: site.map(str::to_owned),
            replaces: None,
            corrects: None,
        },
    )
}

proptest! {
    #[test]
    fn the_events_in_order_give_what_stands(
        steps in prop::collection::vec((0..2_usize, asked()), 0..40)
    ) {
        const DEVICES: [&str; 2] = ["pax:1", "pax:2"];
        let mut stands: BTreeMap<&str, Standing> = BTreeMap::new();
        let mut registry = Registry::default();
        for (device, mut asked) in steps {
            let (device, other) = (DEVICES[device], DEVICES[1 - device]);
            let swaps = asked.operation == Operation::Swap;
            asked.replaces = swaps.then(|| other.to_owned());
            let before = stands.get(device).cloned().unwrap_or_default();
            let of_other = stands.get(other).cloned().unwrap_or_default();
            if swaps && of_other.transition(Step::Replace).is_err() {
                continue;
            }
            let Ok(Some(after)) = before.after(&asked, Some(&of_other)) else { continue };
            prop_assert!(after != before, "an event that changes nothing: {asked:?}");
            registry.hear(device, &after, swaps.then_some(other));
            stands.insert(device, after);
            if swaps {
                stands.insert(other, Standing::of(Step::Replace));
            }
        }
        prop_assert_eq!(&registry.0, &stands);
    }
}
