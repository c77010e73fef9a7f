//! A page of the documentation as something to follow: its files are written and its commands run, in the order of the page.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A page, and the folder in which it is followed.
#[derive(Debug)]
pub struct Walkthrough {
    sections: Vec<(String, Vec<Step>)>,
    folder: PathBuf,
    environment: Vec<(String, String)>,
}

/// What a code block asks for.
#[derive(Debug)]
enum Step {
    /// A `yaml` block whose first line names a file.
    File { path: String, text: String },
    /// A `sh` block.
    Commands(String),
}

impl Walkthrough {
    /// Reads a page. `replaced` are pairs of what the page says and what holds here, such as addresses.
    ///
    /// # Panics
    /// When a code block is not closed, or a `yaml` block does not name its file.
    #[must_use]
    pub fn read(page: &str, replaced: &[(&str, &str)], folder: &Path) -> Self {
        let here = |text: String| {
            replaced
                .iter()
                .fold(text, |text, (says, holds)| text.replace(says, holds))
        };
        let mut sections = vec![(String::new(), Vec::new())];
        let mut lines = page.lines();
        while let Some(line) = lines.next() {
            if let Some(heading) = line.strip_prefix("## ") {
                sections.push((heading.to_owned(), Vec::new()));
            }
            let Some(language) = line.strip_prefix("```") else {
                continue;
            };
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            let text = here(block.join("\n") + "\n");
            let step = match language {
                "yaml" => {
                    let path = block[0].strip_prefix("# ").expect("a file's name").to_owned();
                    Step::File { path, text }
                }
                "sh" => Step::Commands(text),
                _ => continue,
            };
            sections.last_mut().unwrap().1.push(step);
        }
        Self {
            sections,
            folder: folder.to_owned(),
            environment: Vec::new(),
        }
    }

    /// Sets an environment variable of its commands.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Does what the sections say whose headings begin so; with `""`, what stands before the first heading.
    ///
    /// # Panics
    /// When there is no such section, or a command fails; prints what it wrote.
    pub fn follow(&self, heading: &str) {
        let section = self.sections.iter().find(|(name, _)| {
            if heading.is_empty() {
                name.is_empty()
            } else {
                name.starts_with(heading)
            }
        });
        let (name, steps) = section.unwrap_or_else(|| panic!("no section {heading:?}"));
        for step in steps {
            match step {
                Step::File { path, text } => fs::write(self.folder.join(path), text).unwrap(),
                Step::Commands(text) => self.run(name, text),
            }
        }
    }

    fn run(&self, section: &str, commands: &str) {
        let output = Command::new("sh")
            .args(["-e", "-u", "-c", commands])
            .current_dir(&self.folder)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{section}: {commands}\n{}\n{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_followed_section_by_section() {
        let folder = tempfile::tempdir().unwrap();
        let page = "\
```sh
mkdir config
```
## 1. Write
```yaml
# config/one.yaml
host: here.example.com
```
```console
$ false
```
## 2. Read
```sh
grep there $WHAT > found
```
";
        let page =
            Walkthrough::read(page, &[("here.", "there.")], folder.path()).with("WHAT", "config/one.yaml");
        page.follow("");
        page.follow("1.");
        page.follow("2.");
        let found = fs::read_to_string(folder.path().join("found")).unwrap();
        assert_eq!(found, "host: there.example.com\n");
    }

    #[test]
    #[should_panic(expected = "2. Read")]
    fn a_command_that_fails_is_named_with_its_section() {
        let folder = tempfile::tempdir().unwrap();
        let page = "## 2. Read\n```sh\nfalse\ntrue\n```\n";
        Walkthrough::read(page, &[], folder.path()).follow("2.");
    }
}
