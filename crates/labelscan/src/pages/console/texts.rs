//! The console's texts: the table `[console]` of each language's file, with one table a page.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $kind:ty,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct $name { $(pub(crate) $field: $kind,)+ }
    )+};
}

texts! {
    /// Everything that the console says.
    ConsoleTexts {
        skip: String,
        menu: String,
        scan: String,
        open: String,
        signed_in_as: String,
        older: String,
        nav: NavTexts,
        overview: OverviewTexts,
        review: ReviewTexts,
        terminals: TerminalsTexts,
        terminal: TerminalTexts,
        deliveries: DeliveriesTexts,
        people: PeopleTexts,
        kinds: BTreeMap<String, String>,
        reasons: BTreeMap<String, String>,
        work: BTreeMap<String, String>,
        events: BTreeMap<String, String>,
    }
    /// The names of the pages.
    NavTexts {
        overview: String,
        review: String,
        terminals: String,
        deliveries: String,
        people: String,
    }
    /// The review queue.
    ReviewTexts {
        waiting: String,
        empty_title: String,
        empty: String,
        photo: String,
        photo_n: String,
        crop: String,
        whole: String,
        why: String,
        candidates: String,
        doubtful: String,
        correct_label: String,
        correct: String,
        reject: String,
        later: String,
        from: String,
        site: String,
        merchant: String,
        model: String,
        note: String,
        keys: String,
        keys_on: String,
        done: String,
        rejected: String,
        put_aside: String,
        taken: String,
        no_connection: String,
        no_photo: String,
        no_candidates: String,
        others: String,
    }
    /// Pictures of the last days.
    OverviewTexts {
        today: String,
        rate: String,
        waiting: String,
        stopped: String,
        queued: String,
        empty_title: String,
        empty: String,
        invite: String,
        scans_title: String,
        rate_title: String,
        reasons_title: String,
        times_title: String,
        machine: String,
        person: String,
        review: String,
        failed: String,
        as_list: String,
        no_reasons: String,
        no_times: String,
        median: String,
        slowest: String,
        at_most: String,
        longer: String,
        seconds: String,
        minutes: String,
        hours: String,
        note: String,
    }
    /// The list of terminals.
    TerminalsTexts {
        csv: String,
        json: String,
        search: String,
        state: String,
        any_state: String,
        find: String,
        none_title: String,
        none: String,
        all: String,
        empty_title: String,
        empty: String,
        serial: String,
        maker: String,
        merchant: String,
        site: String,
        changed: String,
    }
    /// One terminal.
    TerminalTexts {
        verify: String,
        verify_merchant: String,
        check: String,
        matches: String,
        differs: String,
        unknown: String,
        failed: String,
        facts: String,
        maker: String,
        model: String,
        merchant: String,
        site: String,
        registration: String,
        replaces: String,
        first_seen: String,
        changed: String,
        warranty: String,
        warranty_over: String,
        save: String,
        photos: String,
        photo: String,
        maintenance: String,
        no_maintenance: String,
        day: String,
        kind: String,
        note: String,
        add: String,
        history: String,
    }
    /// What the registry was told.
    DeliveriesTexts {
        registry: String,
        health_none: String,
        health_ready: String,
        health_probing: String,
        health_paused: String,
        health_gone: String,
        until: String,
        last_delivered: String,
        last_failed: String,
        failures: String,
        in_flight: String,
        reopen: String,
        exhausted: String,
        refused: String,
        queued: String,
        delivered: String,
        replay_all: String,
        replay: String,
        empty_title: String,
        empty: String,
        serial: String,
        since: String,
        attempts: String,
        next: String,
        why: String,
        failed: String,
    }
    /// Sign-in links.
    PeopleTexts {
        intro: String,
        name: String,
        name_hint: String,
        role: String,
        technician: String,
        operator: String,
        admin: String,
        make: String,
        ready: String,
        once: String,
        copy: String,
        copied: String,
        failed: String,
    }
}
