//! The overview's pictures, as numbers for the templates: where each bar of a chart begins and how
//! long it is, in the chart's own units. No inline style is allowed, so everything is an attribute.

/// Height of the plot of columns, without the labels below it.
pub(crate) const PLOT_HEIGHT: f64 = 180.0;
/// Width of the plot of columns.
pub(crate) const PLOT_WIDTH: f64 = 660.0;
/// How long the longest row is.
const ROW_LENGTH: f64 = 300.0;

/// A column of a stacked chart.
pub(crate) struct Column {
    pub(crate) x: f64,
    pub(crate) width: f64,
    pub(crate) middle: f64,
    pub(crate) label: String,
    /// What the column says, for a pointer and a screen reader.
    pub(crate) title: String,
    pub(crate) parts: Vec<Part>,
}

/// A part of a column.
pub(crate) struct Part {
    pub(crate) class: &'static str,
    pub(crate) y: f64,
    pub(crate) height: f64,
}

/// A line across the plot with its number.
pub(crate) struct Grid {
    pub(crate) y: f64,
    pub(crate) label: u64,
}

/// A column's amounts, from the bottom up.
pub(crate) struct Amounts {
    pub(crate) label: String,
    pub(crate) title: String,
    pub(crate) parts: Vec<(&'static str, u64)>,
}

/// Columns side by side, and the lines to read them by.
pub(crate) fn columns(amounts: Vec<Amounts>) -> (Vec<Column>, Vec<Grid>) {
    let total = |amounts: &Amounts| amounts.parts.iter().map(|(_, amount)| amount).sum::<u64>();
    let top = round_up(amounts.iter().map(total).max().unwrap_or(0));
    let step = PLOT_WIDTH / amounts.len().max(1) as f64;
    let height = |amount: u64| amount as f64 * PLOT_HEIGHT / top as f64;
    let column = |(n, of): (usize, Amounts)| {
        let (x, width) = (n as f64 * step + step * 0.15, step * 0.7);
        let mut y = PLOT_HEIGHT;
        let shown = of.parts.into_iter().filter(|(_, amount)| *amount > 0);
        let parts = shown.map(|(class, amount)| {
            y -= height(amount);
            Part { class, y, height: height(amount) }
        });
        let parts = parts.collect();
        Column { x, width, middle: x + width / 2.0, label: of.label, title: of.title, parts }
    };
    let columns = amounts.into_iter().enumerate().map(column).collect();
    let grid = [0, top / 2, top].map(|label| Grid { y: PLOT_HEIGHT - height(label), label });
    (columns, grid.into())
}

/// The next of 2, 4, 10, 20, 40, 100 …: halves of these are whole, so that every line has a number.
fn round_up(most: u64) -> u64 {
    let mut magnitude = 1_u64;
    loop {
        for step in [2, 4, 10] {
            let top = magnitude.saturating_mul(step);
            if top >= most {
                return top;
            }
        }
        magnitude = magnitude.saturating_mul(10);
    }
}

/// A row of a bar chart.
pub(crate) struct Row {
    pub(crate) label: String,
    pub(crate) amount: u64,
    pub(crate) length: f64,
}

/// Rows one below the other, the longest as long as there is room.
pub(crate) fn rows(amounts: impl IntoIterator<Item = (String, u64)>) -> Vec<Row> {
    let amounts: Vec<(String, u64)> = amounts.into_iter().collect();
    let most = amounts.iter().map(|(_, amount)| *amount).max().unwrap_or(0).max(1);
    let row = |(label, amount): (String, u64)| {
        // What is there at all stays visible beside what is common.
        let length = amount as f64 * ROW_LENGTH / most as f64;
        Row { label, amount, length: if amount > 0 { length.max(2.0) } else { 0.0 } }
    };
    amounts.into_iter().map(row).collect()
}

/// The value that `share` of the values do not exceed (nearest rank); `None` of nothing.
pub(crate) fn percentile(sorted: &[i64], share: f64) -> Option<i64> {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amounts(parts: &[u64]) -> Amounts {
        let parts = parts.iter().map(|amount| ("any", *amount)).collect();
        Amounts { label: String::new(), title: String::new(), parts }
    }

    #[test]
    fn columns_stand_on_the_ground_and_stay_below_the_top() {
        let (columns, grid) = columns(vec![amounts(&[]), amounts(&[3, 0, 4]), amounts(&[1])]);
        assert_eq!(grid.iter().map(|line| line.label).collect::<Vec<_>>(), [0, 5, 10]);
        assert_eq!((grid[0].y, grid[2].y), (PLOT_HEIGHT, 0.0));
        let heights: Vec<Vec<f64>> = columns
            .iter()
            .map(|column| column.parts.iter().map(|part| part.height).collect())
            .collect();
        assert_eq!(heights, [vec![], vec![54.0, 72.0], vec![18.0]]);
        assert_eq!(columns[1].parts[1].y, PLOT_HEIGHT - 126.0);
        assert!(
            columns.iter().all(|column| column.x >= 0.0 && column.x + column.width <= PLOT_WIDTH)
        );
    }

    #[test]
    fn nothing_makes_an_empty_chart() {
        let (none, grid) = columns(Vec::new());
        assert_eq!((none.len(), grid[2].label), (0, 2));
        assert!(rows(Vec::new()).is_empty());
        assert_eq!(percentile(&[], 0.5), None);
    }

    #[test]
    fn percentiles_are_values_that_occurred() {
        let sorted: Vec<i64> = (1..=100).collect();
        assert_eq!(percentile(&sorted, 0.5), Some(50));
        assert_eq!(percentile(&sorted, 0.95), Some(95));
        assert_eq!(percentile(&[7], 0.5), Some(7));
    }
}
