//! `OpenAPI` v2 for older clients such as Debian 12's kubectl. They accept only protobuf, and look up which
//! patches support dry run. There are no schemas, so clients leave validation to the server.
//!
//! Field numbers are those of gnostic's `OpenAPIv2.proto`.

use crate::kube::registry::state::State;
use crate::kube::types::kind::Kind;

/// The media type that clients accept.
pub(super) const ACCEPTED: &str = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
/// The media type of the response: `@` is not allowed there.
pub(super) const MEDIA: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

/// The document.
pub(super) fn document(state: &State) -> Vec<u8> {
    let mut document = Message::default();
    document.text(1, "2.0");
    let mut info = Message::default();
    info.text(1, "Kubernetes").text(2, "v1.34.0");
    document.message(2, &info);
    let mut paths = Message::default();
    for kind in state.kinds.all() {
        for version in kind.versions.iter().filter(|version| version.served) {
            paths.message(2, &path(kind, &version.name));
        }
    }
    document.message(8, &paths);
    document.0
}

fn path(kind: &Kind, version: &str) -> Message {
    let root = if kind.group.is_empty() { "/api" } else { "/apis" };
    let scope = if kind.namespaced {
        "/namespaces/{namespace}"
    } else {
        ""
    };
    let name = format!(
        "{root}/{}{scope}/{}/{{name}}",
        kind.api_version(version),
        kind.plural
    );
    let mut patch = Message::default();
    for name in ["dryRun", "fieldManager", "fieldValidation", "force"] {
        patch.message(8, &parameter(name));
    }
    let mut any = Message::default();
    any.text(
        2,
        &format!(
            "group: {:?}\nkind: {}\nversion: {version}\n",
            kind.group, kind.kind
        ),
    );
    let mut extension = Message::default();
    extension
        .text(1, "x-kubernetes-group-version-kind")
        .message(2, &any);
    patch.message(13, &extension);
    let mut item = Message::default();
    item.message(8, &patch);
    let mut named = Message::default();
    named.text(1, &name).message(2, &item);
    named
}

/// A query parameter.
fn parameter(name: &str) -> Message {
    let mut query = Message::default();
    query.text(2, "query").text(4, name).text(6, "string");
    // ParametersItem.parameter → Parameter.non_body_parameter → NonBodyParameter.query…
    [3, 2, 1].into_iter().fold(query, |inner, number| {
        let mut outer = Message::default();
        outer.message(number, &inner);
        outer
    })
}

/// A protobuf message under construction.
#[derive(Debug, Default)]
struct Message(Vec<u8>);

impl Message {
    fn text(&mut self, number: u8, text: &str) -> &mut Self {
        self.bytes(number, text.as_bytes())
    }

    fn message(&mut self, number: u8, message: &Message) -> &mut Self {
        self.bytes(number, &message.0)
    }

    /// A length-delimited field. All field numbers here fit one byte.
    fn bytes(&mut self, number: u8, bytes: &[u8]) -> &mut Self {
        self.0.push(number << 3 | 2);
        let mut length = bytes.len();
        while length >= 0x80 {
            self.0
                .push(u8::try_from(length & 0x7f).unwrap_or_default() | 0x80);
            length >>= 7;
        }
        self.0.push(u8::try_from(length).unwrap_or_default());
        self.0.extend_from_slice(bytes);
        self
    }
}
