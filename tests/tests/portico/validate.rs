//! `portico validate` in a pipeline: exit status, messages, JSON.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use portico_tests::processes::portico;
use serde_json::Value;
use tempfile::TempDir;

const GOOD: &str = "apiVersion: tests.portico.dev/v1
kind: Gadget
metadata: { name: good }
spec: { size: 3, users: [{ name: ann }] }
";
const BAD: &str = "apiVersion: tests.portico.dev/v1
kind: Gadget
metadata: { name: Bad_Name }
spec: { size: 9, mode: sideways, users: [{ name: ann }, { name: ann }], colour: red }
";
const CRD: &str = "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: gadgets.tests.portico.dev }
spec:
  group: tests.portico.dev
  scope: Cluster
  names: { kind: Gadget, plural: gadgets, singular: gadget, listKind: GadgetList }
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          required: [spec]
          properties:
            spec:
              type: object
              required: [size]
              properties:
                size: { type: integer, maximum: 5 }
                mode: { type: string, enum: [up, down], default: up }
                users:
                  type: array
                  x-kubernetes-list-type: map
                  x-kubernetes-list-map-keys: [name]
                  items: { type: object, required: [name], properties: { name: { type: string } } }
              x-kubernetes-validations:
                - { rule: 'self.size >= oldSelf.size', message: it never shrinks }
";

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write("crd.yaml", CRD);
        folder.write("good.yaml", GOOD);
        folder.write("bad.yaml", BAD);
        folder
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn validate(&self, arguments: &[&str]) -> (i32, String, String) {
        said(
            Command::new(portico())
                .current_dir(self.0.path())
                .arg("validate")
                .args(arguments),
        )
    }
}

fn said(command: &mut Command) -> (i32, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

#[test]
fn valid_documents_exit_with_status_0() {
    let folder = Folder::new();
    let (status, out, err) = folder.validate(&["--crd", "crd.yaml", "good.yaml"]);
    assert_eq!(
        (status, out.as_str(), err.as_str()),
        (0, "good.yaml: Gadget good: accepted\n", "")
    );
}

#[test]
fn invalid_documents_exit_with_status_1_and_name_every_field() {
    let folder = Folder::new();
    let (status, out, _) = folder.validate(&["--crd", "crd.yaml", "good.yaml", "bad.yaml"]);
    assert_eq!(status, 1, "{out}");
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines.contains(&"good.yaml: Gadget good: accepted"), "{out}");
    assert!(lines.contains(&"bad.yaml: Gadget Bad_Name: refused"), "{out}");
    for found in [
        "  metadata.name: Invalid value: \"Bad_Name\": ",
        "  spec.size: Invalid value: 9: ",
        "  spec.mode: Unsupported value: \"sideways\": supported values: ",
        "  spec.users[1]: Duplicate value: ",
        "  spec.colour: unknown field, left out",
    ] {
        assert!(
            lines.iter().any(|line| line.starts_with(found)),
            "{found:?} in {out}"
        );
    }
}

#[test]
fn a_faulty_definition_is_reported_and_still_used() {
    let folder = Folder::new();
    let faulty = CRD.replace("size: { type: integer, maximum: 5 }", "size: { maximum: 5 }");
    folder.write("faulty.yaml", &faulty);
    let (status, out, err) = folder.validate(&["--crd", "faulty.yaml", "good.yaml"]);
    assert_eq!((status, out.as_str()), (0, "good.yaml: Gadget good: accepted\n"));
    let field = "spec.validation.openAPIV3Schema.properties[spec].properties[size].type";
    let note = format!(
        "note: faulty.yaml: an API server would refuse gadgets.tests.portico.dev: {field}: Required value: must not be \
         empty for specified object fields\n"
    );
    assert_eq!(err.lines().next(), Some(note.trim_end()), "{err}");
}

#[test]
fn a_definition_that_an_api_server_would_refuse_is_reported() {
    let folder = Folder::new();
    let rule = "self.size >= oldSelf.size";
    for (other, why) in [
        (
            "self.size + 'a' == 'b'",
            "found no matching overload for '_+_' applied to '(int, string)'",
        ),
        (
            "self.users.all(u, self.users.exists(v, u.name == v.name))",
            "estimated rule cost exceeds budget by factor of more than 100x",
        ),
    ] {
        folder.write("refused.yaml", &CRD.replace(rule, &other.replace('\'', "''")));
        let (_, _, err) = folder.validate(&["--crd", "refused.yaml", "good.yaml"]);
        assert!(err.contains("x-kubernetes-validations[0].rule"), "{err}");
        assert!(err.contains(why), "{err}");
    }
}

#[test]
fn json_output_is_machine_readable() {
    let folder = Folder::new();
    let (status, out, _) = folder.validate(&["--crd", "crd.yaml", "-o", "json", "good.yaml", "bad.yaml"]);
    assert_eq!(status, 1);
    let verdicts: Value = serde_json::from_str(&out).unwrap();
    let (good, bad) = (&verdicts[0], &verdicts[1]);
    assert_eq!(good["accepted"], true);
    assert_eq!(good["object"]["spec"]["mode"], "up", "the object with defaults");
    assert_eq!(
        (&bad["file"], &bad["name"]),
        (&"bad.yaml".into(), &"Bad_Name".into())
    );
    let violations = bad["violations"].as_array().unwrap();
    let size = violations
        .iter()
        .find(|violation| violation["path"] == "spec.size")
        .unwrap();
    assert_eq!(size["pointer"], "/spec/size");
    assert_eq!(size["reason"], "FieldValueInvalid");
    assert!(size["message"].as_str().unwrap().starts_with("Invalid value: 9"));
}

#[test]
fn an_update_is_validated_against_the_old_object() {
    let folder = Folder::new();
    let shrunk = GOOD.replace("size: 3", "size: 2");
    folder.write("shrunk.yaml", &shrunk);
    let (status, out, _) = folder.validate(&["--crd", "crd.yaml", "--old", "good.yaml", "shrunk.yaml"]);
    assert_eq!(status, 1, "{out}");
    assert!(out.contains("it never shrinks"), "{out}");
    let (status, out, _) = folder.validate(&["--crd", "crd.yaml", "shrunk.yaml"]);
    assert_eq!(status, 0, "the transition rule does not apply on create: {out}");
}

#[test]
fn documents_that_cannot_be_validated_exit_with_status_2() {
    let folder = Folder::new();
    folder.write("other.yaml", &GOOD.replace("Gadget", "Gizmo"));
    folder.write("broken.yaml", "spec: [1,\n");
    let crd: &[&str] = &["--crd", "crd.yaml"];
    let cases: [(&[&str], &str); 6] = [
        (&["other.yaml"], "no definition of the kind \"Gizmo\""),
        (&["--version", "v9", "good.yaml"], "v9"),
        (&["missing.yaml"], "missing.yaml"),
        (&["broken.yaml"], "broken.yaml"),
        (
            &["--crd", "good.yaml", "good.yaml"],
            "good.yaml: there is no CustomResourceDefinition in it",
        ),
        (&[], "OBJECT"),
    ];
    for (arguments, words) in cases {
        let (status, out, err) = folder.validate(&[crd, arguments].concat());
        assert_eq!(status, 2, "{arguments:?}: {out}{err}");
        assert!(format!("{out}{err}").contains(words), "{arguments:?}: {out}{err}");
    }
    // A known error wins over a missing verdict.
    let (status, out, _) = folder.validate(&["--crd", "crd.yaml", "other.yaml", "bad.yaml"]);
    assert_eq!(status, 1, "{out}");
}

#[test]
fn lists_and_multiple_documents_are_validated_one_by_one() {
    let folder = Folder::new();
    let list = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: tests.portico.dev/v1\n  kind: Gadget\n  metadata: { name: one }\n  spec: { size: 1 }\n- apiVersion: tests.portico.dev/v1\n  kind: Gadget\n  metadata: { name: two }\n  spec: { size: 99 }\n";
    folder.write("several.yaml", &format!("{GOOD}---\n{list}"));
    let (status, out, _) = folder.validate(&["--crd", "crd.yaml", "several.yaml"]);
    assert_eq!(status, 1, "{out}");
    for line in [
        "Gadget good: accepted",
        "Gadget one: accepted",
        "Gadget two: refused",
    ] {
        assert!(out.contains(line), "{line} in {out}");
    }
}

#[test]
fn an_unreadable_document_does_not_affect_others() {
    let folder = Folder::new();
    let infinite = GOOD.replace("size: 3", "size: .inf").replace("good", "endless");
    let twice = GOOD.replace("name: good", "name: twice, name: again");
    folder.write(
        "several.yaml",
        &format!("{infinite}---\n{twice}---\nspec: [\n---\n{GOOD}"),
    );
    let (status, out, _) = folder.validate(&["--crd", "crd.yaml", "several.yaml"]);
    assert_eq!(status, 2, "{out}");
    let lines: Vec<&str> = out.lines().collect();
    assert!(
        lines[0].starts_with("several.yaml: - -: not judged: line 4: "),
        "{out}"
    );
    assert_eq!(lines[1], "several.yaml: Gadget again: accepted");
    assert_eq!(lines[2], "  warning: line 8: key \"name\" already set in map");
    assert!(
        lines[3].starts_with("several.yaml: - -: not judged: line 1"),
        "{out}"
    );
    assert_eq!(lines[4], "several.yaml: Gadget good: accepted");
}

#[test]
fn unserved_versions_are_refused_and_deprecated_ones_get_a_warning() {
    let folder = Folder::new();
    let version = &CRD[CRD.find("    - name: v1").unwrap()..];
    let old = version.replace("name: v1\n", "name: v1beta1\n").replace(
        "served: true\n      storage: true",
        "served: true\n      deprecated: true\n      storage: false",
    );
    let gone = version.replace("name: v1\n", "name: v1alpha1\n").replace(
        "served: true\n      storage: true",
        "served: false\n      storage: false",
    );
    folder.write("crd.yaml", &format!("{CRD}{old}{gone}"));
    for (version, expected, words) in [
        ("v1", 0, "Gadget good: accepted\n"),
        (
            "v1beta1",
            0,
            "warning: tests.portico.dev/v1beta1 Gadget is deprecated; use tests.portico.dev/v1 Gadget",
        ),
        ("v1alpha1", 1, "refused: tests.portico.dev/v1alpha1 is not served"),
        ("v7", 1, "refused: gadgets.tests.portico.dev has no version v7"),
    ] {
        folder.write("one.yaml", &GOOD.replace("dev/v1", &format!("dev/{version}")));
        let (status, out, _) = folder.validate(&["--crd", "crd.yaml", "one.yaml"]);
        assert_eq!(status, expected, "{version}: {out}");
        assert!(out.contains(words), "{version}: {out}");
    }
}

#[test]
fn errors_that_an_update_does_not_touch_are_warnings() {
    let folder = Folder::new();
    folder.write("wide.yaml", &GOOD.replace("size: 3", "size: 9"));
    let (status, out, _) = folder.validate(&["--crd", "crd.yaml", "--old", "wide.yaml", "wide.yaml"]);
    assert_eq!(status, 0, "{out}");
    assert!(out.contains("  warning: spec.size: Invalid value: 9: "), "{out}");
    assert!(out.contains("accepted because the value did not change"), "{out}");
}

#[test]
fn as_api_server_reports_only_what_an_api_server_reports() {
    let folder = Folder::new();
    let unreadable = BAD.replace("name: Bad_Name", "name: bad, labels: { a: 1 }");
    folder.write("unreadable.yaml", &unreadable);
    let all = folder.validate(&["--crd", "crd.yaml", "unreadable.yaml"]).1;
    let told = folder
        .validate(&["--crd", "crd.yaml", "--as-api-server", "unreadable.yaml"])
        .1;
    let count = |out: &str| {
        out.lines()
            .filter(|line| line.contains(": ") && line.starts_with("  "))
            .count()
    };
    assert!(all.contains("spec.size: "), "{all}");
    assert!(
        !told.contains("spec.size: ") && count(&told) < count(&all),
        "{told}"
    );
    let told = folder
        .validate(&["--crd", "crd.yaml", "--as-api-server", "bad.yaml"])
        .1;
    assert!(
        told.contains("<nil>: Invalid value: null: some validation rules were not checked"),
        "{told}"
    );
}

#[test]
fn published_samples_validate_as_published() {
    let corpus = std::env::var_os("PORTICO_CORPUS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus"),
        PathBuf::from,
    );
    if !corpus.is_dir() {
        portico_tests::report::skip(
            "published_samples_validate_as_published",
            "the corpus (PORTICO_CORPUS)",
        );
        return;
    }
    let files = |folder: &str| {
        let entries = std::fs::read_dir(corpus.join(folder)).unwrap().flatten();
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        files.sort();
        files
    };
    let judge = |folder: &str| {
        let mut command = Command::new(portico());
        command.args(["validate", "--output", "json"]);
        for definition in files("crds") {
            command.arg("--crd").arg(definition);
        }
        let (status, out, err) = said(command.args(files(folder)));
        let verdicts: Vec<Value> =
            serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {err}"));
        (status, verdicts)
    };
    // For some kinds the corpus only has an XRD: they are skipped and reported. One sample has a placeholder as
    // its name.
    let (_, samples) = judge("samples");
    assert!(samples.len() > 100, "{}", samples.len());
    for verdict in &samples {
        let by_metadata = verdict["violations"].as_array().is_some_and(|violations| {
            let of_metadata = |path: &str| path == "metadata.name" || path == "metadata.namespace";
            violations
                .iter()
                .all(|violation| of_metadata(violation["path"].as_str().unwrap()))
        });
        let unknown = verdict["problem"]
            .as_str()
            .is_some_and(|why| why.starts_with("no definition"));
        assert!(unknown || by_metadata, "{verdict:#}");
    }
    let (status, invalid) = judge("invalid");
    assert_eq!(status, 1);
    for verdict in &invalid {
        assert_eq!(verdict["accepted"], false, "{verdict:#}");
    }
}
