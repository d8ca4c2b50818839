//! The soak and the nodes of the examples, short.

use std::time::Duration;
use tests::nodes::nodes;
use tests::soak::{DatabaseKind, Plan, RegistryKind, soak};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_while_processes_die() {
    let plan = Plan {
        lasting: Duration::from_secs(25),
        measuring: Duration::from_secs(4),
        kill_every: Duration::from_secs(4),
        load: 0.5,
        seed: 7,
        registry: RegistryKind::Nats,
        database: DatabaseKind::Postgres,
    };
    let report = soak(&plan).await;
    report.account.assert_sound();
    assert!(report.account.acknowledged > 10, "{report:?}");
    assert_eq!(report.account.owed, report.account.taken, "{report:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_node_held_goes_on_at_the_other() {
    const SCANS: usize = 120;
    let report = nodes(SCANS).await;
    report.account.assert_sound();
    assert_eq!((report.account.owed, report.account.taken), (SCANS, SCANS), "{report:?}");
    assert!(report.read_again as usize <= report.held, "{report:?}");
    // A lease, a look at the queue, and a busy machine's reading.
    let most = report.lease + Duration::from_secs(15);
    assert!(report.taken_over_after < most, "{report:?}");
}
