//! Sheets of labels as data: where each label lies on its page.
//!
//! Measures are those that the makers print on their boxes; sheets that differ only in material or
//! colour stand in one row under all their names.

/// Millimetres of an inch.
pub const INCH_MM: f64 = 25.4;
/// Width and height of a page in millimetres.
const A4: (f64, f64) = (210.0, 297.0);
const LETTER: (f64, f64) = (8.5 * INCH_MM, 11.0 * INCH_MM);

/// One kind of sheet. Lengths are in millimetres.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sheet {
    /// The numbers on the boxes, the best known first.
    pub names: &'static [&'static str],
    /// Width and height of the paper.
    pub page_mm: (f64, f64),
    /// Labels side by side.
    pub columns: u32,
    /// Labels one below the other.
    pub rows: u32,
    /// Width and height of a label.
    pub label_mm: (f64, f64),
    /// Left upper corner of the first label.
    pub first_mm: (f64, f64),
    /// From one label to the next.
    pub pitch_mm: (f64, f64),
}

impl Sheet {
    /// Labels on one sheet.
    pub fn capacity(&self) -> u32 {
        self.columns * self.rows
    }

    /// Left upper corner of a place, counted from 0 along the rows.
    pub fn corner_mm(&self, place: u32) -> (f64, f64) {
        let (column, row) = (place % self.columns, place / self.columns);
        (
            self.first_mm.0 + f64::from(column) * self.pitch_mm.0,
            self.first_mm.1 + f64::from(row) * self.pitch_mm.1,
        )
    }

    /// The page's name.
    pub fn page_name(&self) -> &'static str {
        if self.page_mm == A4 { "A4" } else { "Letter" }
    }
}

/// The sheet of this name, in whatever case it is written.
pub fn sheet_named(name: &str) -> Option<&'static Sheet> {
    let same = |known: &&str| known.eq_ignore_ascii_case(name.trim());
    SHEETS.iter().find(|sheet| sheet.names.iter().any(same))
}

/// A row of the table: measures in millimetres on A4.
const fn a4(
    names: &'static [&'static str],
    (columns, rows): (u32, u32),
    label_mm: (f64, f64),
    first_mm: (f64, f64),
    pitch_mm: (f64, f64),
) -> Sheet {
    Sheet { names, page_mm: A4, columns, rows, label_mm, first_mm, pitch_mm }
}

/// A row of the table: measures in inches on US Letter.
const fn letter(
    names: &'static [&'static str],
    (columns, rows): (u32, u32),
    label: (f64, f64),
    first: (f64, f64),
    pitch: (f64, f64),
) -> Sheet {
    Sheet {
        names,
        page_mm: LETTER,
        columns,
        rows,
        label_mm: (label.0 * INCH_MM, label.1 * INCH_MM),
        first_mm: (first.0 * INCH_MM, first.1 * INCH_MM),
        pitch_mm: (pitch.0 * INCH_MM, pitch.1 * INCH_MM),
    }
}

/// Every sheet that is known, from small labels to large ones.
pub const SHEETS: [Sheet; 21] = [
    a4(&["L4731", "L6008"], (7, 27), (25.4, 10.0), (8.5, 13.5), (27.94, 10.0)),
    a4(&["L4732", "L7632"], (5, 16), (35.6, 16.9), (11.0, 13.3), (38.1, 16.9)),
    a4(&["L7651", "L7551", "J8651"], (5, 13), (38.1, 21.2), (4.7, 10.7), (40.64, 21.2)),
    a4(&["L4736", "L6009", "L4778"], (4, 12), (45.7, 21.2), (9.8, 21.3), (48.26, 21.2)),
    a4(&["L4770", "L7654"], (4, 10), (45.7, 25.4), (9.8, 21.5), (48.26, 25.4)),
    a4(&["L4737", "L6011"], (3, 9), (63.5, 29.6), (7.2, 15.3), (66.04, 29.6)),
    a4(&["L7159", "L4773", "J8159"], (3, 8), (63.5, 33.9), (7.2, 12.9), (66.04, 33.9)),
    a4(&["L7160", "J8160"], (3, 7), (63.5, 38.1), (7.2, 15.15), (66.04, 38.1)),
    a4(&["L7161", "J8161"], (3, 6), (63.5, 46.6), (7.2, 8.7), (66.04, 46.6)),
    a4(&["L7164", "J8164"], (3, 4), (63.5, 72.0), (7.2, 4.5), (66.04, 72.0)),
    a4(&["L7162", "J8162"], (2, 8), (99.1, 33.9), (4.65, 12.9), (101.6, 33.9)),
    a4(&["L7163", "J8163"], (2, 7), (99.1, 38.1), (4.65, 15.15), (101.6, 38.1)),
    a4(&["L7165", "J8165"], (2, 4), (99.1, 67.7), (4.65, 13.1), (101.6, 67.7)),
    letter(&["5167", "5267", "8167"], (4, 20), (1.75, 0.5), (0.28125, 0.5), (2.0625, 0.5)),
    letter(&["6570"], (4, 8), (1.75, 1.25), (0.28125, 0.5), (2.0625, 1.25)),
    letter(&["5160", "5260", "5960", "8160"], (3, 10), (2.625, 1.0), (0.1875, 0.5), (2.75, 1.0)),
    letter(&["6572"], (3, 5), (2.625, 2.0), (0.1875, 0.5), (2.75, 2.0)),
    letter(&["5161", "5261", "8161"], (2, 10), (4.0, 1.0), (0.15625, 0.5), (4.1875, 1.0)),
    letter(
        &["5162", "5262", "8162"],
        (2, 7),
        (4.0, 4.0 / 3.0),
        (0.15625, 5.0 / 6.0),
        (4.1875, 4.0 / 3.0),
    ),
    letter(&["5163", "5263", "5963", "8163"], (2, 5), (4.0, 2.0), (0.15625, 0.5), (4.1875, 2.0)),
    letter(
        &["5164", "5264", "8164"],
        (2, 3),
        (4.0, 10.0 / 3.0),
        (0.15625, 0.5),
        (4.1875, 10.0 / 3.0),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// What a cutter or a feeder may be off by, in millimetres.
    const SLACK_MM: f64 = 0.01;

    #[test]
    fn labels_lie_on_their_page_and_on_no_other_label() {
        for sheet in &SHEETS {
            let name = sheet.names[0];
            let (width, height) = sheet.label_mm;
            let corners: Vec<_> = (0..sheet.capacity()).map(|at| sheet.corner_mm(at)).collect();
            for (at, &(x, y)) in corners.iter().enumerate() {
                assert!(x >= 0.0 && y >= 0.0, "{name}");
                assert!(x + width <= sheet.page_mm.0 + SLACK_MM, "{name}: right of the page");
                assert!(y + height <= sheet.page_mm.1 + SLACK_MM, "{name}: below the page");
                for &(other_x, other_y) in &corners[at + 1..] {
                    let beside = (x - other_x).abs() >= width - SLACK_MM;
                    let below = (y - other_y).abs() >= height - SLACK_MM;
                    assert!(beside || below, "{name}: {x},{y} and {other_x},{other_y}");
                }
            }
        }
    }

    #[test]
    fn sheets_lie_in_the_middle_of_their_page() {
        for sheet in &SHEETS {
            let (last_x, last_y) = sheet.corner_mm(sheet.capacity() - 1);
            let right = sheet.page_mm.0 - last_x - sheet.label_mm.0;
            let bottom = sheet.page_mm.1 - last_y - sheet.label_mm.1;
            let name = sheet.names[0];
            assert!((right - sheet.first_mm.0).abs() < 0.6, "{name}: {right} at the right");
            assert!((bottom - sheet.first_mm.1).abs() < 0.6, "{name}: {bottom} below");
        }
    }

    #[test]
    fn a_name_means_one_sheet() {
        let names: Vec<&str> = SHEETS.iter().flat_map(|sheet| sheet.names).copied().collect();
        let different: BTreeSet<&&str> = names.iter().collect();
        assert_eq!(different.len(), names.len());
        for name in ["L7160", "L7651", "L4731", "5160", "5167", "5963", "l7160"] {
            assert!(sheet_named(name).is_some(), "{name}");
        }
        assert!(sheet_named("L9999").is_none());
    }
}
