//! Databases to test with.
