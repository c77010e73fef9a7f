//! Translates RE2 syntax to that of the `regex` crate, with the error messages of Go's `regexp/syntax`.
//!
//! The two differ in details: in RE2 `\d`, `\w`, `\s` and `\b` are ASCII, a brace that starts no repetition and a
//! bracket within a class are literals, `\Q…\E` quotes, digits after a backslash are octal, and `&&`, `--` and `~~`
//! have no special meaning in a class. So the pattern is parsed and written out again.

use std::fmt::Write as _;

/// RE2's limit on the count of a repetition.
const MAX_REPEAT: u32 = 1000;

/// Class names between `[:` and `:]`.
const CLASS_NAMES: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space",
    "upper", "word", "xdigit",
];

/// Translates a pattern.
///
/// # Errors
/// Go's error message: ``error parsing regexp: missing closing ): `(a` ``.
pub(super) fn translate(source: &str) -> Result<String, String> {
    let mut translator = Translator {
        source,
        rest: source,
        out: String::with_capacity(source.len() * 2),
        open: 0,
        has_operand: false,
    };
    translator
        .read()
        .map_err(|(problem, part)| format!("error parsing regexp: {problem}: `{part}`"))?;
    Ok(translator.out)
}

/// The error message, and the offending part of the pattern.
type Problem<'a> = (&'static str, &'a str);

const BAD_ESCAPE: &str = "invalid escape sequence";
const BAD_RANGE: &str = "invalid character class range";
const BAD_NAME: &str = "invalid named capture";
const BAD_PERL: &str = "invalid or unsupported Perl syntax";

struct Translator<'a> {
    source: &'a str,
    rest: &'a str,
    out: String,
    /// The number of open groups.
    open: usize,
    /// True if there is something that an operator can repeat.
    has_operand: bool,
}

impl<'a> Translator<'a> {
    fn read(&mut self) -> Result<(), Problem<'a>> {
        // The start of the repetition that ended at this position.
        let mut repeated: Option<&'a str> = None;
        while let Some(c) = self.rest.chars().next() {
            let before = self.rest;
            let mut repeats = None;
            match c {
                '(' if before.starts_with("(?") => self.group_with_flags()?,
                '(' => {
                    self.skip(1);
                    self.enter();
                }
                ')' => {
                    if self.open == 0 {
                        return Err(("unexpected )", self.source));
                    }
                    self.open -= 1;
                    self.operand(")", 1);
                }
                '|' => {
                    self.skip(1);
                    self.out.push('|');
                    self.has_operand = false;
                }
                '^' => self.operand("^", 1),
                '$' => self.operand("$", 1),
                '.' => self.operand(".", 1),
                '[' => self.class()?,
                '*' | '+' | '?' => {
                    self.skip(1);
                    self.repeat(before, repeated, &c.to_string())?;
                    repeats = Some(before);
                }
                '{' => match bounds(before) {
                    None => self.operand("\\{", 1),
                    Some((bounds, after)) => {
                        self.rest = after;
                        let too_many = |count: Option<u32>| count.is_none_or(|count| count > MAX_REPEAT);
                        let (least, most) = bounds;
                        let out_of_range =
                            too_many(least) || most.is_some_and(|most| too_many(most) || most < least);
                        if out_of_range {
                            return Err(("invalid repeat count", consumed(before, after)));
                        }
                        let least = least.unwrap_or_default();
                        let written = match most {
                            None => format!("{{{least},}}"),
                            Some(most) => format!("{{{least},{}}}", most.unwrap_or_default()),
                        };
                        self.repeat(before, repeated, &written)?;
                        repeats = Some(before);
                    }
                },
                '\\' => self.escape()?,
                c => {
                    let mut buffer = [0; 4];
                    let plain = regex::escape(c.encode_utf8(&mut buffer));
                    self.operand(&plain, c.len_utf8());
                }
            }
            repeated = repeats;
        }
        if self.open > 0 {
            return Err(("missing closing )", self.source));
        }
        Ok(())
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = &self.rest[bytes..];
    }

    /// Writes something that can be repeated.
    fn operand(&mut self, written: &str, bytes: usize) {
        self.skip(bytes);
        self.out.push_str(written);
        self.has_operand = true;
    }

    fn enter(&mut self) {
        self.out.push('(');
        self.open += 1;
        self.has_operand = false;
    }

    /// Writes a repetition operator. `before` is the rest of the pattern where it starts, `repeated` where a directly
    /// preceding one starts.
    fn repeat(
        &mut self,
        before: &'a str,
        repeated: Option<&'a str>,
        written: &str,
    ) -> Result<(), Problem<'a>> {
        let lazy = self.rest.starts_with('?');
        if lazy {
            self.skip(1);
        }
        if let Some(repeated) = repeated {
            return Err((
                "invalid nested repetition operator",
                consumed(repeated, self.rest),
            ));
        }
        if !self.has_operand {
            return Err((
                "missing argument to repetition operator",
                consumed(before, self.rest),
            ));
        }
        self.out.push_str(written);
        if lazy {
            self.out.push('?');
        }
        Ok(())
    }

    /// `(?P<name>`, `(?<name>`, `(?i)`, `(?i-s:`
    fn group_with_flags(&mut self) -> Result<(), Problem<'a>> {
        let before = self.rest;
        let name = before.strip_prefix("(?P<").or_else(|| before.strip_prefix("(?<"));
        if let Some(name) = name {
            let end = name.find('>').ok_or((BAD_NAME, before))?;
            let (name, after) = (&name[..end], &name[end + 1..]);
            let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if name.is_empty() || !name.chars().all(is_word) {
                return Err((BAD_NAME, consumed(before, after)));
            }
            self.rest = after;
            self.enter();
            return Ok(());
        }
        self.skip(2);
        let (mut negative, mut has_flag) = (false, false);
        while let Some(c) = self.rest.chars().next() {
            self.skip(c.len_utf8());
            match c {
                'i' | 'm' | 's' | 'U' => has_flag = true,
                '-' if !negative => (negative, has_flag) = (true, false),
                ':' | ')' if !negative || has_flag => {
                    let flags = consumed(before, self.rest);
                    // An empty list of flags is allowed in RE2 but not in `regex`.
                    if flags != "(?)" {
                        self.out.push_str(flags);
                    }
                    if c == ':' {
                        self.open += 1;
                        self.has_operand = false;
                    }
                    return Ok(());
                }
                _ => return Err((BAD_PERL, consumed(before, self.rest))),
            }
        }
        Err(("missing closing )", self.source))
    }

    fn escape(&mut self) -> Result<(), Problem<'a>> {
        let before = self.rest;
        match before[1..].chars().next() {
            Some('A') => self.operand("\\A", 2),
            Some('z') => self.operand("\\z", 2),
            Some('b') => self.operand("(?-u:\\b)", 2),
            Some('B') => self.operand("(?-u:\\B)", 2),
            Some('Q') => {
                let (quoted, after) = before[2..].split_once("\\E").unwrap_or((&before[2..], ""));
                self.out.push_str(&regex::escape(quoted));
                self.has_operand |= !quoted.is_empty();
                self.rest = after;
            }
            Some('p' | 'P') => {
                let group = self.unicode_group()?;
                self.operand(&group, 0);
            }
            Some(c) if perl_group(c).is_some() => {
                let (negated, set) = perl_group(c).unwrap_or_default();
                let sign = if negated { "^" } else { "" };
                self.operand(&format!("[{sign}{set}]"), 2);
            }
            _ => {
                let c = self.escaped_character()?;
                self.operand(&hex(c), 0);
            }
        }
        Ok(())
    }

    /// `\pN`, `\p{Greek}`, `\P{^Lu}`
    fn unicode_group(&mut self) -> Result<String, Problem<'a>> {
        let before = self.rest;
        let mut negated = before[1..].starts_with('P');
        self.skip(2);
        let (name, after) = if let Some(inner) = self.rest.strip_prefix('{') {
            inner.split_once('}').ok_or((BAD_RANGE, before))?
        } else {
            let c = self.rest.chars().next().ok_or((BAD_RANGE, before))?;
            self.rest.split_at(c.len_utf8())
        };
        self.rest = after;
        let bare = match name.strip_prefix('^') {
            Some(bare) => {
                negated = !negated;
                bare
            }
            None => name,
        };
        let written = format!("\\{}{{{bare}}}", if negated { 'P' } else { 'p' });
        let is_known = !bare.is_empty() && bare.chars().all(|c| c.is_ascii_alphabetic() || c == '_');
        if !is_known || regex_syntax::parse(&written).is_err() {
            return Err((BAD_RANGE, consumed(before, self.rest)));
        }
        Ok(written)
    }

    /// Parses an escaped character and advances past it.
    fn escaped_character(&mut self) -> Result<char, Problem<'a>> {
        let before = self.rest;
        self.skip(1);
        let Some(c) = self.rest.chars().next() else {
            return Err(("trailing backslash at end of expression", ""));
        };
        self.skip(c.len_utf8());
        let is_octal = |c: char| c.is_digit(8);
        let found = match c {
            '1'..='7' if !self.rest.starts_with(is_octal) => None,
            '0'..='7' => {
                let more = self.rest.chars().take(2).take_while(|c| is_octal(*c)).count();
                let digits = format!("{c}{}", &self.rest[..more]);
                self.skip(more);
                u32::from_str_radix(&digits, 8).ok().and_then(char::from_u32)
            }
            'x' => {
                let (digits, after) = match self.rest.strip_prefix('{') {
                    Some(inner) => inner.split_once('}').unwrap_or((inner, "")),
                    None => match self.rest.char_indices().nth(2) {
                        Some((end, _)) => self.rest.split_at(end),
                        None => (self.rest, ""),
                    },
                };
                let is_long_enough = self.rest.starts_with('{') || digits.len() == 2;
                self.rest = after;
                let is_hex = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_hexdigit());
                let code = u32::from_str_radix(digits, 16)
                    .ok()
                    .filter(|_| is_hex && is_long_enough);
                code.and_then(char::from_u32)
            }
            'a' => Some('\u{7}'),
            'f' => Some('\u{c}'),
            'n' => Some('\n'),
            'r' => Some('\r'),
            't' => Some('\t'),
            'v' => Some('\u{b}'),
            c if c.is_ascii() && !c.is_ascii_alphanumeric() => Some(c),
            _ => None,
        };
        found.ok_or_else(|| (BAD_ESCAPE, consumed(before, self.rest)))
    }

    /// `[^a-z\d[:alpha:]]`
    fn class(&mut self) -> Result<(), Problem<'a>> {
        let before = self.rest;
        self.skip(1);
        let mut set = String::from("[");
        if self.rest.starts_with('^') {
            self.skip(1);
            set.push('^');
        }
        let mut is_first = true;
        while is_first || !self.rest.starts_with(']') {
            is_first = false;
            if let Some((name, after)) = self
                .rest
                .strip_prefix("[:")
                .and_then(|name| name.split_once(":]"))
            {
                let bare = name.strip_prefix('^').unwrap_or(name);
                if !CLASS_NAMES.contains(&bare) {
                    return Err((BAD_RANGE, consumed(self.rest, after)));
                }
                let _ = write!(set, "[:{name}:]");
                self.rest = after;
                continue;
            }
            if self.rest.starts_with("\\p") || self.rest.starts_with("\\P") {
                let group = self.unicode_group()?;
                set.push_str(&group);
                continue;
            }
            let perl = self
                .rest
                .strip_prefix('\\')
                .and_then(|escape| perl_group(escape.chars().next()?));
            if let Some((negated, group)) = perl {
                self.skip(2);
                if negated {
                    let _ = write!(set, "[^{group}]");
                } else {
                    set.push_str(group);
                }
                continue;
            }
            let range = self.rest;
            let low = self.class_character(before)?;
            let mut high = low;
            let follows = self.rest.strip_prefix('-');
            if let Some(after) = follows.filter(|after| !after.is_empty() && !after.starts_with(']')) {
                self.rest = after;
                high = self.class_character(before)?;
                if high < low {
                    return Err((BAD_RANGE, consumed(range, self.rest)));
                }
            }
            set.push_str(&hex(low));
            if high != low {
                set.push('-');
                set.push_str(&hex(high));
            }
        }
        set.push(']');
        self.operand(&set, 1);
        Ok(())
    }

    fn class_character(&mut self, class: &'a str) -> Result<char, Problem<'a>> {
        match self.rest.chars().next() {
            None => Err(("missing closing ]", class)),
            Some('\\') => self.escaped_character(),
            Some(c) => {
                self.skip(c.len_utf8());
                Ok(c)
            }
        }
    }
}

/// The part of `before` that precedes `after`.
fn consumed<'a>(before: &'a str, after: &str) -> &'a str {
    &before[..before.len() - after.len()]
}

/// `\d` and the like: whether it is negated, and the characters.
fn perl_group(c: char) -> Option<(bool, &'static str)> {
    let set = match c.to_ascii_lowercase() {
        'd' => "0-9",
        's' => "\\t\\n\\f\\r ",
        'w' => "0-9A-Za-z_",
        _ => return None,
    };
    Some((c.is_ascii_uppercase(), set))
}

fn hex(c: char) -> String {
    format!("\\x{{{:X}}}", u32::from(c))
}

/// The bounds of a repetition; `None` for a number that is too large.
type Bounds = (Option<u32>, Option<Option<u32>>);

/// Parses `{2}`, `{2,}`, `{2,5}` and returns the rest; `None` if the brace starts no repetition.
fn bounds(text: &str) -> Option<(Bounds, &str)> {
    let (least, rest) = count(text.strip_prefix('{')?)?;
    if let Some(rest) = rest.strip_prefix('}') {
        return Some(((least, Some(least)), rest));
    }
    let rest = rest.strip_prefix(',')?;
    if let Some(rest) = rest.strip_prefix('}') {
        return Some(((least, None), rest));
    }
    let (most, rest) = count(rest)?;
    Some(((least, Some(most)), rest.strip_prefix('}')?))
}

/// Parses a number without leading zeros.
fn count(text: &str) -> Option<(Option<u32>, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    if digits.is_empty() || digits.len() > 1 && digits.starts_with('0') {
        return None;
    }
    Some((digits.parse().ok(), rest))
}
