//! What of a request its viewer may see: all of it, or what the publisher of a service may see of a consumer.

use std::borrow::Cow;

use portico_api::words::{another_approver, not_ready_for_publisher, somebody_of};
use portico_domain::authz::{self, Disclosure};
use portico_domain::documents::Configuration;
use portico_domain::manifest::remove_requester;
use portico_domain::obstacle::Obstacle;
use portico_domain::publication::Disclosed;
use portico_domain::request::{Comment, Request};
use portico_domain::tenancy::{Person, Viewer};

use super::Conflict;

/// A request as its viewer may see it. Pages and the API are made from it; what is done to a request is done to the
/// request itself.
pub(super) struct Cut<'r> {
    pub(super) request: Cow<'r, Request>,
    disclosure: Disclosure,
    /// In place of the names of people.
    somebody: Person,
}

/// Returns the requester's name as the viewer may know it.
pub(super) fn requester_name(viewer: &Viewer, configuration: &Configuration, request: &Request) -> String {
    Cut::of(viewer, configuration, request)
        .request
        .requester
        .name
        .clone()
}

impl<'r> Cut<'r> {
    /// Cuts a request, which the viewer may read, to what they may see.
    pub(super) fn of(viewer: &Viewer, configuration: &Configuration, request: &'r Request) -> Self {
        let disclosure = authz::disclosure(viewer, request);
        let tenant = configuration.tenants.get(&request.tenant);
        let title = tenant.map_or(request.tenant.as_str(), |tenant| tenant.title());
        let somebody = Person {
            subject: String::new(),
            name: somebody_of(title),
            email: None,
        };
        let request = match disclosure {
            Disclosure::Whole => Cow::Borrowed(request),
            Disclosure::Service(disclosed) => Cow::Owned(cut(request.clone(), disclosed, &somebody, viewer)),
        };
        Self {
            request,
            disclosure,
            somebody,
        }
    }

    /// True if the viewer sees all of it. Otherwise what the tenant has besides, and what its other requests came to, is
    /// not for them.
    pub(super) fn is_whole(&self) -> bool {
        self.disclosure == Disclosure::Whole
    }

    /// Returns the comments that the viewer may see.
    pub(super) fn comments(&self, mut comments: Vec<Comment>, viewer: &Viewer) -> Vec<Comment> {
        let Disclosure::Service(disclosed) = self.disclosure else {
            return comments;
        };
        if !disclosed.notes {
            // One's own words are no secret.
            comments.retain(|comment| comment.by.is_same_human(viewer.person()));
        }
        if !disclosed.requester {
            let others = comments.iter_mut();
            for comment in others.filter(|comment| !comment.by.is_same_human(viewer.person())) {
                comment.by = self.somebody.clone();
            }
        }
        comments
    }

    /// Returns why it could not be applied now, in words for the viewer.
    pub(super) fn obstacle(&self, obstacle: &Obstacle) -> String {
        if self.may_read(obstacle) {
            obstacle.to_string()
        } else {
            not_ready_for_publisher()
        }
    }

    /// Returns that it cannot be approved now, in words for the viewer.
    pub(super) fn conflict(&self, obstacle: Obstacle) -> Conflict {
        if self.may_read(&obstacle) {
            Conflict::NotPermittedNow(obstacle)
        } else {
            Conflict::NotPermittedForConsumer
        }
    }

    /// True if the obstacle is not about the consumer alone.
    fn may_read(&self, obstacle: &Obstacle) -> bool {
        let about_service = matches!(
            obstacle,
            Obstacle::ServiceClosed { .. }
                | Obstacle::NotOffered { .. }
                | Obstacle::OfferingEnded { .. }
                | Obstacle::PlanGone { .. }
                | Obstacle::PlanChanged { .. }
                | Obstacle::NotValid { .. }
        );
        self.is_whole() || about_service
    }
}

fn cut(mut request: Request, disclosed: Disclosed, somebody: &Person, viewer: &Viewer) -> Request {
    if !disclosed.requester {
        request.requester = somebody.clone();
        remove_requester(&mut request.manifest);
        if let Some(previous) = &mut request.previous {
            remove_requester(previous);
        }
    }
    if !disclosed.notes {
        request.note = None;
    }
    request.requester_groups.clear();
    let chosen = request.placement.chosen.clone();
    request
        .placement
        .candidates
        .retain(|candidate| Some(&candidate.plane) == chosen.as_ref());
    // Whoever else approves is the platform's or the tenant's.
    if let Some(need) = &mut request.approval {
        need.rules.retain(|rule| {
            rule.publication
                .as_ref()
                .is_some_and(|publication| viewer.decides_for(publication, &request.tenant).is_some())
        });
    }
    let rules = request.approval.iter().flat_map(|need| &need.rules);
    let rules: Vec<_> = rules.cloned().collect();
    for decision in &mut request.decisions {
        let is_publishers = rules
            .iter()
            .any(|rule| portico_domain::policy::is_decision_for(decision, rule));
        if !is_publishers {
            decision.by = Person {
                subject: String::new(),
                name: another_approver().to_owned(),
                email: None,
            };
            decision.comment = None;
            decision.groups.clear();
        }
    }
    request.waiting_for = None;
    request.failure = None;
    request
}
