/// A page of a list, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<Cursor> {
    /// Items on the page, 1 to 500.
    pub limit: u32,
    /// Only items older than this one.
    pub before: Option<Cursor>,
}

impl<Cursor> Page<Cursor> {
    /// Returns the first page, with `limit` items.
    #[must_use]
    pub fn first(limit: u32) -> Self {
        Self { limit, before: None }
    }

    pub(crate) fn rows(&self) -> i64 {
        i64::from(self.limit.clamp(1, 500))
    }
}

/// The items of a page.
#[derive(Debug, Clone, PartialEq)]
pub struct Listing<Item, Cursor> {
    /// The items, newest first.
    pub items: Vec<Item>,
    /// [`Page::before`] of the next page; `None` on the last.
    pub next: Option<Cursor>,
}

impl<Item, Cursor> Listing<Item, Cursor> {
    /// Creates a page from up to `limit + 1` rows: the extra row shows that there is another page.
    pub(crate) fn cut(mut items: Vec<Item>, rows: i64, cursor: impl Fn(&Item) -> Cursor) -> Self {
        let limit = usize::try_from(rows).unwrap_or(usize::MAX);
        let more = items.len() > limit;
        items.truncate(limit);
        let next = if more { items.last().map(cursor) } else { None };
        Self { items, next }
    }
}
