//! What came of the labels: counts by kind, and the answers to learn from.

use crate::sheet::Label;
use std::collections::BTreeMap;
use validate::{Evidence, TextLine, Verdict, acceptance_grounds};

const WRONG_RATE_MAX: f64 = 1e-5;

/// What came of the labels of one kind.
#[derive(Clone, Copy, Default)]
struct Tally {
    labels: u64,
    /// Labels on which an answer is expected.
    asked: u64,
    /// Accepted as it is right, where an answer is expected.
    right: u64,
    /// Accepted as something else, where an answer is expected.
    wrong: u64,
    /// Not accepted where an answer is expected, but among the candidates.
    offered: u64,
    /// Accepted as something that is not right where no answer is expected.
    falsely: u64,
    /// Accepted rightly with a maker that it is not.
    maker: u64,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.labels += other.labels;
        self.asked += other.asked;
        self.right += other.right;
        self.wrong += other.wrong;
        self.offered += other.offered;
        self.falsely += other.falsely;
        self.maker += other.maker;
    }

    fn row(&self, name: &str) {
        let Self { labels, asked, right, wrong, offered, falsely, maker } = self;
        let share = 100.0 * *right as f64 / (*asked).max(1) as f64;
        println!(
            "{name:<46} {labels:>9} {asked:>9} {right:>9} {share:>6.1} {wrong:>7} {falsely:>7} \
             {offered:>9} {maker:>7}"
        );
    }
}

/// Counts of all labels.
pub(crate) struct Outcome {
    by_kind: BTreeMap<String, Tally>,
    /// By the grounds of acceptance.
    by_checks: BTreeMap<String, Tally>,
    /// The first wrong answers.
    wrong: Vec<String>,
    wrong_shown: usize,
    /// The first serials that were not accepted.
    missed: Vec<String>,
    missed_shown: usize,
}

impl Outcome {
    /// Nothing counted; keeps so many wrong answers and so many missed serials to show.
    pub(crate) fn new(wrong_shown: usize, missed_shown: usize) -> Self {
        Self {
            by_kind: BTreeMap::new(),
            by_checks: BTreeMap::new(),
            wrong: Vec::new(),
            wrong_shown,
            missed: Vec::new(),
            missed_shown,
        }
    }

    /// Counts one label's answer.
    pub(crate) fn count(
        &mut self,
        seed: u64,
        label: &Label,
        verdict: &Verdict,
        evidence: &Evidence,
    ) {
        let mut tally = Tally { labels: 1, asked: u64::from(label.asked), ..Tally::default() };
        let is_right = |value: &str| label.right.iter().any(|right| plain(right) == plain(value));
        match verdict {
            Verdict::Accepted { serial } => {
                let right = is_right(&serial.value);
                let vendor = serial.vendor.as_str();
                tally.right = u64::from(right && label.asked);
                tally.wrong = u64::from(!right && label.asked);
                tally.falsely = u64::from(!right && !label.asked);
                tally.maker = u64::from(right && vendor != "unknown" && vendor != label.vendor);
                let checks = format!("on {:?}", serial.checks);
                self.by_checks.entry(checks).or_default().add(tally);
                if !right && self.wrong.len() < self.wrong_shown {
                    let said = format!("accepted {} on {:?}", serial.value, serial.checks);
                    self.wrong.push(shown(seed, label, &said, evidence));
                }
            }
            verdict => {
                let candidates = match verdict {
                    Verdict::Review { candidates, .. } => candidates.as_slice(),
                    _ => &[],
                };
                let offered = candidates.iter().any(|candidate| is_right(&candidate.value));
                tally.offered = u64::from(label.asked && offered);
                if label.asked && self.missed.len() < self.missed_shown {
                    let said = match verdict {
                        Verdict::Review { reasons, .. } | Verdict::Unreadable { reasons } => {
                            format!("not accepted, {reasons:?}")
                        }
                        Verdict::Accepted { .. } => String::new(),
                    };
                    self.missed.push(shown(seed, label, &said, evidence));
                }
            }
        }
        match self.by_kind.get_mut(&label.kind) {
            Some(kind) => kind.add(tally),
            None => drop(self.by_kind.insert(label.kind.clone(), tally)),
        }
    }

    /// Adds what another thread counted.
    pub(crate) fn add(&mut self, other: Self) {
        for (from, into) in
            [(other.by_kind, &mut self.by_kind), (other.by_checks, &mut self.by_checks)]
        {
            for (name, tally) in from {
                into.entry(name).or_default().add(tally);
            }
        }
        self.wrong.extend(other.wrong);
        self.missed.extend(other.missed);
    }

    fn all(&self) -> Tally {
        self.by_kind.values().fold(Tally::default(), |mut all, tally| {
            all.add(*tally);
            all
        })
    }

    /// Whether the upper end of the interval of wrong answers is below what is promised.
    pub(crate) fn is_rare_enough(&self) -> bool {
        let all = self.all();
        poisson_interval(all.wrong + all.falsely).1 / all.labels as f64 <= WRONG_RATE_MAX
    }

    /// Prints the tables.
    pub(crate) fn report(&self) {
        println!("{} rules of acceptance", acceptance_grounds().count());
        println!(
            "{:<46} {:>9} {:>9} {:>9} {:>6} {:>7} {:>7} {:>9} {:>7}",
            "", "labels", "asked", "right", "%", "wrong", "false", "offered", "maker"
        );
        let mut kinds: Vec<(&String, &Tally)> = self.by_kind.iter().collect();
        kinds.sort_by_key(|(_, tally)| std::cmp::Reverse(tally.wrong + tally.falsely));
        kinds.iter().for_each(|(name, tally)| tally.row(name));
        println!();
        self.by_checks.iter().for_each(|(name, tally)| tally.row(name));
        let all = self.all();
        println!();
        all.row("all");
        self.wrong.iter().take(self.wrong_shown).for_each(|line| println!("wrong {line}"));
        self.missed.iter().take(self.missed_shown).for_each(|line| println!("missed {line}"));
        for (name, events) in [
            ("wrong", all.wrong),
            ("false", all.falsely),
            ("wrong or false", all.wrong + all.falsely),
        ] {
            let (least, most) = poisson_interval(events);
            let per = 1e5 / all.labels as f64;
            println!(
                "{name}: {events} of {}: {:.2} in 100,000, 95 % interval {:.2} to {:.2}",
                all.labels,
                per * events as f64,
                per * least,
                per * most,
            );
        }
        let share = 100.0 * all.right as f64 / all.asked.max(1) as f64;
        println!("accepted right: {share:.1} % of {} labels with a serial", all.asked);
    }
}

/// Case, spaces and dashes do not count. This is not the product's canonical form: it must not be
/// measured with its own ruler.
fn plain(serial: &str) -> String {
    let kept = serial.chars().filter(|char| !char.is_whitespace() && *char != '-');
    kept.map(|char| char.to_ascii_uppercase()).collect()
}

/// A label and what was made of it, on one line.
fn shown(seed: u64, label: &Label, said: &str, evidence: &Evidence) -> String {
    let photo = &evidence.photos[0];
    let lines = |lines: &[TextLine]| -> Vec<String> { lines.iter().map(TextLine::text).collect() };
    let printed: Vec<&str> = label.lines.iter().map(|line| line.text.as_str()).collect();
    let codes: Vec<String> = photo
        .barcodes
        .iter()
        .map(|code| format!("{:?} {:?}", code.symbology, code.payload))
        .collect();
    format!(
        "{seed} ({}): right {:?}{}, {said}; printed {printed:?}; barcodes read {codes:?}; read \
         {:?}; again {:?}",
        label.kind,
        label.right,
        if label.asked { "" } else { " but not asked" },
        lines(&photo.lines),
        lines(&photo.second_lines),
    )
}

/// The 95 % interval of a rate of which `events` were counted (Garwood 1936): the means at which
/// as few, or as many, would be seen one time in 40.
fn poisson_interval(events: u64) -> (f64, f64) {
    let at_most = |mean: f64, most: u64| {
        // Logarithms: the terms of a large mean are smaller than any number.
        let mut term = -mean;
        let mut sum = term.exp();
        for count in 1..=most {
            term += (mean / count as f64).ln();
            sum += term.exp();
        }
        sum
    };
    let solve = |holds: &dyn Fn(f64) -> bool| {
        let (mut low, mut high) = (0.0, 10.0 + 3.0 * events as f64);
        for _ in 0..100 {
            let middle = (low + high) / 2.0;
            if holds(middle) { low = middle } else { high = middle }
        }
        low
    };
    let most = solve(&|mean| at_most(mean, events) > 0.025);
    let least = match events.checked_sub(1) {
        Some(fewer) => solve(&|mean| 1.0 - at_most(mean, fewer) < 0.025),
        None => 0.0,
    };
    (least, most)
}
