//! The migrations are embedded at compile time: a new file among them must compile the crate anew.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
