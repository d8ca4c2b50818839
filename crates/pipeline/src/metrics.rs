//! What is counted and timed while the service runs, for Prometheus. A label's values come from
//! small closed sets: never a serial, a name, a path or anything else that a stranger chooses.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use scan::Took;
use std::sync::atomic::AtomicU64;

/// Log lines that nobody read in time, of the whole process.
pub static LOG_LINES_DROPPED: AtomicU64 = AtomicU64::new(0);

/// How often the clock jumped, for the whole process.
pub static CLOCK_JUMPS: AtomicU64 = AtomicU64::new(0);

/// How the names begin.
const PREFIX: &str = "labelscan";
/// Upper bounds of the buckets of times, in seconds.
const SECONDS: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    method: String,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Stage {
    stage: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Judged {
    verdict: &'static str,
    format: String,
}

/// The counters and histograms of one service.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<Request, Counter>,
    request_seconds: Family<Route, Histogram>,
    read_seconds: Family<Stage, Histogram>,
    scans: Family<Judged, Counter>,
}

impl Default for Metrics {
    /// Everything at zero.
    fn default() -> Self {
        let seconds = || Histogram::new(SECONDS);
        let new = Self {
            registry: Registry::with_prefix(PREFIX),
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(seconds),
            read_seconds: Family::new_with_constructor(seconds),
            scans: Family::default(),
        };
        new.registered()
    }
}

impl Metrics {
    fn registered(mut self) -> Self {
        let registry = &mut self.registry;
        registry.register("http_requests", "Requests answered", self.requests.clone());
        let help = "Seconds from a request's header to its answer's";
        registry.register("http_request_seconds", help, self.request_seconds.clone());
        let help = "Seconds that one read took, by stage; barcode and text may overlap";
        registry.register("read_seconds", help, self.read_seconds.clone());
        let help = "Scans that got their verdict from the judge, by the format of the serial or of \
            the best candidate";
        registry.register("scans", help, self.scans.clone());
        self
    }

    /// Counts a request. `route` is a pattern, never a path.
    pub fn answered(&self, method: &str, route: &str, status: u16, seconds: f64) {
        let (method, route) = (method.to_owned(), route.to_owned());
        self.request_seconds.get_or_create(&Route { route: route.clone() }).observe(seconds);
        self.requests.get_or_create(&Request { method, route, status }).inc();
    }

    /// Times the stages of a read.
    pub fn read(&self, took: &Took) {
        let stages = [
            ("decode", took.decode_ms),
            ("barcode", took.barcode_ms),
            ("text", took.text_ms),
            ("total", took.total_ms),
        ];
        for (stage, ms) in stages {
            self.read_seconds.get_or_create(&Stage { stage }).observe(ms / 1e3);
        }
    }

    /// Counts a verdict.
    pub fn judged(&self, verdict: &'static str, format: Option<String>) {
        let format = format.unwrap_or_else(|| "none".into());
        self.scans.get_or_create(&Judged { verdict, format }).inc();
    }

    /// What was counted so far.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// An empty registry for what is not counted here but looked up when it is asked for.
    pub fn looked_up() -> Registry {
        Registry::with_prefix(PREFIX)
    }
}
