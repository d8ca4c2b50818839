//! What an evaluation says: counts, by group and in all, and the photos that went wrong.

use pipeline::answer::Status;
use readers::Counts;
use serde::Serialize;
use std::{
    collections::BTreeMap,
    fmt::{self, Write},
};

/// One photo of the manifest.
pub(super) struct Row {
    pub(super) id: String,
    pub(super) group: String,
    pub(super) expected: Option<String>,
    pub(super) status: Status,
    pub(super) accepted: Option<String>,
    pub(super) candidates: Vec<String>,
    pub(super) reasons: Vec<String>,
    pub(super) barcodes_expected: usize,
    pub(super) barcodes_read: usize,
    pub(super) ms: f64,
}

/// How a photo's answer compares with the truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grade {
    /// Accepted, and right.
    AcceptedRight,
    /// Accepted, and another serial is true.
    AcceptedWrong,
    /// Not accepted, but the serial stands among the candidates.
    ReviewRight,
    /// Not accepted, and the serial is nowhere.
    Missed,
    /// Accepted where there is no serial.
    FalseAccept,
    /// Rightly not accepted.
    NothingThere,
}

impl Row {
    pub(super) fn grade(&self) -> Grade {
        let Some(expected) = &self.expected else {
            let accepted = self.accepted.is_some();
            return if accepted { Grade::FalseAccept } else { Grade::NothingThere };
        };
        let expected = plain(expected);
        match &self.accepted {
            Some(accepted) if plain(accepted) == expected => Grade::AcceptedRight,
            Some(_) => Grade::AcceptedWrong,
            None if self.candidates.iter().any(|value| plain(value) == expected) => {
                Grade::ReviewRight
            }
            None => Grade::Missed,
        }
    }
}

/// Case, spaces and dashes do not count.
fn plain(serial: &str) -> String {
    let kept = serial.chars().filter(|char| !char.is_whitespace() && *char != '-');
    kept.flat_map(char::to_uppercase).collect()
}

/// All rows, in the order of the manifest.
pub(super) struct Report {
    pub(super) rows: Vec<Row>,
    pub(super) counts: Counts,
}

#[derive(Serialize)]
struct Object<'a> {
    photos: usize,
    with_serial: usize,
    accepted_right: usize,
    accepted_wrong: usize,
    review_right: usize,
    missed: usize,
    false_accepts: usize,
    barcodes_expected: usize,
    barcodes_read: usize,
    ms_p50: f64,
    ms_p95: f64,
    reader_timeouts: u64,
    reader_crashes: u64,
    reader_resident_bytes_peak: u64,
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
        self.0.iter().filter(|row| row.grade() == grade).count()
    }

    fn with_serial(&self) -> usize {
        self.0.iter().filter(|row| row.expected.is_some()).count()
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
            photos: self.rows.len(),
            with_serial: all.with_serial(),
            accepted_right: all.of(Grade::AcceptedRight),
            accepted_wrong: all.of(Grade::AcceptedWrong),
            review_right: all.of(Grade::ReviewRight),
            missed: all.of(Grade::Missed),
            false_accepts: all.of(Grade::FalseAccept),
            barcodes_expected: all.sum(|row| row.barcodes_expected),
            barcodes_read: all.sum(|row| row.barcodes_read),
            ms_p50: all.ms_percentile(50),
            ms_p95: all.ms_percentile(95),
            reader_timeouts: self.counts.timeouts,
            reader_crashes: self.counts.crashes,
            reader_resident_bytes_peak: self.counts.resident_bytes_peak,
            rows: rows.collect(),
        };
        serde_json::to_string(&object).expect("words, numbers and lists always serialise")
    }

    /// A line a group and one for all.
    pub(super) fn table(&self, by: &str) -> String {
        let mut groups: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
        for row in &self.rows {
            groups.entry(&row.group).or_default().push(row);
        }
        let mut table = format!(
            "{by:<20} {:>6} {:>6} {:>6} {:>6} {:>6} {:>6} {:>6} {:>9} {:>7} {:>7}\n",
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
        let all = ("all", self.rows.iter().collect());
        for (name, rows) in groups.into_iter().filter(|(name, _)| !name.is_empty()).chain([all]) {
            line(&mut table, name, &Sums(rows)).expect("a string takes any text");
        }
        let Counts { timeouts, crashes, resident_bytes_peak, .. } = self.counts;
        let peak_mb = resident_bytes_peak / 1_000_000;
        table + &format!("readers: {timeouts} timeouts, {crashes} crashes, peak {peak_mb} MB\n")
    }

    /// Every photo that was not graded well, worst first.
    pub(super) fn misses(&self) -> String {
        let mut list = String::new();
        let bad = [Grade::AcceptedWrong, Grade::FalseAccept, Grade::Missed, Grade::ReviewRight];
        for grade in bad {
            for row in self.rows.iter().filter(|row| row.grade() == grade) {
                let expected = row.expected.as_deref().unwrap_or("nothing");
                let said = match &row.accepted {
                    Some(serial) => serial.clone(),
                    None => format!("{:?} {:?}", row.candidates, row.reasons),
                };
                list += &format!("{grade:?} {} ({}): {expected}: {said}\n", row.id, row.group);
            }
        }
        list
    }
}

fn line(table: &mut String, name: &str, sums: &Sums<'_>) -> fmt::Result {
    let barcodes =
        format!("{}/{}", sums.sum(|row| row.barcodes_read), sums.sum(|row| row.barcodes_expected));
    writeln!(
        table,
        "{name:<20} {:>6} {:>6} {:>6} {:>6} {:>6} {:>6} {:>6} {barcodes:>9} {:>7.0} {:>7.0}",
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
