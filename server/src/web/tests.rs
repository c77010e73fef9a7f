//! The portal as a browser meets it.

mod pages;
mod sign_in;
