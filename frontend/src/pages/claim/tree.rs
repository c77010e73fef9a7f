//! The resource tree of a claim, expanded where something is not ready.

use leptos::prelude::*;
use portico_api::{ClaimPage, TreeNode};
use portico_domain::claim::Health;

use crate::parts::badge::health;
use crate::parts::icon;

/// Deeper levels are not shown: the tree comes from the control plane and is untrusted.
const MAX_DEPTH: usize = 12;

/// Up to this many children are expanded even if all are ready.
const MAX_EXPANDED: usize = 8;

pub(super) fn section(page: &ClaimPage) -> Option<AnyView> {
    if page.tree.is_none() && page.tree_problem.is_none() {
        return None;
    }
    let problem = page
        .tree_problem
        .clone()
        .map(|problem| view! { <p class="caution">{icon("warning")}<span>{problem}</span></p> });
    let tree = page
        .tree
        .as_ref()
        .map(|root| view! { <ul role="list" class="tree">{node(root, "0", 0)}</ul> });
    Some(
        view! {
            <section aria-labelledby="tree">
                <h2 id="tree">"What it is made of"</h2>
                {tree}
                {problem}
            </section>
        }
        .into_any(),
    )
}

fn is_healthy(node: &TreeNode) -> bool {
    node.health == Health::Ready && node.children.iter().all(is_healthy)
}

fn node(tree: &TreeNode, path: &str, depth: usize) -> AnyView {
    let reason =
        (!tree.reason.is_empty()).then(|| view! { <span class="reason">{tree.reason.clone()}</span> });
    let namespace = tree.namespace.clone().map(|namespace| format!("{namespace}/"));
    let line = view! {
        <span class="node">
            <span class="node-name"><strong>{tree.kind.clone()}</strong>" "<span class="mono" title=tree.api_version.clone()>{namespace}{tree.name.clone()}</span></span>
            {health(tree.health)}
            {reason}
        </span>
    };
    if tree.children.is_empty() || depth >= MAX_DEPTH {
        return view! { <li class="leaf">{line}</li> }.into_any();
    }
    // Few children, and unhealthy ones, are visible at once.
    let open = depth == 0 || tree.children.len() <= MAX_EXPANDED || !is_healthy(tree);
    let children: Vec<_> = tree
        .children
        .iter()
        .enumerate()
        .map(|(index, child)| node(child, &format!("{path}-{index}"), depth + 1))
        .collect();
    view! {
        <li>
            <details class="fold branch" id=format!("node-{path}") open=open>
                <summary>{icon("right")}{line}</summary>
                <ul role="list">{children}</ul>
            </details>
        </li>
    }
    .into_any()
}
