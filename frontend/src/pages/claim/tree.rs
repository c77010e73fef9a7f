//! What a claim is composed of, opened at what is not ready.

use leptos::prelude::*;
use portico_domain::claim::Health;
use portico_domain::view::{ClaimPage, TreeNode};

use crate::parts::badge::health;
use crate::parts::icon;

/// Deeper than this is not drawn: the tree comes from a control plane, which may say anything.
const DEEPEST: usize = 12;

/// So many children stand open though all of them are ready.
const FEW: usize = 8;

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

fn well(node: &TreeNode) -> bool {
    node.health == Health::Ready && node.children.iter().all(well)
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
    if tree.children.is_empty() || depth >= DEEPEST {
        return view! { <li class="leaf">{line}</li> }.into_any();
    }
    // A handful is seen at a glance, and what is not well at once.
    let open = depth == 0 || tree.children.len() <= FEW || !well(tree);
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
