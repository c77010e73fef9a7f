//! Posted inputs, as a tree.

use indexmap::IndexMap;

use kube_schema::path::tokens;

/// Limit on the number of inputs. Further ones are ignored.
const MAX_INPUTS: usize = 20_000;
/// Limit on the depth of names. Deeper ones are ignored.
const MAX_DEPTH: usize = 100;

/// The inputs below a name.
#[derive(Debug, Default)]
pub(super) struct Posted {
    /// The input of exactly this name; of several the last, as for a check box with a hidden input.
    pub(super) text: Option<String>,
    pub(super) below: IndexMap<String, Posted>,
}

impl Posted {
    pub(super) fn read(pairs: &[(String, String)]) -> Self {
        let mut root = Self::default();
        for (name, text) in pairs
            .iter()
            .take(MAX_INPUTS)
            .filter(|(name, _)| name.starts_with('/'))
        {
            let names = tokens(name);
            if names.len() > MAX_DEPTH {
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

    /// The items of a list, with their index.
    pub(super) fn items(&self) -> Vec<(usize, &Self)> {
        let mut items: Vec<(usize, &Self)> = self
            .below
            .iter()
            .filter_map(|(name, item)| Some((name.parse().ok()?, item)))
            .collect();
        items.sort_by_key(|(index, _)| *index);
        items
    }

    /// The entries of a map, with their index.
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
