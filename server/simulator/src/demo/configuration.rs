//! The portal's configuration for the demo, from the files in `configuration/`.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::error::StartError;

/// Rewritten at each start.
const PORTAL: &str = include_str!("configuration/portal.yaml");

/// Written once, so that changes by the user stay.
pub(super) const DOCUMENTS: [(&str, &str); 14] = [
    (
        "control-planes.yaml",
        include_str!("configuration/control-planes.yaml"),
    ),
    ("tenants.yaml", include_str!("configuration/tenants.yaml")),
    (
        "approval-policies.yaml",
        include_str!("configuration/approval-policies.yaml"),
    ),
    (
        "publication-queue.yaml",
        include_str!("configuration/publication-queue.yaml"),
    ),
    (
        "publication-notebook.yaml",
        include_str!("configuration/publication-notebook.yaml"),
    ),
    (
        "namespace-templates.yaml",
        include_str!("configuration/namespace-templates.yaml"),
    ),
    (
        "offering-postgresql.yaml",
        include_str!("configuration/offering-postgresql.yaml"),
    ),
    (
        "offering-mysql.yaml",
        include_str!("configuration/offering-mysql.yaml"),
    ),
    (
        "offering-cache.yaml",
        include_str!("configuration/offering-cache.yaml"),
    ),
    (
        "offering-topic.yaml",
        include_str!("configuration/offering-topic.yaml"),
    ),
    (
        "offering-queue.yaml",
        include_str!("configuration/offering-queue.yaml"),
    ),
    (
        "offering-bucket.yaml",
        include_str!("configuration/offering-bucket.yaml"),
    ),
    (
        "offering-notebook.yaml",
        include_str!("configuration/offering-notebook.yaml"),
    ),
    (
        "offering-kubernetes-cluster.yaml",
        include_str!("configuration/offering-kubernetes-cluster.yaml"),
    ),
];

/// What the portal needs to use the demo's kcp. Written once, too.
pub(super) const KCP_DOCUMENTS: [(&str, &str); 2] = [
    (
        "control-plane-workspaces.yaml",
        include_str!("configuration/control-plane-workspaces.yaml"),
    ),
    (
        "offering-workspace.yaml",
        include_str!("configuration/offering-workspace.yaml"),
    ),
];

/// Definitions that the portal applies to each cluster. Written once, too.
const PUBLISHED: [(&str, &str); 3] = [
    ("published/cache.yaml", include_str!("kinds/cache.yaml")),
    ("published/queue.yaml", include_str!("kinds/queue.yaml")),
    ("published/bucket.yaml", include_str!("kinds/bucket.yaml")),
];

/// The addresses in `portal.yaml`.
#[derive(Debug)]
pub(super) struct Addresses<'a> {
    pub(super) public_url: &'a str,
    pub(super) listen: &'a str,
    pub(super) issuer: &'a str,
    pub(super) undo_seconds: u32,
}

impl Addresses<'_> {
    pub(super) fn portal(&self) -> String {
        let values = [
            ("public_url", json!(self.public_url)),
            ("listen", json!(self.listen)),
            ("issuer", json!(self.issuer)),
            ("undo_seconds", json!(self.undo_seconds)),
        ];
        values.iter().fold(PORTAL.to_owned(), |text, (name, value)| {
            text.replace(&format!("\"{{{{{name}}}}}\""), &value.to_string())
        })
    }
}

/// Writes the configuration folder; `with_kcp` with the documents for the demo's kcp.
///
/// # Errors
/// When a file cannot be written.
pub(super) fn write(folder: &Path, addresses: &Addresses<'_>, with_kcp: bool) -> Result<(), StartError> {
    let published = folder.join("published");
    fs::create_dir_all(&published).map_err(StartError::file("making", &published))?;
    let portal = folder.join("portal.yaml");
    let text = addresses.portal();
    // Only when it differs: a write makes a running portal reload.
    if fs::read_to_string(&portal).ok().as_deref() != Some(&text) {
        fs::write(&portal, text).map_err(StartError::file("writing", &portal))?;
    }
    let of_kcp = KCP_DOCUMENTS.into_iter().filter(|_| with_kcp);
    for (name, text) in DOCUMENTS.into_iter().chain(PUBLISHED).chain(of_kcp) {
        let path = folder.join(name);
        if !path.exists() {
            fs::write(&path, text).map_err(StartError::file("writing", &path))?;
        }
    }
    Ok(())
}
