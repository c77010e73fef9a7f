//! Paths of fields in an object, which allocate only when printed; and JSON pointers (RFC 6901).

use std::fmt::Write as _;

#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Root,
    /// A subtree that is validated as a separate document; messages use paths relative to it.
    Part(&'a str),
    /// A declared property.
    Property(&'a str),
    /// A key of a map.
    Key(&'a str),
    /// An item of a list.
    Index(usize),
}

/// The path of a field, as a linked list on the stack.
///
/// ```
/// use kube_schema::path::Path;
///
/// let spec = Path::ROOT.property("spec");
/// let labels = spec.property("labels");
/// assert_eq!(labels.key("app").field(), "spec.labels[app]");
/// assert_eq!(labels.key("app").pointer(), "/spec/labels/app");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    step: Step<'a>,
}

impl<'a> Path<'a> {
    /// The whole object.
    pub const ROOT: Path<'static> = Path {
        parent: None,
        step: Step::Root,
    };

    /// True for the root of a validated document.
    #[must_use]
    pub fn is_root(&self) -> bool {
        matches!(self.step, Step::Root | Step::Part(_))
    }

    /// A property that is validated as a separate document, as `status` is.
    pub(crate) fn part(name: &'a str) -> Path<'a> {
        Path {
            parent: Some(&Path::ROOT),
            step: Step::Part(name),
        }
    }

    /// The name of the separately validated property that this path is in; empty if there is none.
    pub(crate) fn document(&self) -> &'a str {
        let mut at = Some(self);
        while let Some(path) = at {
            if let Step::Part(name) = path.step {
                return name;
            }
            at = path.parent;
        }
        ""
    }

    /// A declared property below this path.
    #[must_use]
    pub fn property(&'a self, name: &'a str) -> Path<'a> {
        Path {
            parent: Some(self),
            step: Step::Property(name),
        }
    }

    /// A key of the map at this path.
    #[must_use]
    pub fn key(&'a self, name: &'a str) -> Path<'a> {
        Path {
            parent: Some(self),
            step: Step::Key(name),
        }
    }

    /// An item of the list at this path.
    #[must_use]
    pub fn index(&'a self, index: usize) -> Path<'a> {
        Path {
            parent: Some(self),
            step: Step::Index(index),
        }
    }

    /// Formats the path like `k8s.io/kube-openapi`: `spec.labels.app`, `spec.users[0]`.
    #[must_use]
    pub fn dotted(&self) -> String {
        self.write(&|out, step| match step {
            Step::Property(name) | Step::Key(name) => child(out, name),
            other => index(out, other),
        })
    }

    /// Formats the path like `field.Path`: `spec.labels[app]`, `spec.users[0]`.
    #[must_use]
    pub fn field(&self) -> String {
        self.write(&|out, step| match step {
            Step::Property(name) | Step::Part(name) => child(out, name),
            Step::Key(name) => {
                let _ = write!(out, "[{name}]");
            }
            other => index(out, other),
        })
    }

    /// Formats the path as a JSON pointer.
    #[must_use]
    pub fn pointer(&self) -> String {
        self.write(&|out, step| match step {
            Step::Root => {}
            Step::Part(name) | Step::Property(name) | Step::Key(name) => push_token(out, name),
            Step::Index(index) => {
                let _ = write!(out, "/{index}");
            }
        })
    }

    fn write(&self, append: &dyn Fn(&mut String, Step<'_>)) -> String {
        let mut steps = Vec::new();
        let mut at = Some(self);
        while let Some(path) = at {
            steps.push(path.step);
            at = path.parent;
        }
        let mut out = String::new();
        for step in steps.into_iter().rev() {
            append(&mut out, step);
        }
        out
    }
}

fn child(out: &mut String, name: &str) {
    if !out.is_empty() {
        out.push('.');
    }
    out.push_str(name);
}

fn index(out: &mut String, step: Step<'_>) {
    if let Step::Index(index) = step {
        let _ = write!(out, "[{index}]");
    }
}

/// Appends `/name` to a JSON pointer, escaped according to RFC 6901.
pub fn push_token(pointer: &mut String, name: &str) {
    pointer.push('/');
    for c in name.chars() {
        match c {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            c => pointer.push(c),
        }
    }
}

/// Splits a JSON pointer into unescaped tokens. Empty for the empty pointer.
#[must_use]
pub fn tokens(pointer: &str) -> Vec<String> {
    let Some(rest) = pointer.strip_prefix('/') else {
        return Vec::new();
    };
    rest.split('/')
        .map(|token| token.replace("~1", "/").replace("~0", "~"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_path_has_three_formats() {
        let spec = Path::ROOT.property("spec");
        let labels = spec.property("labels");
        let key = labels.key("example.com/app");
        let item = key.index(3);
        assert_eq!(item.dotted(), "spec.labels.example.com/app[3]");
        assert_eq!(item.field(), "spec.labels[example.com/app][3]");
        assert_eq!(item.pointer(), "/spec/labels/example.com~1app/3");
        assert_eq!(
            tokens(&item.pointer()),
            ["spec", "labels", "example.com/app", "3"]
        );
    }
}
