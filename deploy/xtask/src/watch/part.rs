//! What a changed file is a part of, and so what has to be built again.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::crates::{Metadata, arrows, folder, metadata, reachable};

const PROGRAM: &str = "portico";

/// The part of the demo that a file belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// The style sheet, which the running program reads from disk.
    Style,
    /// Islands and what they use. Pages and browser code have to fit, so both are built before the restart.
    Browser,
    /// The rest of the program.
    Server,
}

/// The folders of the crates, relative to the root of the workspace.
pub(super) struct Parts {
    crates: Vec<(PathBuf, Option<Part>)>,
}

impl Parts {
    /// Reads the crates of the workspace.
    pub(super) fn read(root: &Path) -> Result<Self> {
        Ok(Self::of(&metadata(root)?))
    }

    fn of(metadata: &Metadata) -> Self {
        let arrows = arrows(metadata);
        let program = reachable(&arrows, PROGRAM);
        let part = |name: &str| match name {
            "portico-islands" | "portico-page" => Some(Part::Browser),
            name if name == PROGRAM || program.contains(name) => Some(Part::Server),
            _ => None,
        };
        let crates = metadata.packages.iter().map(|package| {
            let folder = PathBuf::from(folder(package, &metadata.workspace_root));
            (folder, part(&package.name))
        });
        Self {
            crates: crates.collect(),
        }
    }

    /// Returns the part that a file belongs to. `path` is relative to the root of the workspace. `None` for a file that
    /// the demo is not built from.
    pub(super) fn of_file(&self, path: &Path) -> Option<Part> {
        if is_temporary(path) {
            return None;
        }
        if path == Path::new("Cargo.toml") || path == Path::new("Cargo.lock") {
            return Some(Part::Browser);
        }
        if path.starts_with("style") {
            let is_css = path.extension().is_some_and(|extension| extension == "css");
            return is_css.then_some(Part::Style);
        }
        if path.starts_with("migrations") {
            return Some(Part::Server);
        }
        // Crates lie within others' folders: the innermost one has the file.
        let (folder, part) = self
            .crates
            .iter()
            .filter(|(folder, _)| path.starts_with(folder))
            .max_by_key(|(folder, _)| folder.components().count())?;
        let within = path.strip_prefix(folder).ok()?;
        let is_test = ["tests", "benches", "examples"]
            .iter()
            .any(|folder| within.starts_with(folder));
        part.filter(|_| !is_test)
    }
}

/// True for files that editors write beside the real one.
fn is_temporary(path: &Path) -> bool {
    let hidden = path
        .components()
        .any(|part| part.as_os_str().to_string_lossy().starts_with(['.', '#']));
    let name = path.file_name().map(|name| name.to_string_lossy());
    hidden
        || name.is_none_or(|name| {
            // Vim creates a file 4913 to find out whether it may write to the folder.
            name == "4913" || name.ends_with('~') || name.ends_with(".swp") || name.ends_with(".tmp")
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::root;

    #[test]
    fn a_file_is_a_part_of_what_its_crate_is_in() {
        let parts = Parts::read(&root()).unwrap();
        for (path, part) in [
            ("style/10-tokens.css", Some(Part::Style)),
            ("frontend/islands/src/theme.rs", Some(Part::Browser)),
            ("frontend/src/pages/home.rs", Some(Part::Server)),
            ("frontend/src/parts/icons.rs", Some(Part::Server)),
            ("frontend/page/src/names.rs", Some(Part::Browser)),
            ("frontend/assets/icons.svg", Some(Part::Server)),
            ("Cargo.lock", Some(Part::Browser)),
            ("server/domain/src/lib.rs", Some(Part::Server)),
            ("server/api/src/lib.rs", Some(Part::Server)),
            ("server/app/src/lib.rs", Some(Part::Server)),
            ("server/web/build.rs", Some(Part::Server)),
            ("server/src/main.rs", Some(Part::Server)),
            ("server/simulator/src/demo/seeds.yaml", Some(Part::Server)),
            ("migrations/0001.sql", Some(Part::Server)),
            ("server/store/tests/both.rs", None),
            ("frontend/examples/gallery/main.rs", None),
            ("deploy/xtask/src/main.rs", None),
            ("tests/src/lib.rs", None),
            ("README.md", None),
        ] {
            assert_eq!(parts.of_file(Path::new(path)), part, "{path}");
        }
    }

    #[test]
    fn files_that_editors_write_beside_the_real_one_change_nothing() {
        let parts = Parts::read(&root()).unwrap();
        for name in [
            ".lib.rs.swp",
            "lib.rs~",
            "#lib.rs#",
            ".#lib.rs",
            "4913",
            "lib.rs.tmp",
        ] {
            let path = Path::new("server/app/src").join(name);
            assert_eq!(parts.of_file(&path), None, "{name}");
        }
        assert_eq!(parts.of_file(Path::new("style/.10-tokens.css.swx")), None);
    }
}
