//! `portico crds`: prints the definitions of Portico's own kinds, for a home control plane.

use std::io::{self, Write};

/// Generated from the documents' types; a test of `portico-domain` compares it.
const CRDS: &str = include_str!("../../../deploy/crds.yaml");

/// Prints the CRDs as YAML for `kubectl apply --server-side --filename -`.
///
/// # Errors
/// If `out` cannot be written.
pub fn crds(out: &mut impl Write) -> io::Result<()> {
    out.write_all(CRDS.as_bytes())
}
