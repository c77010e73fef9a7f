//! What a form posts, as a tree.

use indexmap::IndexMap;

use kube_schema::path::tokens;

/// More inputs than this are not read; no form that Portico builds has as many.
const INPUTS: usize = 20_000;
/// Names that lead deeper than this are not read.
const DEPTH: usize = 100;

/// Inputs below one name.
#[derive(Debug, Default)]
pub(super) struct Posted {
    /// What was posted under this very name: the last of several counts, as for a check box with a hidden input.
    pub(super) text: Option<String>,
    pub(super) below: IndexMap<String, Posted>,
}

impl Posted {
    pub(super) fn read(pairs: &[(String, String)]) -> Self {
        let mut root = Self::default();
        for (name, text) in pairs
            .iter()
            .take(INPUTS)
            .filter(|(name, _)| name.starts_with('/'))
        {
            let names = tokens(name);
            if names.len() > DEPTH {
                continue;
            }
            let mut at = &mut root;
            for name in names {
                at = at.below.entry(name).or_default();
            }
            at.text = Some(text.clone());
        }
        root
    }

    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        self.below.get(name)
    }

    pub(super) fn text_at(&self, name: &str) -> Option<&str> {
        self.below.get(name)?.text.as_deref()
    }

    /// Items of a list, by number.
    pub(super) fn items(&self) -> Vec<(usize, &Self)> {
        let mut items: Vec<(usize, &Self)> = self
            .below
            .iter()
            .filter_map(|(name, item)| Some((name.parse().ok()?, item)))
            .collect();
        items.sort_by_key(|(index, _)| *index);
        items
    }

    /// Pairs of a map, by number.
    pub(super) fn entries(&self) -> Vec<(usize, &Self)> {
        let mut entries: Vec<(usize, &Self)> = self
            .below
            .iter()
            .filter_map(|(name, entry)| Some((name.strip_prefix('@')?.parse().ok()?, entry)))
            .collect();
        entries.sort_by_key(|(index, _)| *index);
        entries
    }
}
