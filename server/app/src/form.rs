//! The form for a new claim, or for a change to one: what must I decide?

use portico_domain::claim::ClaimRef;
use portico_domain::names::{OfferingName, RequestId};
use portico_domain::tenancy::Viewer;
use portico_domain::view::{RequestFormPage, names as field};
use uuid::Uuid;

use super::draft::Draft;
use super::{Portal, Result, Work};

/// What a form is for.
#[derive(Debug, Clone, Copy)]
pub enum FormTarget<'a> {
    /// A new claim of an offering.
    New(&'a OfferingName),
    /// A change to a claim.
    Change(&'a ClaimRef),
    /// The same claim for longer.
    Renew(&'a ClaimRef),
}

/// What a form posted: names and values, as [`portico_domain::view::names`] has them. Nothing for a form just opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Posted {
    /// In the order of the form.
    pub pairs: Vec<(String, String)>,
}

impl Posted {
    /// The last value of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs
            .iter()
            .rev()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The last value of that name, unless it is blank.
    #[must_use]
    pub fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).map(str::trim).filter(|value| !value.is_empty())
    }

    /// What is filled in below a prefix, by the rest of the name, without the white space around it.
    pub fn below<'p>(&'p self, prefix: &str) -> impl Iterator<Item = (&'p str, &'p str)> {
        self.pairs.iter().filter_map(move |(name, value)| {
            let (rest, value) = (name.strip_prefix(prefix)?, value.trim());
            (!rest.is_empty() && !value.is_empty()).then_some((rest, value))
        })
    }

    /// Whether it holds a form that was filled in, and not only choices that came with a link.
    #[must_use]
    pub fn has_fields(&self) -> bool {
        self.pairs
            .iter()
            .any(|(name, _)| name.starts_with('/') || name == field::YAML)
    }

    /// The identity that the form gives its request, if it gives one.
    pub(super) fn given_id(&self) -> Option<RequestId> {
        self.get(field::REQUEST).and_then(|id| id.parse().ok())
    }

    pub(super) fn request_id(&self) -> RequestId {
        self.given_id().unwrap_or_else(|| RequestId(Uuid::now_v7()))
    }
}

impl Portal {
    /// The form: as it is to begin with, or as it stands after what was posted. With the command `review` it is
    /// checked whole, the control plane's dry run too.
    ///
    /// # Errors
    /// [`super::PortalError::NotFound`] when there is no such offering or claim for the viewer, [`super::PortalError::Forbidden`]
    /// when they may not ask for it; when the database fails.
    pub async fn form(
        &self,
        viewer: &Viewer,
        work: Option<&Work>,
        target: FormTarget<'_>,
        posted: &Posted,
    ) -> Result<RequestFormPage> {
        let mut draft = self.draft(viewer, work, target, posted).await?;
        let review = posted.has_fields() && matches!(draft.command.as_deref(), None | Some("review"));
        if review {
            draft.notice_stale(posted);
        }
        draft.notice_change(posted, review);
        if review {
            draft.notice_nothing();
        }
        let mut dry_run = None;
        if review && draft.problem_count() == 0 {
            dry_run = Some(self.dry_run(&mut draft, viewer).await);
        }
        let fresh = !posted.has_fields();
        let reviewed = review && draft.problem_count() == 0;
        self.form_page(&draft, dry_run, reviewed, fresh)
    }
}

impl Draft {
    /// Says so when the form was made by another schema than the one it would be judged by.
    pub(super) fn notice_stale(&mut self, posted: &Posted) {
        let stale = match (posted.filled(field::SCHEMA), &self.served) {
            (Some(was), Some((_, served))) => was != served.schema_hash,
            _ => false,
        };
        // Of a name that is taken, that alone is worth telling: placement may have moved on because it was.
        if stale && (self.name.is_empty() || self.name_problems.is_empty()) {
            self.problem(
                "",
                "The form has changed since you opened it: the control plane that would serve it has other fields for \
                 it. What you typed is still here; look it over and send it again.",
            );
        }
    }

    /// Says so when the claim is no longer as it was when the form was made: what others changed meanwhile would be
    /// changed back. Said until it is `looked_over`, which is to say reviewed or sent; after that the form is made
    /// over the claim as it is.
    pub(super) fn notice_change(&mut self, posted: &Posted, looked_over: bool) {
        let Some(was) = posted.filled(field::LIVE) else {
            return;
        };
        if self.live_hash.as_deref().is_none_or(|is| is == was) {
            return;
        }
        if !looked_over {
            self.live_hash = Some(was.to_owned());
        }
        self.problem(
            "",
            "It was changed since you opened this form. What you typed is still here: “What changes” says what \
             would now become of it, what others changed included. Look that over and send it again.",
        );
    }
}
