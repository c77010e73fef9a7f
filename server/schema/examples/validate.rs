//! Validates objects against a `CustomResourceDefinition`, both read from files.
//!
//! ```sh
//! cargo run --example validate -- examples/crontabs.yaml examples/nightly.yaml
//! ```
//!
//! Exits with status 1 if an API server would reject something.

use std::error::Error;
use std::process::ExitCode;

use kube_schema::{Definition, validate_crd, yaml};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let files: Vec<String> = std::env::args().skip(1).collect();
    let [crd, objects @ ..] = files.as_slice() else {
        return Err("usage: validate CRD-FILE OBJECT-FILE…".into());
    };

    let document = yaml::parse(&std::fs::read_to_string(crd)?)?;
    let errors = validate_crd(&document);
    for error in &errors {
        println!("{crd}: {error}");
    }
    if !errors.is_empty() {
        return Ok(ExitCode::FAILURE);
    }
    let definition = Definition::parse(&document)?;

    let mut rejected = false;
    for file in objects {
        for object in yaml::parse_all(&std::fs::read_to_string(file)?)? {
            let name = object["metadata"]["name"].as_str().unwrap_or("without a name");
            // Against the version in the object's `apiVersion`; on creation, so there is no old object.
            let result = definition.validate_document(None, &object, None)?;
            for path in &result.pruned {
                println!("{file}: {name}: warning: unknown field {path:?}");
            }
            for violation in result.api_server_violations() {
                println!("{file}: {name}: {violation}");
            }
            if result.is_valid() {
                println!(
                    "{file}: {name}: accepted, and stored as\n{}",
                    yaml::print(&result.object)
                );
            }
            rejected |= !result.is_valid();
        }
    }
    Ok(ExitCode::from(u8::from(rejected)))
}
