/// Which part of a long list, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<Cursor> {
    /// How many at most, 1 to 500.
    pub limit: u32,
    /// Only what comes after this one in the list, which is to say what is older.
    pub before: Option<Cursor>,
}

impl<Cursor> Page<Cursor> {
    /// The first `limit`.
    #[must_use]
    pub fn first(limit: u32) -> Self {
        Self { limit, before: None }
    }

    pub(crate) fn rows(&self) -> i64 {
        i64::from(self.limit.clamp(1, 500))
    }
}

/// Part of a long list.
#[derive(Debug, Clone, PartialEq)]
pub struct Listing<Item, Cursor> {
    /// The items, newest first.
    pub items: Vec<Item>,
    /// What to put in [`Page::before`] for the next part; `None` when this is the last.
    pub next: Option<Cursor>,
}

impl<Item, Cursor> Listing<Item, Cursor> {
    /// From rows of which one more than wanted was asked for.
    pub(crate) fn cut(mut items: Vec<Item>, rows: i64, cursor: impl Fn(&Item) -> Cursor) -> Self {
        let wanted = usize::try_from(rows).unwrap_or(usize::MAX);
        let more = items.len() > wanted;
        items.truncate(wanted);
        let next = if more { items.last().map(cursor) } else { None };
        Self { items, next }
    }
}
