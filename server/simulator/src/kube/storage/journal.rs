//! Persistence: a snapshot, which is replaced as a whole, and a journal to which every write is appended before
//! it is answered. A process that is killed loses no acknowledged write.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::private_file::create_private;
use super::store::{ChangeType, Store};
use crate::kube::types::kind::GroupKind;
use crate::kube::types::object::Key;

/// The journal is folded into the snapshot beyond this size, in bytes.
const MAX_JOURNAL: u64 = 32 * 1024 * 1024;

/// A snapshot and its journal.
#[derive(Debug)]
pub(crate) struct Journal {
    snapshot: PathBuf,
    path: PathBuf,
    file: File,
    bytes: u64,
    /// The last revision in the journal.
    revision: u64,
}

/// The persisted state.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) revision: u64,
    pub(crate) objects: Vec<Value>,
}

#[derive(Serialize, Deserialize)]
struct Line<'a> {
    revision: u64,
    /// The object after the write, or the last state of a removed object.
    object: std::borrow::Cow<'a, Value>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    removed: bool,
}

impl Journal {
    /// Reads the snapshot and its journal; `None` when there is none.
    ///
    /// # Errors
    /// When a file exists but cannot be read or parsed.
    pub(crate) fn read(snapshot: &Path) -> io::Result<Option<Kept>> {
        let mut kept = match fs::read(snapshot) {
            Ok(bytes) => serde_json::from_slice(&bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Kept {
                revision: 0,
                objects: Vec::new(),
            },
            Err(error) => return Err(error),
        };
        let journal = match File::open(journal_path(snapshot)) {
            Ok(file) => BufReader::new(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok((kept.revision > 0).then_some(kept));
            }
            Err(error) => return Err(error),
        };
        let identity = |object: &Value| (GroupKind::of(object), Key::of(object));
        let mut objects: std::collections::BTreeMap<_, _> = kept
            .objects
            .drain(..)
            .map(|object| (identity(&object), object))
            .collect();
        for line in journal.lines() {
            // The last line of a killed process may be incomplete; its write was not acknowledged.
            let Ok(line) = serde_json::from_str::<Line<'_>>(&line?) else {
                break;
            };
            if line.revision <= kept.revision {
                continue;
            }
            kept.revision = line.revision;
            if line.removed {
                objects.remove(&identity(&line.object));
            } else {
                objects.insert(identity(&line.object), line.object.into_owned());
            }
        }
        kept.objects = objects.into_values().collect();
        Ok((kept.revision > 0).then_some(kept))
    }

    /// Writes a snapshot of `store` and starts a journal.
    ///
    /// # Errors
    /// When the files cannot be written.
    pub(crate) fn start(snapshot: &Path, store: &Store) -> io::Result<Self> {
        if let Some(folder) = snapshot.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder)?;
        }
        write_snapshot(snapshot, store)?;
        let path = journal_path(snapshot);
        let file = create_private(&path)?;
        Ok(Self {
            snapshot: snapshot.into(),
            path,
            file,
            bytes: 0,
            revision: store.revision(),
        })
    }

    /// Appends the writes since the last call.
    ///
    /// # Errors
    /// When the files cannot be written.
    pub(crate) fn keep(&mut self, store: &Store) -> io::Result<()> {
        if store.revision() == self.revision {
            return Ok(());
        }
        let Ok(changes) = store.changes_after(self.revision) else {
            return self.fold(store);
        };
        let mut text = Vec::new();
        for change in changes {
            let line = Line {
                revision: change.revision,
                object: std::borrow::Cow::Borrowed(&*change.object),
                removed: change.change == ChangeType::Deleted,
            };
            serde_json::to_writer(&mut text, &line)?;
            text.push(b'\n');
        }
        self.file.write_all(&text)?;
        self.bytes += text.len() as u64;
        self.revision = store.revision();
        if self.bytes > MAX_JOURNAL {
            self.fold(store)
        } else {
            Ok(())
        }
    }

    /// Deletes the snapshot and the journal.
    ///
    /// # Errors
    /// When a file cannot be deleted.
    pub(crate) fn discard(self) -> io::Result<()> {
        fs::remove_file(&self.snapshot)?;
        fs::remove_file(&self.path)
    }

    /// Folds the journal into the snapshot.
    ///
    /// # Errors
    /// When the files cannot be written.
    pub(crate) fn fold(&mut self, store: &Store) -> io::Result<()> {
        write_snapshot(&self.snapshot, store)?;
        // A crash between these two is harmless: replay skips old lines by revision.
        self.file = create_private(&self.path)?;
        self.bytes = 0;
        self.revision = store.revision();
        Ok(())
    }
}

fn journal_path(snapshot: &Path) -> PathBuf {
    let mut name = snapshot.file_name().unwrap_or_default().to_owned();
    name.push(".journal");
    snapshot.with_file_name(name)
}

fn write_snapshot(path: &Path, store: &Store) -> io::Result<()> {
    #[derive(Serialize)]
    struct Snapshot<'a> {
        revision: u64,
        objects: Vec<&'a Value>,
    }
    let objects = store
        .everything()
        .flat_map(|(_, table)| table.values().map(|object| &**object))
        .collect();
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = path.with_file_name(name);
    let mut file = io::BufWriter::new(create_private(&new)?);
    serde_json::to_writer(
        &mut file,
        &Snapshot {
            revision: store.revision(),
            objects,
        },
    )?;
    file.flush()?;
    file.get_ref().sync_all()?;
    fs::rename(&new, path)
}
