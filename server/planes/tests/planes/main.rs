//! Portico's control planes over real HTTP, against simulated ones.

mod applying;
mod catalog;
mod claims;
mod demo;
mod reading;
mod trouble;
mod world;
