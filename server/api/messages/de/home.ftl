# The home page.
home-question = Was brauchen Sie?
home-search = Katalog durchsuchen
home-search-example = Eine Datenbank, eine Warteschlange, ein Cluster …
home-planes-down =
    { $count ->
        [one] { $count } Control Plane antwortet nicht
       *[other] { $count } Control Planes antworten nicht
    }
home-claims-need-you =
    { $count ->
        [one] { $count } von { $all } braucht Ihr Zutun
       *[other] { $count } von { $all } brauchen Ihr Zutun
    }
home-requests-wait =
    { $count ->
        [one] { $count } Antrag wartet auf Sie
       *[other] { $count } Anträge warten auf Sie
    }
home-claim-ready = Ihre Ressource ist bereit
home-claims-ready = Alle { $claims } sind bereit
home-some-ready =
    { $count ->
        [one] { $ready } von { $count } Ressource ist bereit
       *[other] { $ready } von { $count } Ressourcen sind bereit
    }
home-claim-ready-sentence = Ihre Ressource ist bereit.
home-claims-ready-sentence = Alle { $claims } sind bereit.
home-no-team = Sie sind hier noch in keinem Team, darum gibt es nichts zu zeigen. Bitten Sie den Admin Ihres Teams oder das Plattform-Team, Sie in die Gruppe aufzunehmen, und melden Sie sich dann ab und wieder an.
home-no-plane = Noch keine Control Plane
home-plane-answers = Die Control Plane antwortet
home-planes-answer = Alle { $count } Control Planes antworten
home-plane-down = { $plane } antwortet nicht
home-plane-last-known = Was Sie davon sehen, ist der letzte bekannte Stand.
home-configuration-errors =
    { $count ->
        [one] { $count } Fehler in der Konfiguration
       *[other] { $count } Fehler in der Konfiguration
    }
home-configuration-stays = Die letzte gute Konfiguration gilt weiter.
home-over-quota = { $tenant } ist über einem Kontingent
home-over-quota-more = { $tenant } und { $more } weitere sind über einem Kontingent
home-wants-to-publish = { $publisher } möchte { $offering } anbieten
home-permissions-wait =
    { $count ->
        [one] { $count } Erlaubnis wartet auf Ihre Entscheidung.
       *[other] { $count } Erlaubnisse warten auf Ihre Entscheidung.
    }
home-oldest-approval = Der älteste Antrag wartet schon { $time } auf Freigabe
home-oldest-what = { $offering } { $claim } für { $place }
home-platform-fine = { $planes }, die Konfiguration hat keine Fehler, und kein Team ist über einem Kontingent.
home-platform = Die Plattform
home-planes = Control Planes
home-suggestions = Gut für den Anfang
home-whole-catalog = Der ganze Katalog
home-all-count = Alle { $count }
home-all-approvals = Alle Freigaben
home-waiting-for-you = Wartet auf Sie
home-claims-unwell = Ressourcen, die nicht bereit oder abgelaufen sind
home-ends = endet { $when }
home-renew-or-delete = verlängern oder löschen
home-ending-soon = Endet bald
home-move-off = Davon bald wegziehen
home-deprecated = Läuft aus
home-claims-of = { $claims } von { $offering }
home-unsuccessful = Ihre Anträge, die nicht ausgeführt wurden
home-all-requests = Alle Anträge
home-wait-for-others = Sie warten auf andere
home-last-day = Der letzte Tag
home-became-ready = bereit geworden
home-broke = gestört
home-and-more = und { $count } weitere
home-the-last = zuletzt { $when }
planes-do-not-answer =
    { $count ->
        [one] { $planes } antwortet nicht. Was dort läuft, kann trotzdem funktionieren; was Sie hier davon sehen, ist der letzte bekannte Stand.
       *[other] { $planes } antworten nicht. Was dort läuft, kann trotzdem funktionieren; was Sie hier davon sehen, ist der letzte bekannte Stand.
    }
