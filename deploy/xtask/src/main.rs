//! Portico's chores.

fn main() {}
