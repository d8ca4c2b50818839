//! Lists that come page by page.

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// What it holds, in the order of the list.
    pub items: Vec<T>,
    /// What to ask for the next page with, as what it comes `after`; `None` at the end of the list.
    /// Only the list that gave it can read it.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// The first `most` of what was found, of which one more was asked for: it tells whether there
    /// is a next page. `cursor` names an item's place in the list.
    pub(crate) fn of(mut found: Vec<T>, most: i64, cursor: impl Fn(&T) -> String) -> Self {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let has_more = found.len() > most;
        found.truncate(most);
        let next = found.last().filter(|_| has_more).map(cursor);
        Self { items: found, next }
    }

    /// The same page of something else.
    pub fn map<U>(self, item: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(item).collect(), next: self.next }
    }
}
