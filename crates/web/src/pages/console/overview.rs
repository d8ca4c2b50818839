//! The overview: how much was scanned and read, why not, and how soon the registry knew.

use super::chart::{self, Amounts, Column, Grid, PLOT_HEIGHT, PLOT_WIDTH, Row};
use super::{Frame, OverviewTexts};
use crate::pages::page;
use crate::pages::texts::Texts;
use askama::Template;
use axum::response::Response;
use jiff::civil::Date;
use store::{DeliveriesOf, DeliveryStatus, ScanStatus, ScansOfDay};

/// Days that the overview shows.
pub(crate) const DAYS: i64 = 14;
/// Reasons that are shown.
const REASONS_SHOWN: usize = 8;
/// Upper ends of the classes of the time to registration, in milliseconds.
const CLASSES_MS: [i64; 5] = [5_000, 30_000, 300_000, 3_600_000, 86_400_000];

/// What the overview is drawn from.
pub(crate) struct Figures {
    /// Today, in days since 1970 in UTC.
    pub(crate) today: i64,
    pub(crate) scans: Vec<ScansOfDay>,
    /// Codes of why scans were not accepted, one for each scan and reason.
    pub(crate) reasons: Vec<String>,
    pub(crate) registration_ms: Vec<i64>,
    pub(crate) deliveries: Vec<DeliveriesOf>,
    pub(crate) waiting: u64,
}

#[derive(Template)]
#[template(path = "console/overview.html")]
struct Overview {
    texts: &'static Texts,
    frame: Frame,
    today: u64,
    waiting: u64,
    queued: u64,
    stopped: u64,
    rate: Option<u64>,
    days: Vec<Column>,
    grid: Vec<Grid>,
    rates: Vec<RateDot>,
    rate_line: String,
    reasons: Vec<Row>,
    times: Vec<Row>,
    median: Option<String>,
    slowest: Option<String>,
    any: bool,
}

/// A day's share of scans that no person had to look at.
struct RateDot {
    x: f64,
    y: f64,
    title: String,
}

/// One day of scans, by how they ended.
#[derive(Clone, Copy, Default)]
struct Day {
    machine: u64,
    person: u64,
    review: u64,
    failed: u64,
}

impl Day {
    fn add(&mut self, of: &ScansOfDay) {
        let amount = match (of.status, of.by_person) {
            (ScanStatus::Accepted, false) => &mut self.machine,
            (ScanStatus::Accepted, true) => &mut self.person,
            (ScanStatus::Review | ScanStatus::Queued, _) => &mut self.review,
            (ScanStatus::Unreadable | ScanStatus::Rejected, _) => &mut self.failed,
        };
        *amount += of.scans;
    }

    fn all(&self) -> u64 {
        self.machine + self.person + self.review + self.failed
    }

    /// Percent that were accepted without a person; `None` of no scans.
    fn rate(&self) -> Option<u64> {
        (self.machine * 100).checked_div(self.all())
    }
}

/// Draws the overview.
pub(crate) fn overview(frame: Frame, figures: &Figures) -> Response {
    let texts = frame.texts;
    let t = &texts.console.overview;
    let first = figures.today - DAYS + 1;
    let mut days = [Day::default(); DAYS as usize];
    for of in &figures.scans {
        if let Some(day) = usize::try_from(of.day - first).ok().and_then(|n| days.get_mut(n)) {
            day.add(of);
        }
    }
    let labels: Vec<String> = (first..).map(date_of).take(days.len()).collect();
    let whole = days.iter().fold(Day::default(), |sum, day| Day {
        machine: sum.machine + day.machine,
        person: sum.person + day.person,
        review: sum.review + day.review,
        failed: sum.failed + day.failed,
    });
    let amounts = days.iter().zip(&labels).map(|(day, label)| amounts(day, label, t));
    let (columns, grid) = chart::columns(amounts.collect());
    let rates = rate_dots(&days, &columns, &labels);
    let rate_line = rates.iter().map(|dot| format!("{:.1},{:.1} ", dot.x, dot.y)).collect();
    let mut times = figures.registration_ms.clone();
    times.sort_unstable();
    let count = |status| {
        let of = figures.deliveries.iter().find(|of: &&DeliveriesOf| of.status == status);
        of.map_or(0, |of| of.deliveries)
    };
    let reasons = common(&figures.reasons).into_iter();
    page(&Overview {
        texts,
        today: days[days.len() - 1].all(),
        waiting: figures.waiting,
        queued: count(DeliveryStatus::Queued),
        stopped: count(DeliveryStatus::Refused) + count(DeliveryStatus::Exhausted),
        rate: whole.rate(),
        any: whole.all() > 0,
        days: columns,
        grid,
        rates,
        rate_line,
        reasons: chart::rows(reasons.map(|(code, n)| (reason_name(texts, &code), n))),
        times: chart::rows(classes(&times, t)),
        median: chart::percentile(&times, 0.5).map(|ms| duration(ms, t)),
        slowest: chart::percentile(&times, 0.95).map(|ms| duration(ms, t)),
        frame,
    })
}

fn amounts(day: &Day, label: &str, t: &OverviewTexts) -> Amounts {
    let parts = [
        ("machine", day.machine, &t.machine),
        ("person", day.person, &t.person),
        ("review", day.review, &t.review),
        ("failed", day.failed, &t.failed),
    ];
    let said = parts.iter().map(|(_, amount, name)| format!("{name} {amount}"));
    Amounts {
        label: label.get(5..).unwrap_or_default().to_owned(),
        title: format!("{label}: {}", said.collect::<Vec<_>>().join(", ")),
        parts: parts.map(|(class, amount, _)| (class, amount)).into(),
    }
}

fn rate_dots(days: &[Day], columns: &[Column], labels: &[String]) -> Vec<RateDot> {
    let dot = |((day, column), label): ((&Day, &Column), &String)| {
        let rate = day.rate()?;
        let y = PLOT_HEIGHT - rate as f64 * PLOT_HEIGHT / 100.0;
        Some(RateDot { x: column.middle, y, title: format!("{label}: {rate} %") })
    };
    days.iter().zip(columns).zip(labels).filter_map(dot).collect()
}

/// The most frequent codes first.
fn common(codes: &[String]) -> Vec<(String, u64)> {
    let mut counted = std::collections::BTreeMap::<&String, u64>::new();
    for code in codes {
        *counted.entry(code).or_default() += 1;
    }
    let mut counted: Vec<_> = counted.into_iter().map(|(code, n)| (code.clone(), n)).collect();
    counted.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    counted.truncate(REASONS_SHOWN);
    counted
}

fn reason_name(texts: &Texts, code: &str) -> String {
    texts.console.reasons.get(code).cloned().unwrap_or_else(|| code.to_owned())
}

fn classes(sorted: &[i64], t: &OverviewTexts) -> Vec<(String, u64)> {
    let mut rows = Vec::with_capacity(CLASSES_MS.len() + 1);
    let mut below = 0;
    for end in CLASSES_MS {
        let upto = sorted.partition_point(|ms| *ms <= end);
        let label = t.at_most.replace("{time}", &duration(end, t));
        rows.push((label, (upto - below) as u64));
        below = upto;
    }
    rows.push((t.longer.clone(), (sorted.len() - below) as u64));
    if sorted.is_empty() { Vec::new() } else { rows }
}

/// A length of time in the unit that suits it.
fn duration(ms: i64, t: &OverviewTexts) -> String {
    let (unit, divisor) = match ms {
        ..60_000 => (&t.seconds, 1_000.0),
        60_000..3_600_000 => (&t.minutes, 60_000.0),
        _ => (&t.hours, 3_600_000.0),
    };
    let number = ms as f64 / divisor;
    let number = if number < 10.0 && number.fract() > 0.05 {
        format!("{number:.1}")
    } else {
        format!("{number:.0}")
    };
    unit.replace("{n}", &number)
}

/// A day since 1970 as people write it.
fn date_of(day: i64) -> String {
    let epoch = Date::constant(1970, 1, 1);
    let date = epoch.checked_add(jiff::Span::new().try_days(day).unwrap_or_default());
    date.unwrap_or(epoch).to_string()
}

impl Overview {
    fn view_box(&self) -> String {
        format!("-44 -12 {} {}", PLOT_WIDTH + 52.0, PLOT_HEIGHT + 44.0)
    }

    fn plot_width(&self) -> f64 {
        PLOT_WIDTH
    }

    fn plot_height(&self) -> f64 {
        PLOT_HEIGHT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_named_as_on_a_calendar() {
        assert_eq!(date_of(0), "1970-01-01");
        assert_eq!(date_of(20_780), "2026-11-23");
    }

    #[test]
    fn the_most_frequent_reason_comes_first() {
        let codes = ["a", "b", "b", "c", "b", "c"].map(str::to_owned);
        let counted: Vec<_> = common(&codes).into_iter().collect();
        assert_eq!(counted, [("b".into(), 3), ("c".into(), 2), ("a".into(), 1)]);
    }

    #[test]
    fn a_scan_counts_once_and_a_day_without_scans_has_no_rate() {
        let mut day = Day::default();
        assert_eq!(day.rate(), None);
        for (status, by_person) in [
            (ScanStatus::Accepted, false),
            (ScanStatus::Accepted, true),
            (ScanStatus::Review, false),
            (ScanStatus::Rejected, true),
        ] {
            day.add(&ScansOfDay { day: 0, status, by_person, scans: 2 });
        }
        assert_eq!((day.all(), day.rate()), (8, Some(25)));
    }
}
