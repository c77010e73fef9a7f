//! Reads the files of a kubeconfig.

use std::path::{Path, PathBuf};

use super::field::Field;
use super::problem::{Problem, why};
use super::yaml::MAX_BYTES;

/// Reads a whole file of limited size.
pub(super) fn read_bytes(path: &Path) -> Result<Vec<u8>, &'static str> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|error| why(&error))?;
    let limit = MAX_BYTES as u64;
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| why(&error))?;
    if bytes.len() as u64 > limit {
        return Err("it is too long to be one");
    }
    Ok(bytes)
}

/// Where the files are that a kubeconfig names.
#[derive(Clone, Copy)]
pub(super) enum Files<'a> {
    /// Relative paths count from this folder.
    In(&'a Path),
    /// It may name none: it is a text from a Secret, and whoever writes that must not choose files or programs here.
    Nowhere,
}

impl Files<'_> {
    /// The path of the file that the field names.
    pub(super) fn path(self, field: &Field<'_>, name: &str) -> Result<PathBuf, Problem> {
        match self {
            Self::In(folder) => Ok(folder.join(name)),
            Self::Nowhere => Err(field.wrong(
                "names a file, but a kubeconfig in a Secret must hold everything itself: use token, or the fields that \
                 end in -data",
            )),
        }
    }
}

/// Reads a file that a field names. Does not show the name: people paste tokens and keys in its place.
pub(super) fn file_of<'n>(
    field: Field<'n>,
    place: Files<'_>,
    name: &str,
    files: &mut Vec<PathBuf>,
) -> Result<(Field<'n>, Vec<u8>), Problem> {
    let path = place.path(&field, name)?;
    let bytes = read_bytes(&path)
        .map_err(|why| field.wrong(format!("the file that it names cannot be read: {why}")))?;
    files.push(path);
    Ok((field, bytes))
}
