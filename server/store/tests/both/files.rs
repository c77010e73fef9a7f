//! Only the owner may read SQLite's files, because they contain sessions.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use portico_store::{Settings, Store};

#[tokio::test]
async fn only_the_owner_may_read_the_databases_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("portico.db");
    // As an earlier version may have created it.
    fs::write(&path, "").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let url = format!("sqlite://{}", path.display());
    let store = Store::connect(&url, &Settings::default()).await.unwrap();
    store.ping().await.unwrap();
    let mut names = Vec::new();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.file_name());
        names.push(entry.file_name());
    }
    assert!(names.len() >= 2, "the write-ahead log is beside it: {names:?}");
}
