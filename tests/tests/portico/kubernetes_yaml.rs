//! YAML parses as in Kubernetes: compares generated scalars and documents with `sigs.k8s.io/yaml`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use kube_schema::yaml;
use portico_tests::report;
use serde_json::Value;

/// Builds Kubernetes' parser; `None` without Go.
fn kubernetes_reader(test: &str) -> Option<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("kubernetes-yaml");
    if Command::new("go").arg("version").output().is_err() {
        report::skip(test, "Go");
        return None;
    }
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("kubernetes-yaml-{test}"));
    let built = Command::new("go")
        .args(["build", "-trimpath", "-o"])
        .arg(&program)
        .arg(".")
        .current_dir(&source)
        .output()
        .unwrap();
    assert!(
        built.status.success(),
        "{}",
        String::from_utf8_lossy(&built.stderr)
    );
    report::took_part("sigs.k8s.io/yaml", "1.6.0");
    Some(program)
}

/// The result of Kubernetes for each document.
fn read_by_kubernetes(program: &Path, documents: &[String]) -> Vec<Value> {
    let mut child = Command::new(program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let input = serde_json::to_vec(documents).unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(&input).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let outcomes: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(outcomes.len(), documents.len());
    outcomes
}

/// Converts numbers as an API server does: `int64` if it fits, else `float64`.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a whole float within an integer's range"
)]
fn settled(value: &Value) -> Value {
    match value {
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| (key.clone(), settled(value)))
            .collect(),
        Value::Array(items) => items.iter().map(settled).collect(),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(int), _) => Value::from(int),
            (None, Some(float)) if float.fract() == 0.0 && float.abs() < 9.2e18 => Value::from(float as i64),
            (None, float) => Value::from(float),
        },
        other => other.clone(),
    }
}

/// The result of Portico for a document: the value and whether it has duplicate keys, or the error.
fn read_by_portico(document: &str) -> Result<(Value, bool), String> {
    let mut read = yaml::parse_file(document).map_err(|error| error.to_string())?;
    match read.pop() {
        None => Ok((Value::Null, false)),
        Some(read) => {
            let read = read.map_err(|error| error.to_string())?;
            Ok((settled(&read.value), !read.duplicate_keys.is_empty()))
        }
    }
}

fn compare(test: &str, documents: &[String]) {
    let Some(program) = kubernetes_reader(test) else {
        return;
    };
    let theirs = read_by_kubernetes(&program, documents);
    let mut wrong = Vec::new();
    for (document, theirs) in documents.iter().zip(&theirs) {
        let ours = read_by_portico(document);
        let same = match (&ours, theirs.get("json")) {
            (Ok((ours, doubled)), Some(json)) => {
                *ours == settled(json) && *doubled == theirs.get("strict").is_some()
            }
            (Err(_), None) => true,
            // A non-string key is refused even in a map that a duplicate key overrides. A strict parser refuses
            // the document anyway, for the duplicate.
            (Err(problem), Some(_)) => {
                problem.contains("such a key Kubernetes does not take") && theirs.get("strict").is_some()
            }
            _ => false,
        };
        if !same {
            wrong.push(format!(
                "{document:?}\n    Kubernetes: {theirs}\n    Portico: {ours:?}"
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} differ:\n{}",
        wrong.len(),
        documents.len(),
        wrong[..wrong.len().min(40)].join("\n")
    );
}

/// Random numbers from a seed.
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn pick<'t, T: ?Sized>(&mut self, from: &[&'t T]) -> &'t T {
        from[usize::try_from(self.below(from.len() as u64)).unwrap()]
    }
}

/// Reserved words in any case.
const WORDS: [&str; 26] = [
    "y",
    "n",
    "yes",
    "no",
    "on",
    "off",
    "true",
    "false",
    "null",
    "~",
    ".inf",
    "-.inf",
    "+.inf",
    ".nan",
    "=",
    "<<",
    "1e400",
    "-1e400",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775809",
    "0xffffffffffffffff",
    "2024-01-31",
    "12:30:45",
];
const PIECES: [&str; 30] = [
    "0",
    "1",
    "7",
    "8",
    "9",
    "00",
    "12",
    "_",
    "_",
    ".",
    ".",
    "-",
    "+",
    "e",
    "E",
    "e+",
    "e-",
    "0x",
    "0X",
    "0b",
    "0o",
    "0B",
    "0O",
    "a",
    "F",
    "f",
    "t",
    "2024-01-02",
    ":",
    "1_000",
];

fn scalar(chance: &mut Rng) -> String {
    let mut text = String::new();
    if chance.below(4) == 0 {
        for c in chance.pick(&WORDS).chars() {
            let upper = chance.below(3) == 0;
            text.extend(if upper {
                c.to_uppercase().collect::<Vec<_>>()
            } else {
                vec![c]
            });
        }
        if chance.below(5) == 0 {
            text.push_str(chance.pick(&PIECES));
        }
    } else {
        for _ in 0..=chance.below(5) {
            text.push_str(chance.pick(&PIECES));
        }
    }
    text
}

/// Plain scalars for block and flow style.
fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with("---")
        && !text.ends_with(':')
        && !text.starts_with(':')
        && text != "-"
}

#[test]
fn scalars_parse_as_in_kubernetes() {
    let mut chance = Rng(20_260_731);
    let mut documents = Vec::new();
    while documents.len() < 6_000 {
        let text = scalar(&mut chance);
        if !is_plain(&text) {
            continue;
        }
        documents.push(match chance.below(10) {
            0..=4 => format!("a: {text}\n"),
            5 => format!("a: [{text}, x]\n"),
            6 | 7 => format!("{text}: a\n"),
            8 => {
                let tag = chance.pick(&["!!str", "!!int", "!!float", "!!bool", "!!null", "!custom", "!"]);
                format!("a: {tag} {text}\n")
            }
            _ => {
                let tag = chance.pick(&["!!int", "!!float", "!!str", "!!bool"]);
                format!("a: {tag} \"{text}\"\n")
            }
        });
    }
    compare("scalars_parse_as_in_kubernetes", &documents);
}

/// An indented value in block style; it starts after its key or dash.
fn block(chance: &mut Rng, depth: usize, anchors: &mut usize) -> String {
    let indent = "  ".repeat(depth);
    match chance.below(if depth > 3 { 5 } else { 12 }) {
        0 | 1 => format!(" {}\n", plain(chance)),
        2 => format!(" {}\n", flow(chance, 2)),
        3 => match chance.below(4) {
            0 => " 'it''s: # 1'\n".to_owned(),
            1 => " \"two\\nlines \\u00e9 \\x41\\t\"\n".to_owned(),
            2 => format!(
                " |{}\n{indent}  one\n\n{indent}   two\n",
                chance.pick(&["", "-", "+"])
            ),
            _ => format!(
                " >{}\n{indent}  one\n{indent}  two\n\n{indent}  three\n",
                chance.pick(&["", "-", "+"])
            ),
        },
        4 if *anchors > 0 => format!(" *a{}\n", chance.below(*anchors as u64)),
        4 => " # nothing\n".to_owned(),
        5..=8 => map(chance, depth, anchors),
        _ => {
            let mut text = "\n".to_owned();
            for _ in 0..=chance.below(2) {
                let item = block(chance, depth + 1, anchors);
                let _ = write!(text, "{indent}-{item}");
            }
            text
        }
    }
}

fn map(chance: &mut Rng, depth: usize, anchors: &mut usize) -> String {
    let indent = "  ".repeat(depth);
    let mut text = "\n".to_owned();
    if chance.below(5) == 0 {
        text = format!(" &a{anchors}\n");
        let _ = writeln!(text, "{indent}in: {}", plain(chance));
        *anchors += 1;
    }
    for _ in 0..=chance.below(3) {
        if *anchors > 0 && chance.below(6) == 0 {
            let _ = writeln!(text, "{indent}<<: *a{}", chance.below(*anchors as u64));
            continue;
        }
        let key = chance.pick(&[
            "a", "b", "c", "'d e'", "\"f\"", "1", "yes", "1.5", "g h", "~", "in",
        ]);
        let value = block(chance, depth + 1, anchors);
        let _ = write!(text, "{indent}{key}:{value}");
    }
    text
}

fn flow(chance: &mut Rng, depth: usize) -> String {
    match chance.below(if depth == 0 { 1 } else { 4 }) {
        2 => {
            let items: Vec<String> = (0..chance.below(4)).map(|_| flow(chance, depth - 1)).collect();
            format!("[{}]", items.join(", "))
        }
        3 => {
            let pairs: Vec<String> = (0..chance.below(4))
                .map(|_| {
                    format!(
                        "{}: {}",
                        chance.pick(&["a", "b", "'c'", "on", "2"]),
                        flow(chance, depth - 1)
                    )
                })
                .collect();
            format!("{{{}}}", pairs.join(", "))
        }
        _ => plain(chance),
    }
}

fn plain(chance: &mut Rng) -> String {
    chance
        .pick(&[
            "text",
            "two words",
            "1",
            "-7",
            "0.5",
            "1.0",
            "yes",
            "No",
            "null",
            "~",
            "'quoted'",
            "\"x\"",
            "a#b",
            "a:b",
            "http://x/y",
            "0644",
            "1_000",
            "2024-01-31",
            "x-y",
            "!!str 1",
            "? x",
            "@a",
            "%a",
            "`a",
            "- a",
            "*b",
        ])
        .to_owned()
}

#[test]
fn documents_parse_as_in_kubernetes() {
    let mut chance = Rng(77);
    let documents: Vec<String> = (0..4_000)
        .map(|_| {
            map(&mut chance, 0, &mut 0)
                .trim_start()
                .trim_start_matches("&a0\n")
                .to_owned()
        })
        .collect();
    compare("documents_parse_as_in_kubernetes", &documents);
}

#[test]
fn kubernetes_parses_what_portico_prints() {
    let mut chance = Rng(3);
    let mut values = Vec::new();
    for _ in 0..3_000 {
        let text = match chance.below(3) {
            0 => scalar(&mut chance),
            1 => plain(&mut chance),
            _ => block(&mut chance, 1, &mut 0),
        };
        values.push(
            serde_json::json!({ "a": text, text.clone(): [text.clone()], "n": {"m": 1.5, "e": "", "l": []} }),
        );
    }
    let Some(program) = kubernetes_reader("kubernetes_parses_what_portico_prints") else {
        return;
    };
    let printed: Vec<String> = values.iter().map(yaml::print).collect();
    for ((value, text), theirs) in values
        .iter()
        .zip(&printed)
        .zip(read_by_kubernetes(&program, &printed))
    {
        assert_eq!(theirs.get("json"), Some(value), "{text}\n{theirs}");
    }
}
