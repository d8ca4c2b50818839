//! What an evaluation says: counts, by group and in all, and the photos that went wrong.

use super::grade::Grade;
use pipeline::answer::Status;
use readers::Counts;
use serde::Serialize;
use serde_json::{Map, Value};
use std::{
    collections::BTreeMap,
    fmt::{self, Write},
};

/// One photo of the manifest.
pub(super) struct Row {
    pub(super) id: String,
    /// The manifest's other fields.
    pub(super) fields: Map<String, Value>,
    pub(super) expected: Option<String>,
    /// One for each serial in view, or one if there is none.
    pub(super) grades: Vec<Grade>,
    pub(super) status: Status,
    pub(super) accepted: Option<String>,
    pub(super) candidates: Vec<String>,
    pub(super) reasons: Vec<String>,
    pub(super) barcodes_expected: usize,
    pub(super) barcodes_read: usize,
    pub(super) ms: f64,
}

impl Row {
    /// What the manifest says in a field; `None` where it says nothing.
    fn group(&self, field: &str) -> Option<String> {
        match self.fields.get(field)? {
            Value::Null => None,
            Value::String(group) => Some(group.clone()),
            other => Some(other.to_string()),
        }
    }
}

/// All rows, in the order of the manifest.
pub(super) struct Report {
    pub(super) rows: Vec<Row>,
    pub(super) counts: Counts,
}

#[derive(Serialize)]
struct Counted {
    photos: usize,
    with_serial: usize,
    accepted_right: usize,
    accepted_wrong: usize,
    review_right: usize,
    missed: usize,
    false_accepts: usize,
}

#[derive(Serialize)]
struct Object<'a> {
    #[serde(flatten)]
    all: Counted,
    barcodes_expected: usize,
    barcodes_read: usize,
    ms_p50: f64,
    ms_p95: f64,
    reader_timeouts: u64,
    reader_crashes: u64,
    reader_resident_bytes_peak: u64,
    by_device: BTreeMap<String, Counted>,
    by_kind: BTreeMap<String, Counted>,
    rows: Vec<ObjectRow<'a>>,
}

#[derive(Serialize)]
struct ObjectRow<'a> {
    id: &'a str,
    expected: Option<&'a str>,
    status: Status,
    serial: Option<&'a str>,
    candidates: &'a [String],
    reasons: &'a [String],
    ms: f64,
}

/// Counts over some rows.
struct Sums<'a>(Vec<&'a Row>);

impl Sums<'_> {
    fn of(&self, grade: Grade) -> usize {
        self.0.iter().flat_map(|row| &row.grades).filter(|other| **other == grade).count()
    }

    /// Serials in view.
    fn with_serial(&self) -> usize {
        let none = self.of(Grade::FalseAccept) + self.of(Grade::NothingThere);
        self.sum(|row| row.grades.len()) - none
    }

    fn counted(&self) -> Counted {
        Counted {
            photos: self.0.len(),
            with_serial: self.with_serial(),
            accepted_right: self.of(Grade::AcceptedRight),
            accepted_wrong: self.of(Grade::AcceptedWrong),
            review_right: self.of(Grade::ReviewRight),
            missed: self.of(Grade::Missed),
            false_accepts: self.of(Grade::FalseAccept),
        }
    }

    fn sum(&self, number: impl Fn(&Row) -> usize) -> usize {
        self.0.iter().map(|row| number(row)).sum()
    }

    /// The time that so many percent of the photos stay within: nearest rank.
    fn ms_percentile(&self, percent: usize) -> f64 {
        let mut times: Vec<f64> = self.0.iter().map(|row| row.ms).collect();
        times.sort_by(f64::total_cmp);
        let rank = (times.len() * percent).div_ceil(100).max(1);
        times.get(rank - 1).map_or(0.0, |ms| (ms * 10.0).round() / 10.0)
    }
}

impl Report {
    /// The object of `--json`, one line.
    pub(super) fn json(&self) -> String {
        let all = Sums(self.rows.iter().collect());
        let rows = self.rows.iter().map(|row| ObjectRow {
            id: &row.id,
            expected: row.expected.as_deref(),
            status: row.status,
            serial: row.accepted.as_deref(),
            candidates: &row.candidates,
            reasons: &row.reasons,
            ms: (row.ms * 10.0).round() / 10.0,
        });
        let object = Object {
            all: all.counted(),
            barcodes_expected: all.sum(|row| row.barcodes_expected),
            barcodes_read: all.sum(|row| row.barcodes_read),
            ms_p50: all.ms_percentile(50),
            ms_p95: all.ms_percentile(95),
            reader_timeouts: self.counts.timeouts,
            reader_crashes: self.counts.crashes,
            reader_resident_bytes_peak: self.counts.resident_bytes_peak,
            by_device: self.counted_by("device"),
            by_kind: self.counted_by("kind"),
            rows: rows.collect(),
        };
        serde_json::to_string(&object).expect("words, numbers and lists always serialise")
    }

    /// The rows by what the manifest says in a field; those where it says nothing are in no group.
    fn groups(&self, field: &str) -> BTreeMap<String, Vec<&Row>> {
        let mut groups: BTreeMap<String, Vec<&Row>> = BTreeMap::new();
        for row in &self.rows {
            if let Some(group) = row.group(field) {
                groups.entry(group).or_default().push(row);
            }
        }
        groups
    }

    fn counted_by(&self, field: &str) -> BTreeMap<String, Counted> {
        let counted = |(group, rows)| (group, Sums(rows).counted());
        self.groups(field).into_iter().map(counted).collect()
    }

    /// A line a group for each field, and one for all.
    pub(super) fn table(&self, fields: &[String]) -> String {
        let mut table = String::new();
        for field in fields {
            let groups = self.groups(field);
            if !groups.is_empty() {
                head(&mut table, field);
            }
            for (name, rows) in groups {
                line(&mut table, &name, &Sums(rows)).expect("a string takes any text");
            }
        }
        head(&mut table, "");
        let all = Sums(self.rows.iter().collect());
        line(&mut table, "all", &all).expect("a string takes any text");
        let Counts { timeouts, crashes, resident_bytes_peak, .. } = self.counts;
        let peak_mb = resident_bytes_peak / 1_000_000;
        table + &format!("readers: {timeouts} timeouts, {crashes} crashes, peak {peak_mb} MB\n")
    }

    /// Every photo that was not graded well, worst first.
    pub(super) fn misses(&self) -> String {
        let mut list = String::new();
        let bad = [Grade::AcceptedWrong, Grade::FalseAccept, Grade::Missed, Grade::ReviewRight];
        for grade in bad {
            for row in self.rows.iter().filter(|row| row.grades.contains(&grade)) {
                let expected = row.expected.as_deref().unwrap_or("nothing");
                let said = match &row.accepted {
                    Some(serial) => serial.clone(),
                    None => format!("{:?} {:?}", row.candidates, row.reasons),
                };
                let group = row.group("device").or_else(|| row.group("kind")).unwrap_or_default();
                list += &format!("{grade:?} {} ({group}): {expected}: {said}\n", row.id);
            }
        }
        list
    }
}

fn head(table: &mut String, field: &str) {
    *table += &format!(
        "{field:<24} {:>6} {:>6} {:>6} {:>6} {:>6} {:>6} {:>6} {:>9} {:>7} {:>7}\n",
        "photos",
        "serial",
        "right",
        "wrong",
        "cand.",
        "missed",
        "false",
        "barcodes",
        "p50 ms",
        "p95 ms"
    );
}

fn line(table: &mut String, name: &str, sums: &Sums<'_>) -> fmt::Result {
    let barcodes =
        format!("{}/{}", sums.sum(|row| row.barcodes_read), sums.sum(|row| row.barcodes_expected));
    writeln!(
        table,
        "{name:<24} {:>6} {:>6} {:>6} {:>6} {:>6} {:>6} {:>6} {barcodes:>9} {:>7.0} {:>7.0}",
        sums.0.len(),
        sums.with_serial(),
        sums.of(Grade::AcceptedRight),
        sums.of(Grade::AcceptedWrong),
        sums.of(Grade::ReviewRight),
        sums.of(Grade::Missed),
        sums.of(Grade::FalseAccept),
        sums.ms_percentile(50),
        sums.ms_percentile(95),
    )
}
