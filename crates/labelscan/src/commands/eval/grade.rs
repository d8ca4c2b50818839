//! How an answer compares with what is true of a photo.

use serde::Deserialize;

/// What is true of a photo, as the manifest says it.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Truth {
    /// None: no answer is asked for.
    pub(super) serial: Option<String>,
    /// Other forms that count as right. Without a serial: neither asked for nor held against.
    #[serde(default)]
    serial_candidates: Option<Vec<String>>,
    /// The serials of several devices in view.
    #[serde(default)]
    serials: Option<Vec<String>>,
}

/// What the program said about a photo.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer<'a> {
    pub(super) accepted: Option<&'a str>,
    pub(super) candidates: &'a [String],
}

/// How an answer compares with one serial, or with there being none.
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
    /// No serial is asked for, and none was accepted that is held against.
    NothingThere,
}

/// The grades of a photo's answer: one for each serial in view, one if there is none. Of several
/// devices each is counted by itself: what is accepted as one of them is no fault of the others,
/// and what is none of them is one wrong answer.
pub(super) fn grades(truth: &Truth, answer: Answer<'_>) -> Vec<Grade> {
    let devices = devices(truth);
    let is = |forms: &[&str], value: &str| forms.iter().any(|form| plain(form) == plain(value));
    if devices.is_empty() {
        let held_against = answer.accepted.is_some_and(|value| !is(&candidates(truth), value));
        return vec![if held_against { Grade::FalseAccept } else { Grade::NothingThere }];
    }
    let mut astray = answer.accepted.filter(|value| !devices.iter().any(|forms| is(forms, value)));
    let grade = |forms: &Vec<&str>| match answer.accepted {
        Some(value) if is(forms, value) => Grade::AcceptedRight,
        _ if astray.take().is_some() => Grade::AcceptedWrong,
        _ if answer.candidates.iter().any(|value| is(forms, value)) => Grade::ReviewRight,
        _ => Grade::Missed,
    };
    devices.iter().map(grade).collect()
}

/// The forms of each device's serial. The manifest does not say whose other form a candidate is: it
/// is taken for one of `serial`, unless it is another device's.
fn devices(truth: &Truth) -> Vec<Vec<&str>> {
    let listed = truth.serials.as_deref().unwrap_or_default();
    let mut serials: Vec<&str> = truth.serial.iter().map(String::as_str).collect();
    for serial in listed {
        if !serials.iter().any(|known| plain(known) == plain(serial)) {
            serials.push(serial);
        }
    }
    let others: Vec<&str> = serials.iter().skip(1).copied().collect();
    let mut devices: Vec<Vec<&str>> = serials.into_iter().map(|serial| vec![serial]).collect();
    if let Some(first) = devices.first_mut() {
        let is_other = |form: &str| others.iter().any(|other| plain(other) == plain(form));
        first.extend(candidates(truth).into_iter().filter(|form| !is_other(form)));
    }
    devices
}

fn candidates(truth: &Truth) -> Vec<&str> {
    truth.serial_candidates.iter().flatten().map(String::as_str).collect()
}

/// Case, spaces and dashes do not count.
fn plain(serial: &str) -> String {
    let kept = serial.chars().filter(|char| !char.is_whitespace() && *char != '-');
    kept.flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use super::Grade::*;
    use super::*;

    #[test]
    fn answer_is_graded_against_every_serial_in_view() {
        let row = |manifest: &str, accepted: Option<&str>, candidates: &[&str], want: &[Grade]| {
            let truth: Truth = serde_json::from_str(manifest).expect("a manifest row");
            let candidates: Vec<String> = candidates.iter().map(|&it| it.to_owned()).collect();
            let answer = Answer { accepted, candidates: &candidates };
            assert_eq!(grades(&truth, answer), want, "{manifest} {accepted:?} {candidates:?}");
        };
        let one = r#"{"serial":"23-1875"}"#;
        row(one, Some("231875"), &[], &[AcceptedRight]);
        row(one, Some("231876"), &[], &[AcceptedWrong]);
        row(one, Some("231876"), &["231875"], &[AcceptedWrong]);
        row(one, None, &["9", "23 1875"], &[ReviewRight]);
        row(one, None, &["9"], &[Missed]);
        row(one, None, &[], &[Missed]);

        let nothing = r#"{"serial":null,"serial_candidates":null,"serials":null}"#;
        row(nothing, None, &["1"], &[NothingThere]);
        row(nothing, Some("1"), &[], &[FalseAccept]);

        let forms =
            r#"{"serial":"804/64","serial_candidates":["804/64","80464"],"serials":["804/64"]}"#;
        row(forms, Some("80464"), &[], &[AcceptedRight]);
        row(forms, Some("804/64"), &[], &[AcceptedRight]);
        row(forms, None, &["80464"], &[ReviewRight]);
        row(forms, Some("8046"), &[], &[AcceptedWrong]);

        let perhaps = r#"{"serial":null,"serial_candidates":["ABS1729"]}"#;
        row(perhaps, Some("ABS1729"), &[], &[NothingThere]);
        row(perhaps, Some("AB51729"), &[], &[FalseAccept]);
        row(perhaps, None, &["ABS1729"], &[NothingThere]);

        let two = r#"{"serial":"A1","serial_candidates":["A1","A-1X","B2"],"serials":["A1","B2"]}"#;
        row(two, Some("A1"), &[], &[AcceptedRight, Missed]);
        row(two, Some("A1X"), &["B2"], &[AcceptedRight, ReviewRight]);
        row(two, Some("B2"), &[], &[Missed, AcceptedRight]);
        row(two, Some("A1B2"), &[], &[AcceptedWrong, Missed]);
        row(two, Some("A1B2"), &["A1", "B2"], &[AcceptedWrong, ReviewRight]);
        row(two, None, &["B2", "A1"], &[ReviewRight, ReviewRight]);
        row(two, None, &[], &[Missed, Missed]);

        let listed = r#"{"serial":null,"serials":["A1","B2"]}"#;
        row(listed, Some("B2"), &[], &[Missed, AcceptedRight]);
    }
}
