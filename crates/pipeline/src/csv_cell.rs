//! Cells of CSV files, which people open in spreadsheet programs.

/// With these a cell is a formula to spreadsheet programs, which may run programs.
/// Full-width characters are among them, because some programs read them as the narrow ones.
const FORMULA_STARTS: [char; 11] =
    ['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];

/// The cell's text, never a formula.
pub fn guarded(cell: &str) -> String {
    let is_formula =
        cell.starts_with(FORMULA_STARTS) || cell.trim_start().starts_with(FORMULA_STARTS);
    if is_formula { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for evil in [
            "=1+1",
            "+1",
            "-1",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "\n=1",
            " =1",
            "\u{3000}@a",
            "＝1",
            "＋1",
            "－1",
            "＠a",
        ] {
            assert_eq!(guarded(evil), format!("'{evil}"));
        }
        assert_eq!(guarded("Pier 3"), "Pier 3");
    }
}
