//! Cells of CSV files, which people open in spreadsheet programs.

/// With these a cell is a formula to spreadsheet programs, which may run programs; those for Chinese
/// and Japanese also take the full-width forms.
const FORMULA_STARTS: [char; 10] =
    ['=', '+', '-', '@', '\t', '\r', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];

/// The cell's text, never a formula.
pub fn guarded(cell: &str) -> String {
    if cell.starts_with(FORMULA_STARTS) { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for evil in
            ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "＋1", "－1", "＠SUM(A1)"]
        {
            assert_eq!(guarded(evil), format!("'{evil}"));
        }
        assert_eq!(guarded("Pier 3"), "Pier 3");
    }
}
