//! JSON text that is equal for equal values.

use serde_json::Value;

/// Formats JSON without white space and with sorted keys, so that equal values give equal text.
///
/// Keys are sorted by their UTF-8 bytes. Strings and numbers are written as by [`serde_json`]: only `"`, `\` and control
/// characters are escaped, and `1` and `1.0` stay different. This is not RFC 8785, which sorts by UTF-16 and has only
/// floating-point numbers.
///
/// The text may be hashed and the hash stored: it does not change between versions of this crate.
///
/// ```
/// use serde_json::json;
///
/// let value = json!({ "b": [1, 1.5, null], "a": "é\n" });
/// assert_eq!(kube_schema::canonical_json(&value), r#"{"a":"é\n","b":[1,1.5,null]}"#);
/// ```
#[must_use]
pub fn canonical_json(value: &Value) -> String {
    let mut out = String::new();
    write_canonical(value, &mut out);
    out
}

fn write_canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            out.push('{');
            for (index, key) in keys.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&Value::String(key.clone()).to_string());
                out.push(':');
                write_canonical(&map[key], out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_canonical(item, out);
            }
            out.push(']');
        }
        other => out.push_str(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::canonical_json as canonical;

    #[test]
    fn keys_are_sorted_by_bytes_at_every_depth() {
        let value = json!({
            "b": [{ "d": 1, "c": {} }, []],
            "a": null,
            "Z": true,
            "é": false,
            "\u{ffff}": 1,
            "😀": 2,
            "": 3,
            "a b": 4,
            "a\"": 5
        });
        assert_eq!(
            canonical(&value),
            "{\"\":3,\"Z\":true,\"a\":null,\"a b\":4,\"a\\\"\":5,\"b\":[{\"c\":{},\"d\":1},[]],\"é\":false,\
             \"\u{ffff}\":1,\"😀\":2}"
        );
    }

    #[test]
    fn only_quotes_backslashes_and_control_characters_are_escaped() {
        let text = "\"\\/\u{0}\u{1}\u{8}\t\n\u{b}\u{c}\r\u{1f}\u{7f} <>&'é\u{301}\u{2028}\u{feff}😀";
        assert_eq!(
            canonical(&Value::from(text)),
            "\"\\\"\\\\/\\u0000\\u0001\\b\\t\\n\\u000b\\f\\r\\u001f\u{7f} <>&'é\u{301}\u{2028}\u{feff}😀\""
        );
    }

    #[test]
    fn numbers_keep_their_type_and_digits() {
        let value = json!([
            0,
            -0.0,
            1,
            1.0,
            -1.5,
            0.1,
            1e-7,
            1e15,
            1e16,
            1e21,
            1e300,
            u64::MAX,
            i64::MIN,
            f64::MIN_POSITIVE
        ]);
        assert_eq!(
            canonical(&value),
            "[0,-0.0,1,1.0,-1.5,0.1,1e-7,1000000000000000.0,1e+16,1e+21,1e+300,18446744073709551615,\
             -9223372036854775808,2.2250738585072014e-308]"
        );
        let parsed: Value = serde_json::from_str("[1E2, 10.00, 18446744073709551616, -0]").unwrap();
        assert_eq!(canonical(&parsed), "[100.0,10.0,1.8446744073709552e+19,-0.0]");
    }
}
