//! End to end: browser, real control planes, real identity providers, faults, benches.
