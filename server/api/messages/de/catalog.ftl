# The catalog and the page of an offering.
catalog-any-plane = Jede Control Plane
catalog-categories = Kategorien
catalog-nothing-offered = Noch wird nichts angeboten
catalog-nothing-offered-hint = Angebote erscheinen hier, sobald eine Control Plane eine Art bereitstellt, die als angeboten markiert ist. Fragen Sie Ihr Plattform-Team, oder sehen Sie unter Verwaltung nach, wenn Sie das sind.
catalog-nothing-matches = Nichts passt
catalog-nothing-matches-hint = Versuchen Sie ein anderes Wort, oder sehen Sie alles durch, was angeboten wird.
catalog-show-everything = Alles zeigen
catalog-compare-two = Beide vergleichen
catalog-compare = Diese { $count } vergleichen
ready-within-seconds = In Sekunden bereit
ready-in-about = Braucht etwa { $time }
price-from = ab { $price } im Monat
needs-approval = Braucht Freigabe
does-not-answer = { $plane } (antwortet nicht)
by-team = Von Team { $team }
nowhere-now = Gerade nirgends
on-planes = { $count } Control Planes
on-planes-some-dead =
    { $dead ->
        [one] { $count } Control Planes, davon { $dead } ohne Antwort
       *[other] { $count } Control Planes, davon { $dead } ohne Antwort
    }
offering-request = { $offering } beantragen
offering-may-not = Sie dürfen das hier nicht beantragen.
offering-you-may-change = Sie dürfen ändern
offering-plans = Pläne
offering-choose = Wählen
offering-documentation = Dokumentation
offering-your-team-runs = Was Ihr Team betreibt
offering-administration = Verwaltung
offering-try-health = Regeln für den Zustand ausprobieren
offering-differences = Was jede Control Plane bereitstellt
offering-owner = Verantwortlich
offering-support = Hilfe
offering-typically-ready = Übliche Dauer
offering-approval = Freigabe
offering-approval-needed = Nötig, wo Sie arbeiten
offering-approval-not-needed = Nicht nötig, wo Sie arbeiten
offering-kind = Kubernetes-Art
about = Angaben
offering-addresses =
    { $count ->
        [one] { $count } Adresse, auf der Seite der Ressource:
       *[other] { $count } Adressen, auf der Seite der Ressource:
    }
offering-secret = Ein Kubernetes-Secret mit
offering-secret-named = Ein Kubernetes-Secret { $name } mit
offering-receives = Was Sie bekommen
offering-where = Wo es läuft
offering-of-team = Es ist ein Dienst von Team { $team } auf einer eigenen Control Plane.
offering-nowhere = Keine Control Plane, die Sie nutzen dürfen, stellt es gerade bereit.
offering-plane-down = Antwortet nicht
offering-plane-down-since = Antwortet nicht, zuletzt gesehen { $when }
