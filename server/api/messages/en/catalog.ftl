# The catalog and the page of an offering.
catalog-any-plane = Any control plane
catalog-categories = Categories
catalog-nothing-offered = Nothing is offered yet
catalog-nothing-offered-hint = Offerings appear here as soon as a control plane serves a kind that is marked as offered. Ask your platform team, or look at Admin if that is you.
catalog-nothing-matches = Nothing matches
catalog-nothing-matches-hint = Try another word, or look through everything that is offered.
catalog-show-everything = Show everything
catalog-compare-two = Compare the two
catalog-compare = Compare these { $count }
ready-within-seconds = Ready within seconds
ready-in-about = Ready in about { $time }
price-from = from { $price } a month
needs-approval = Needs approval
does-not-answer = { $plane } (does not answer)
by-team = By team { $team }
nowhere-now = Nowhere just now
on-planes = { $count } control planes
on-planes-some-dead =
    { $dead ->
        [one] { $count } control planes, of which { $dead } is not answering
       *[other] { $count } control planes, of which { $dead } are not answering
    }
offering-request = Request { $offering }
offering-may-not = You may not request this here.
offering-you-may-change = You may change
offering-plans = Plans
offering-choose = Choose
offering-documentation = Documentation
offering-your-team-runs = What your team runs
offering-administration = Administration
offering-try-health = Try its health rules
offering-differences = What each control plane serves
offering-owner = Owner
offering-support = Support
offering-typically-ready = Typically ready in
offering-approval = Approval
offering-approval-needed = Needed where you work
offering-approval-not-needed = Not needed where you work
offering-kind = Kubernetes kind
about = About
offering-addresses =
    { $count ->
        [one] { $count } address, shown on the claim’s page:
       *[other] { $count } addresses, shown on the claim’s page:
    }
offering-secret = A Kubernetes Secret with
offering-secret-named = A Kubernetes Secret { $name } with
offering-receives = What you receive
offering-where = Where it runs
offering-of-team = It is a service of team { $team }, on a control plane of its own.
offering-nowhere = No control plane that you may use serves it just now.
offering-plane-down = Does not answer
offering-plane-down-since = Does not answer, last seen { $when }
