//! Control planes and an identity provider for demo and tests, over real HTTP.
