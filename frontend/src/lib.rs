//! Leptos views and islands; knows only domain types.
