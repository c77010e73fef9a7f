//! Where in an object a walk stands, without allocating until somebody asks; and JSON pointers (RFC 6901).

use std::fmt::Write as _;

#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Root,
    /// A property that is judged as a document of its own: messages name what is in it from there on.
    Part(&'a str),
    /// A declared property.
    Property(&'a str),
    /// A key of a map.
    Key(&'a str),
    /// An item of a list.
    Index(usize),
}

/// A place in an object, as a chain to its parents on the stack.
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
    /// The object itself.
    pub const ROOT: Path<'static> = Path {
        parent: None,
        step: Step::Root,
    };

    /// Whether this is the whole of a document that is judged.
    #[must_use]
    pub fn is_root(&self) -> bool {
        matches!(self.step, Step::Root | Step::Part(_))
    }

    /// A property of the object that is judged as a document of its own.
    pub(crate) fn part(name: &'a str) -> Path<'a> {
        Path {
            parent: Some(&Path::ROOT),
            step: Step::Part(name),
        }
    }

    /// As `field.Path` writes the document that is judged: nothing, but for a part its name.
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

    /// A declared property below this place.
    #[must_use]
    pub fn property(&'a self, name: &'a str) -> Path<'a> {
        Path {
            parent: Some(self),
            step: Step::Property(name),
        }
    }

    /// A key of the map at this place.
    #[must_use]
    pub fn key(&'a self, name: &'a str) -> Path<'a> {
        Path {
            parent: Some(self),
            step: Step::Key(name),
        }
    }

    /// An item of the list at this place.
    #[must_use]
    pub fn index(&'a self, index: usize) -> Path<'a> {
        Path {
            parent: Some(self),
            step: Step::Index(index),
        }
    }

    /// As `k8s.io/kube-openapi` writes it: `spec.labels.app`, `spec.users[0]`.
    #[must_use]
    pub fn dotted(&self) -> String {
        self.write(&|out, step| match step {
            Step::Property(name) | Step::Key(name) => child(out, name),
            other => index(out, other),
        })
    }

    /// As `field.Path` writes it: `spec.labels[app]`, `spec.users[0]`.
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

    /// As a JSON pointer.
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

/// Appends `/name` to a JSON pointer, escaped by RFC 6901.
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

/// The tokens of a JSON pointer, unescaped. Empty for the empty pointer.
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
    fn one_place_is_written_three_ways() {
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
