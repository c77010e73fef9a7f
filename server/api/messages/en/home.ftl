# The home page.
home-question = What do you need?
home-search = Search the catalog
home-search-example = A database, a queue, a cluster…
home-planes-down =
    { $count ->
        [one] { $count } control plane does not answer
       *[other] { $count } control planes do not answer
    }
home-claims-need-you =
    { $count ->
        [one] { $count } of { $all } needs you
       *[other] { $count } of { $all } need you
    }
home-requests-wait =
    { $count ->
        [one] { $count } request waits for you
       *[other] { $count } requests wait for you
    }
home-claim-ready = Your claim is ready
home-claims-ready = All { $claims } are ready
home-some-ready =
    { $count ->
        [one] { $ready } of { $count } claim is ready
       *[other] { $ready } of { $count } claims are ready
    }
home-claim-ready-sentence = Your claim is ready.
home-claims-ready-sentence = All { $claims } are ready.
home-no-team = You are in no team here yet, so there is nothing to show. Ask your team's admin or the platform team to add you to its group, then sign out and in again.
home-no-plane = No control plane yet
home-plane-answers = The control plane answers
home-planes-answer = All { $count } control planes answer
home-plane-down = { $plane } does not answer
home-plane-last-known = What is seen of it is the last that is known.
home-configuration-errors =
    { $count ->
        [one] { $count } error in the configuration
       *[other] { $count } errors in the configuration
    }
home-configuration-stays = The last good configuration stays in force.
home-over-quota = { $tenant } is over a quota
home-over-quota-more = { $tenant } and { $more } more are over a quota
home-wants-to-publish = { $publisher } wants to publish { $offering }
home-permissions-wait =
    { $count ->
        [one] { $count } permission waits for you to decide on.
       *[other] { $count } permissions wait for you to decide on.
    }
home-oldest-approval = The oldest approval waits { $time }
home-oldest-what = { $offering } { $claim } for { $place }
home-platform-fine = { $planes }, the configuration has no errors, and no tenant is over a quota.
home-platform = The platform
home-planes = Control planes
home-suggestions = Good to begin with
home-whole-catalog = The whole catalog
home-all-count = All { $count }
home-all-approvals = All approvals
home-waiting-for-you = Waiting for you
home-claims-unwell = Claims that are not ready or ran out
home-ends = ends { $when }
home-renew-or-delete = renew it, or delete it
home-ending-soon = Ending soon
home-move-off = Move off these soon
home-deprecated = Deprecated
home-claims-of = { $claims } of { $offering }
home-unsuccessful = Your requests that were not applied
home-all-requests = All requests
home-wait-for-others = You wait for others
home-last-day = The last day
home-became-ready = became ready
home-broke = broke
home-and-more = and { $count } more
home-the-last = the last { $when }
planes-do-not-answer =
    { $count ->
        [one] { $planes } does not answer. What runs there may work all the same; what you see of it here is the last that is known.
       *[other] { $planes } do not answer. What runs there may work all the same; what you see of them here is the last that is known.
    }
