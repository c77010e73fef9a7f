//! The signatures of all functions that rules can call.
//!
//! An overload is written `name id = (arguments) -> result`, one of a member function `name id = receiver.(arguments)
//! -> result`; single capital letters are type parameters. Overloads of one name are in cel-go's order.

mod extensions;
mod kubernetes;
mod operators;
mod standard;

use std::collections::HashMap;
use std::sync::LazyLock;

use super::types::Type;

/// Overloads that the API server allows only in rules that are already stored, because older servers do not have them.
const STORED_ONLY: [&str; 1] = ["list_includes_dyn_dyn"];

/// An overload of a function.
#[derive(Debug)]
pub(super) struct Overload {
    pub(super) id: &'static str,
    /// True for a member function, whose receiver is the first argument.
    pub(super) is_member: bool,
    pub(super) arguments: Vec<Type>,
    pub(super) result: Type,
    /// The number of type parameters.
    pub(super) parameters: usize,
    /// True if new rules may not use it.
    pub(super) is_stored_only: bool,
}

static FUNCTIONS: LazyLock<HashMap<&'static str, Vec<Overload>>> = LazyLock::new(|| {
    let mut functions: HashMap<_, Vec<Overload>> = HashMap::new();
    for table in [
        operators::TABLE,
        standard::TABLE,
        extensions::TABLE,
        kubernetes::TABLE,
    ] {
        for line in table.lines().filter(|line| !line.is_empty()) {
            let read = read(line);
            debug_assert!(read.is_some(), "{line}");
            if let Some((name, overload)) = read {
                functions.entry(name).or_default().push(overload);
            }
        }
    }
    functions
});

/// The usable overloads of a function; `None` if there is no such function.
pub(super) fn overloads(name: &str, stored: bool) -> Option<impl Iterator<Item = &'static Overload> + Clone> {
    let usable = move |overload: &&Overload| stored || !overload.is_stored_only;
    let mut all = FUNCTIONS.get(name)?.iter().filter(usable).peekable();
    all.peek().is_some().then_some(all)
}

fn read(line: &'static str) -> Option<(&'static str, Overload)> {
    let (head, signature) = line.split_once(" = ")?;
    let (name, id) = head.split_once(' ')?;
    let (arguments, result) = signature.rsplit_once(" -> ")?;
    let mut letters = Vec::new();
    let mut types = Vec::new();
    let arguments = if let Some((target, rest)) = arguments.split_once(".(") {
        types.push(of(target, &mut letters)?);
        rest
    } else {
        arguments.strip_prefix('(')?
    };
    let is_member = !types.is_empty();
    for argument in parts(arguments.strip_suffix(')')?) {
        types.push(of(argument, &mut letters)?);
    }
    let result = of(result, &mut letters)?;
    let overload = Overload {
        id,
        is_member,
        arguments: types,
        result,
        parameters: letters.len(),
        is_stored_only: STORED_ONLY.contains(&id),
    };
    Some((name, overload))
}

/// Parses a type. Type parameters are numbered by first occurrence.
fn of(text: &str, letters: &mut Vec<char>) -> Option<Type> {
    if let Some((outer, inner)) = text.split_once('(') {
        let mut inner = parts(inner.strip_suffix(')')?)
            .into_iter()
            .map(|part| of(part, letters))
            .collect::<Option<Vec<_>>>()?;
        let last = inner.pop()?;
        return Some(match (outer, inner.pop()) {
            ("list", None) => Type::list(last),
            ("optional_type", None) => Type::optional(last),
            ("type", None) => Type::of_type(last),
            ("map", Some(key)) => Type::map(key, last),
            _ => return None,
        });
    }
    match text.chars().next() {
        Some(letter) if text.len() == 1 && letter.is_ascii_uppercase() => {
            let known = letters.iter().position(|one| *one == letter);
            Some(Type::Param(known.unwrap_or_else(|| {
                letters.push(letter);
                letters.len() - 1
            })))
        }
        _ => Type::named(text),
    }
}

/// Splits at commas outside of brackets.
fn parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    parts.retain(|part| !part.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_signature_can_be_parsed() {
        let lines = [
            operators::TABLE,
            standard::TABLE,
            extensions::TABLE,
            kubernetes::TABLE,
        ]
        .into_iter()
        .flat_map(str::lines)
        .filter(|line| !line.is_empty());
        for line in lines {
            assert!(read(line).is_some(), "{line}");
        }
    }

    #[test]
    fn the_receiver_is_the_first_argument() {
        let (name, overload) = read("orValue x = optional_type(V).(V) -> V").unwrap();
        assert_eq!(
            (name, overload.is_member, overload.parameters),
            ("orValue", true, 1)
        );
        let shown: Vec<String> = overload.arguments.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["optional_type(_var0)", "_var0"]);
    }

    #[test]
    fn new_overloads_are_for_stored_rules_only() {
        assert!(overloads("includes", false).is_none());
        assert!(overloads("includes", true).is_some());
    }
}
