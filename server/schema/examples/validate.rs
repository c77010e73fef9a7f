//! Validates objects against a `CustomResourceDefinition`, both from files, as an API server would.
//!
//! ```sh
//! cargo run --example validate -- examples/crontabs.yaml examples/nightly.yaml
//! ```
//!
//! Ends with status 1 where an API server would refuse something.

use std::error::Error;
use std::process::ExitCode;

use kube_schema::{Definition, yaml};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let files: Vec<String> = std::env::args().skip(1).collect();
    let [crd, objects @ ..] = files.as_slice() else {
        return Err("usage: validate CRD-FILE OBJECT-FILE…".into());
    };

    // A definition that an API server would not take judges nothing.
    let document = yaml::parse(&std::fs::read_to_string(crd)?)?;
    let faults = Definition::faults(&document);
    for fault in &faults {
        println!("{crd}: {}: {}", fault.path, fault.message);
    }
    if !faults.is_empty() {
        return Ok(ExitCode::FAILURE);
    }
    let definition = Definition::parse(&document)?;

    let mut refused = false;
    for file in objects {
        for object in yaml::parse_all(&std::fs::read_to_string(file)?)? {
            let name = object["metadata"]["name"].as_str().unwrap_or("without a name");
            // By the version that the object names; new, so there is no object before it.
            let judgement = definition.judge_document(None, &object, None)?;
            for path in &judgement.pruned {
                println!("{file}: {name}: warning: unknown field {path:?}");
            }
            for violation in judgement.as_api_server() {
                println!("{file}: {name}: {violation}");
            }
            if judgement.is_accepted() {
                println!(
                    "{file}: {name}: accepted, and stored as\n{}",
                    yaml::print(&judgement.object)
                );
            }
            refused |= !judgement.is_accepted();
        }
    }
    Ok(ExitCode::from(u8::from(refused)))
}
