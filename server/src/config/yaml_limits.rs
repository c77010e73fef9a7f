//! Limits on the YAML of a file.

/// Largest file, in bytes.
pub(super) const MAX_FILE_BYTES: u64 = 1 << 20;

/// YAML options with limits, so that a YAML bomb is an ordinary error.
pub(super) fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_reader_input_bytes: Some(usize::try_from(MAX_FILE_BYTES).unwrap_or(usize::MAX)),
            max_events: 200_000,
            max_nodes: 100_000,
            max_aliases: 1_000,
            max_anchors: 1_000,
            max_depth: 48,
            max_documents: 1_000,
        },
        alias_limits: alias_limits(),
        strict_booleans: true,
        with_snippet: false,
    }
}

fn alias_limits() -> serde_saphyr::options::AliasLimits {
    serde_saphyr::alias_limits! {
        max_total_replayed_events: 50_000,
        max_replay_stack_depth: 16,
    }
}
