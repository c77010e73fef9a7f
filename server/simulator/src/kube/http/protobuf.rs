//! Decodes the objects that `kubectl` sends as protobuf through typed clients (`create namespace`, `create
//! secret`, `auth can-i`…).
//!
//! Field numbers are those of Kubernetes' `generated.proto` files.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

/// The prefix of every Kubernetes protobuf message.
const MAGIC: &[u8] = b"k8s\0";
/// The deepest nesting; no known message reaches it.
const MAX_DEPTH: usize = 8;

/// The type of a field.
#[derive(Debug, Clone, Copy)]
enum Shape {
    Text,
    Texts,
    Bool,
    Integer,
    Message(&'static [Field]),
    Messages(&'static [Field]),
    /// A map from string to string.
    TextMap,
    /// A map from string to bytes, which JSON carries in base64.
    ByteMap,
}

/// A field: number, JSON name, type.
type Field = (u64, &'static str, Shape);

const OWNER: &[Field] = &[
    (1, "kind", Shape::Text),
    (3, "name", Shape::Text),
    (4, "uid", Shape::Text),
    (5, "apiVersion", Shape::Text),
    (6, "controller", Shape::Bool),
    (7, "blockOwnerDeletion", Shape::Bool),
];
const META: &[Field] = &[
    (1, "name", Shape::Text),
    (2, "generateName", Shape::Text),
    (3, "namespace", Shape::Text),
    (5, "uid", Shape::Text),
    (6, "resourceVersion", Shape::Text),
    (11, "labels", Shape::TextMap),
    (12, "annotations", Shape::TextMap),
    (13, "ownerReferences", Shape::Messages(OWNER)),
    (14, "finalizers", Shape::Texts),
];
const NAMESPACE: &[Field] = &[(1, "metadata", Shape::Message(META))];
const SECRET: &[Field] = &[
    (1, "metadata", Shape::Message(META)),
    (2, "data", Shape::ByteMap),
    (3, "type", Shape::Text),
    (4, "stringData", Shape::TextMap),
    (5, "immutable", Shape::Bool),
];
const CONFIG_MAP: &[Field] = &[
    (1, "metadata", Shape::Message(META)),
    (2, "data", Shape::TextMap),
    (3, "binaryData", Shape::ByteMap),
    (4, "immutable", Shape::Bool),
];
const SERVICE_ACCOUNT: &[Field] = &[(1, "metadata", Shape::Message(META))];
const RESOURCE: &[Field] = &[
    (1, "namespace", Shape::Text),
    (2, "verb", Shape::Text),
    (3, "group", Shape::Text),
    (4, "version", Shape::Text),
    (5, "resource", Shape::Text),
    (6, "subresource", Shape::Text),
    (7, "name", Shape::Text),
];
const NON_RESOURCE: &[Field] = &[(1, "path", Shape::Text), (2, "verb", Shape::Text)];
const SELF_ACCESS: &[Field] = &[
    (1, "resourceAttributes", Shape::Message(RESOURCE)),
    (2, "nonResourceAttributes", Shape::Message(NON_RESOURCE)),
];
const SELF_ACCESS_REVIEW: &[Field] = &[
    (1, "metadata", Shape::Message(META)),
    (2, "spec", Shape::Message(SELF_ACCESS)),
];
const ACCESS: &[Field] = &[
    (1, "resourceAttributes", Shape::Message(RESOURCE)),
    (2, "nonResourceAttributes", Shape::Message(NON_RESOURCE)),
    (3, "user", Shape::Text),
    (4, "groups", Shape::Texts),
];
const ACCESS_REVIEW: &[Field] = &[
    (1, "metadata", Shape::Message(META)),
    (2, "spec", Shape::Message(ACCESS)),
];
const RULES: &[Field] = &[(1, "namespace", Shape::Text)];
const RULES_REVIEW: &[Field] = &[
    (1, "metadata", Shape::Message(META)),
    (2, "spec", Shape::Message(RULES)),
];
const SELF_REVIEW: &[Field] = &[(1, "metadata", Shape::Message(META))];
const PRECONDITIONS: &[Field] = &[(1, "uid", Shape::Text), (2, "resourceVersion", Shape::Text)];
const DELETE_OPTIONS: &[Field] = &[
    (1, "gracePeriodSeconds", Shape::Integer),
    (2, "preconditions", Shape::Message(PRECONDITIONS)),
    (3, "orphanDependents", Shape::Bool),
    (4, "propagationPolicy", Shape::Text),
    (5, "dryRun", Shape::Texts),
];

fn fields_of(kind: &str) -> Option<&'static [Field]> {
    Some(match kind {
        "Namespace" => NAMESPACE,
        "Secret" => SECRET,
        "ConfigMap" => CONFIG_MAP,
        "ServiceAccount" => SERVICE_ACCOUNT,
        "SelfSubjectAccessReview" => SELF_ACCESS_REVIEW,
        "SubjectAccessReview" => ACCESS_REVIEW,
        "SelfSubjectRulesReview" => RULES_REVIEW,
        "SelfSubjectReview" => SELF_REVIEW,
        "DeleteOptions" => DELETE_OPTIONS,
        _ => return None,
    })
}

/// Decodes an object; `None` when it is malformed or of an unknown kind.
pub(super) fn decode(bytes: &[u8]) -> Option<Value> {
    let mut envelope = Map::new();
    // `runtime.Unknown`: the type, then the serialized object.
    let (mut api_version, mut kind, mut raw) = (String::new(), String::new(), &[][..]);
    for (number, wire) in Wire::read(bytes.strip_prefix(MAGIC)?)? {
        match (number, wire) {
            (1, Wire::Bytes(type_meta)) => {
                for (number, wire) in Wire::read(type_meta)? {
                    match (number, wire) {
                        (1, Wire::Bytes(text)) => api_version = String::from_utf8(text.to_vec()).ok()?,
                        (2, Wire::Bytes(text)) => kind = String::from_utf8(text.to_vec()).ok()?,
                        _ => {}
                    }
                }
            }
            (2, Wire::Bytes(object)) => raw = object,
            _ => {}
        }
    }
    let fields = fields_of(&kind)?;
    envelope.insert("apiVersion".into(), json!(api_version));
    envelope.insert("kind".into(), json!(kind));
    envelope.extend(message(raw, fields, 0)?);
    Some(Value::Object(envelope))
}

fn message(bytes: &[u8], fields: &[Field], depth: usize) -> Option<Map<String, Value>> {
    if depth > MAX_DEPTH {
        return None;
    }
    let mut object = Map::new();
    for (number, wire) in Wire::read(bytes)? {
        let Some((_, name, shape)) = fields.iter().find(|(known, _, _)| *known == number) else {
            continue;
        };
        let entry = |object: &mut Map<String, Value>, empty: Value, add: &mut dyn FnMut(&mut Value)| {
            add(object.entry((*name).to_owned()).or_insert(empty));
        };
        match (shape, wire) {
            // Go writes empty strings too; JSON leaves them out.
            (Shape::Text, Wire::Bytes([])) => {}
            (Shape::Text, Wire::Bytes(bytes)) => {
                object.insert((*name).into(), json!(text(bytes)?));
            }
            (Shape::Bool, Wire::Number(number)) => {
                object.insert((*name).into(), json!(number != 0));
            }
            (Shape::Integer, Wire::Number(number)) => {
                object.insert((*name).into(), json!(number.cast_signed()));
            }
            (Shape::Message(fields), Wire::Bytes(bytes)) => {
                object.insert((*name).into(), Value::Object(message(bytes, fields, depth + 1)?));
            }
            (Shape::Texts | Shape::Messages(_), Wire::Bytes(bytes)) => {
                let item = match shape {
                    Shape::Messages(fields) => Value::Object(message(bytes, fields, depth + 1)?),
                    _ => json!(text(bytes)?),
                };
                entry(&mut object, json!([]), &mut |list| {
                    if let Some(list) = list.as_array_mut() {
                        list.push(item.clone());
                    }
                });
            }
            (Shape::TextMap | Shape::ByteMap, Wire::Bytes(bytes)) => {
                let (mut key, mut value) = (String::new(), &[][..]);
                for (number, wire) in Wire::read(bytes)? {
                    match (number, wire) {
                        (1, Wire::Bytes(bytes)) => key = text(bytes)?,
                        (2, Wire::Bytes(bytes)) => value = bytes,
                        _ => {}
                    }
                }
                let value = if matches!(shape, Shape::ByteMap) {
                    STANDARD.encode(value)
                } else {
                    text(value)?
                };
                entry(&mut object, json!({}), &mut |map| {
                    map[key.as_str()] = json!(value);
                });
            }
            _ => {}
        }
    }
    Some(object)
}

fn text(bytes: &[u8]) -> Option<String> {
    String::from_utf8(bytes.to_vec()).ok()
}

/// A value on the wire.
#[derive(Debug, Clone, Copy)]
enum Wire<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl<'a> Wire<'a> {
    /// All fields of a message, with their numbers.
    fn read(mut bytes: &'a [u8]) -> Option<Vec<(u64, Self)>> {
        let mut fields = Vec::new();
        while !bytes.is_empty() {
            let tag = varint(&mut bytes)?;
            let value = match tag & 7 {
                0 => Self::Number(varint(&mut bytes)?),
                1 => Self::Bytes(take(&mut bytes, 8)?),
                2 => {
                    let length = usize::try_from(varint(&mut bytes)?).ok()?;
                    Self::Bytes(take(&mut bytes, length)?)
                }
                5 => Self::Bytes(take(&mut bytes, 4)?),
                _ => return None,
            };
            fields.push((tag >> 3, value));
        }
        Some(fields)
    }
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (head, tail) = bytes.split_at_checked(length)?;
    *bytes = tail;
    Some(head)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let [byte] = take(bytes, 1)? else { return None };
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        let length = u8::try_from(bytes.len()).unwrap();
        [&[number << 3 | 2, length], bytes].concat()
    }

    #[test]
    fn a_protobuf_secret_from_kubectl_is_decoded() {
        let type_meta = [field(1, b"v1"), field(2, b"Secret")].concat();
        let metadata = field(1, &field(1, b"login"));
        let data = field(2, &[field(1, b"password"), field(2, b"\xff\x00")].concat());
        let object = [metadata, data, field(3, b"Opaque")].concat();
        let bytes = [b"k8s\0".to_vec(), field(1, &type_meta), field(2, &object)].concat();
        let expected = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login"},
            "data": {"password": "/wA="}, "type": "Opaque",
        });
        assert_eq!(decode(&bytes), Some(expected));
    }

    #[test]
    fn malformed_and_unknown_messages_are_refused() {
        assert_eq!(decode(b"k8s\0\x0a\xff"), None);
        assert_eq!(decode(b"{}"), None);
        let pod = [b"k8s\0".to_vec(), field(1, &field(2, b"Pod"))].concat();
        assert_eq!(decode(&pod), None);
    }
}
