//! Converts parser events to a JSON value, with `sigs.k8s.io/yaml`'s handling of anchors, merges, non-string keys and
//! duplicate keys.

use std::collections::{HashMap, HashSet};

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};
use serde_json::{Map, Value};

use super::resolve::{self, Scalar, TagType};
use super::{Document, DuplicateKey, YamlError, float_value};

/// Limits on a document.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Scalars, lists and maps; aliases count each time.
    pub(super) nodes: usize,
    /// Levels of nested lists and maps.
    pub(super) depth: usize,
    /// Bytes of scalars; aliases count each time.
    pub(super) bytes: usize,
}

/// How many nodes may come from aliases.
const MAX_ALIAS_NODES: usize = 50_000;

/// Parses the document in `text`. `first` is its first line in the file, counted from 1.
pub(super) fn document(text: &str, first: u64, limits: Limits) -> Result<Option<Document>, YamlError> {
    let options = granit_parser::options! {
        emit_comments: false,
        bom_inside_document_as_content: true,
        emit_unresolved_aliases: true,
        block_scalar_eof_without_line_feed: true,
        flow_nesting_limit: limits.depth,
        block_nesting_limit: limits.depth,
    };
    let mut reader = Reader {
        events: Parser::new_from_str_with_options(text, options),
        first,
        limits,
        nodes: 0,
        bytes: 0,
        replayed: 0,
        anchors: HashMap::new(),
        duplicate_keys: Vec::new(),
    };
    let mut found = None;
    while let Some((event, span)) = reader.next()? {
        match event {
            Event::StreamStart | Event::DocumentEnd => {}
            Event::StreamEnd => break,
            Event::DocumentStart(_, version) => {
                if version.is_some_and(|version| (version.major, version.minor) != (1, 1)) {
                    return Err(reader.error(&span, "Kubernetes reads YAML 1.1 only".to_owned()));
                }
                if found.is_some() {
                    return Err(reader.error(
                        &span,
                        "a second document begins here, which Kubernetes would not see: begin its line with ---"
                            .to_owned(),
                    ));
                }
                let (event, span) = reader.expect(&span)?;
                let line = reader.line(&span);
                let node = reader.node(event, &span, 0)?;
                let value = Reader::value(node, line)?;
                found = Some((value, line));
            }
            _ => return Err(reader.error(&span, "is no YAML document".to_owned())),
        }
    }
    Ok(found.map(|(value, line)| Document {
        value,
        duplicate_keys: reader.duplicate_keys,
        line,
    }))
}

/// The value of an event and of those that belong to it.
#[derive(Debug, Clone)]
enum Node {
    Scalar(Scalar),
    List(Vec<Value>),
    Map(Map<String, Value>),
}

#[derive(Debug, Clone)]
struct Anchored {
    node: Node,
    nodes: usize,
    bytes: usize,
}

struct Reader<'t> {
    events: Parser<'t, StrInput<'t>>,
    first: u64,
    limits: Limits,
    nodes: usize,
    bytes: usize,
    replayed: usize,
    anchors: HashMap<usize, Anchored>,
    duplicate_keys: Vec<DuplicateKey>,
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Result<Option<(Event<'t>, Span)>, YamlError> {
        self.events
            .next_event()
            .transpose()
            .map_err(|error| self.scan_error(&error))
    }

    fn expect(&mut self, at: &Span) -> Result<(Event<'t>, Span), YamlError> {
        match self.next()? {
            Some(next) => Ok(next),
            None => Err(self.error(at, "the text ends too early".to_owned())),
        }
    }

    fn line(&self, span: &Span) -> u64 {
        self.first - 1 + u64::try_from(span.start.line()).unwrap_or(1).max(1)
    }

    fn error(&self, span: &Span, problem: String) -> YamlError {
        YamlError {
            problem,
            line: Some(self.line(span)),
        }
    }

    fn scan_error(&self, error: &ScanError) -> YamlError {
        let line = u64::try_from(error.marker().line()).unwrap_or(1).max(1);
        YamlError {
            problem: error.info().lines().next().unwrap_or_default().to_owned(),
            line: Some(self.first - 1 + line),
        }
    }

    fn at_line(line: u64, problem: String) -> YamlError {
        YamlError {
            problem,
            line: Some(line),
        }
    }

    fn node(&mut self, event: Event<'t>, span: &Span, depth: usize) -> Result<Node, YamlError> {
        self.nodes += 1;
        if self.nodes > self.limits.nodes {
            return Err(self.error(span, "the text has too many values".to_owned()));
        }
        if depth > self.limits.depth {
            return Err(self.error(span, format!("it nests deeper than {}", self.limits.depth)));
        }
        let before = (self.nodes, self.bytes);
        let (node, anchor) = match event {
            Event::Alias(anchor) => return self.alias(anchor, span),
            Event::UnresolvedAlias(name) => {
                return Err(self.error(span, format!("the alias *{name} names no anchor before it")));
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.bytes += text.len();
                (
                    Node::Scalar(self.scalar(&text, style, tag.as_deref(), span)?),
                    anchor,
                )
            }
            Event::SequenceStart(_, anchor, _) => (Node::List(self.list(span, depth)?), anchor),
            Event::MappingStart(_, anchor, _) => (Node::Map(self.map(span, depth)?), anchor),
            _ => return Err(self.error(span, "a value is missing here".to_owned())),
        };
        if anchor > 0 {
            let anchored = Anchored {
                node: node.clone(),
                nodes: 1 + self.nodes - before.0,
                bytes: self.bytes - before.1,
            };
            self.anchors.insert(anchor, anchored);
        }
        Ok(node)
    }

    fn alias(&mut self, anchor: usize, span: &Span) -> Result<Node, YamlError> {
        // An alias inside its own anchor is an error.
        let Some(anchored) = self.anchors.get(&anchor) else {
            return Err(self.error(span, "an anchor's value contains itself".to_owned()));
        };
        self.nodes += anchored.nodes;
        self.bytes += anchored.bytes;
        self.replayed += anchored.nodes;
        let is_beyond = self.nodes > self.limits.nodes || self.bytes > self.limits.bytes;
        if is_beyond || self.replayed > MAX_ALIAS_NODES {
            return Err(self.error(span, "its aliases unfold to too many values".to_owned()));
        }
        Ok(anchored.node.clone())
    }

    fn scalar(
        &self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&Tag>,
        span: &Span,
    ) -> Result<Scalar, YamlError> {
        let Some(tag) = tag else {
            return Ok(match style {
                ScalarStyle::Plain => resolve::resolve(text),
                _ => Scalar::Text(text.to_owned()),
            });
        };
        let name = format!("{}{}", tag.handle(), tag.suffix());
        let tag_type = match name.strip_prefix("tag:yaml.org,2002:") {
            Some("bool") => TagType::Bool,
            Some("int") => TagType::Int,
            Some("float") => TagType::Float,
            Some("null") => TagType::Null,
            Some("timestamp") => TagType::Timestamp,
            Some("binary") => return self.binary(text, span),
            // Values with other tags become strings.
            _ => TagType::Text,
        };
        resolve::resolve_as(tag_type, text)
            .ok_or_else(|| self.error(span, format!("{text:?} is not what its tag {name} says")))
    }

    fn binary(&self, text: &str, span: &Span) -> Result<Scalar, YamlError> {
        use base64::Engine as _;
        // Line breaks are ignored, as in Go's decoder.
        let text: String = text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(text)
            .map_err(|_| self.error(span, "!!binary holds no base64".to_owned()))?;
        Ok(Scalar::Text(String::from_utf8_lossy(&bytes).into_owned()))
    }

    fn list(&mut self, span: &Span, depth: usize) -> Result<Vec<Value>, YamlError> {
        let mut items = Vec::new();
        loop {
            let (event, at) = self.expect(span)?;
            if matches!(event, Event::SequenceEnd) {
                return Ok(items);
            }
            let line = self.line(&at);
            let node = self.node(event, &at, depth + 1)?;
            items.push(Self::value(node, line)?);
        }
    }

    fn map(&mut self, span: &Span, depth: usize) -> Result<Map<String, Value>, YamlError> {
        let mut map = Map::new();
        let mut merged: HashSet<String> = HashSet::new();
        loop {
            let (event, at) = self.expect(span)?;
            if matches!(event, Event::MappingEnd) {
                return Ok(map);
            }
            if is_merge(&event) {
                let (event, at) = self.expect(&at)?;
                self.merge(event, &at, depth, &mut map, &mut merged)?;
                continue;
            }
            let key_line = self.line(&at);
            let key = match self.node(event, &at, depth + 1)? {
                Node::Scalar(scalar) => resolve::key(&scalar),
                Node::List(_) | Node::Map(_) => None,
            };
            let Some(key) = key else {
                return Err(self.error(
                    &at,
                    "such a key Kubernetes does not take: it must be a text".to_owned(),
                ));
            };
            let (event, at) = self.expect(&at)?;
            let line = self.line(&at);
            let node = self.node(event, &at, depth + 1)?;
            let value = Self::value(node, line)?;
            if map.insert(key.clone(), value).is_some() {
                self.duplicate_keys.push(DuplicateKey {
                    line: key_line,
                    by_merge: merged.remove(&key),
                    key,
                });
            }
        }
    }

    /// `<<: *other`: inserts the other map here; it overrides the keys before it.
    fn merge(
        &mut self,
        event: Event<'t>,
        span: &Span,
        depth: usize,
        map: &mut Map<String, Value>,
        merged: &mut HashSet<String>,
    ) -> Result<(), YamlError> {
        let is_list = matches!(event, Event::SequenceStart(..));
        let mut sources = Vec::new();
        if is_list {
            loop {
                let (event, at) = self.expect(span)?;
                if matches!(event, Event::SequenceEnd) {
                    break;
                }
                sources.push(self.node(event, &at, depth + 1)?);
            }
        } else {
            sources.push(self.node(event, span, depth + 1)?);
        }
        // With several maps the first wins, so they are inserted in reverse.
        for source in sources.into_iter().rev() {
            let Node::Map(source) = source else {
                return Err(self.error(span, "only maps can be merged".to_owned()));
            };
            for (key, value) in source {
                if map.insert(key.clone(), value).is_some() {
                    self.duplicate_keys.push(DuplicateKey {
                        line: self.line(span),
                        key: key.clone(),
                        by_merge: true,
                    });
                }
                merged.insert(key);
            }
        }
        Ok(())
    }

    fn value(node: Node, line: u64) -> Result<Value, YamlError> {
        Ok(match node {
            Node::List(items) => Value::Array(items),
            Node::Map(map) => Value::Object(map),
            Node::Scalar(Scalar::Null) => Value::Null,
            Node::Scalar(Scalar::Bool(is)) => Value::Bool(is),
            Node::Scalar(Scalar::Int(int)) => Value::from(int),
            // The API server decodes numbers beyond int64 as floats.
            #[expect(clippy::cast_precision_loss, reason = "as the API server has it")]
            Node::Scalar(Scalar::Unsigned(int)) => Value::from(int as f64),
            Node::Scalar(Scalar::Float(number)) if number.is_finite() => float_value(number),
            Node::Scalar(Scalar::Float(_)) => {
                return Err(Self::at_line(line, "JSON has neither .inf nor .nan".to_owned()));
            }
            Node::Scalar(Scalar::Text(text)) => Value::String(text),
        })
    }
}

fn is_merge(event: &Event<'_>) -> bool {
    match event {
        Event::Scalar(text, style, _, None) => text == "<<" && *style == ScalarStyle::Plain,
        Event::Scalar(text, _, _, Some(tag)) => {
            text == "<<" && format!("{}{}", tag.handle(), tag.suffix()) == "tag:yaml.org,2002:merge"
        }
        _ => false,
    }
}
