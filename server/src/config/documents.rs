//! The documents of a configuration, with their positions.

use std::path::PathBuf;

use portico_domain::documents::{ControlPlane, Offering, Tenant};

use super::parse::Document;

/// A document and its position.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LocatedDocument {
    pub(super) file: PathBuf,
    pub(super) index: usize,
    pub(super) document: Document,
}

/// The documents of one kind with their indices.
pub(super) fn of_kind<'d, T: 'd>(
    documents: &'d [LocatedDocument],
    pick: impl Fn(&'d Document) -> Option<&'d T>,
) -> impl Iterator<Item = (usize, &'d T)> {
    documents
        .iter()
        .enumerate()
        .filter_map(move |(at, placed)| pick(&placed.document).map(|document| (at, document)))
}

pub(super) fn planes(documents: &[LocatedDocument]) -> impl Iterator<Item = (usize, &ControlPlane)> {
    of_kind(documents, |document| match document {
        Document::ControlPlane(plane) => Some(plane),
        _ => None,
    })
}

pub(super) fn all_tenants(documents: &[LocatedDocument]) -> impl Iterator<Item = (usize, &Tenant)> {
    of_kind(documents, |document| match document {
        Document::Tenant(tenant) => Some(tenant),
        _ => None,
    })
}

pub(super) fn all_offerings(documents: &[LocatedDocument]) -> impl Iterator<Item = (usize, &Offering)> {
    of_kind(documents, |document| match document {
        Document::Offering(offering) => Some(&**offering),
        _ => None,
    })
}
