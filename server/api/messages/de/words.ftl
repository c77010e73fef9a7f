# Words that stand for themselves: states, kinds, badges.
health-pending = In Arbeit
health-ready = Bereit
health-degraded = Gestört
health-paused = Angehalten
health-deleting = Wird gelöscht
health-gone = Nicht mehr da
health-unreachable = Nicht erreichbar
health-unknown = Unbekannt
state-draft = Entwurf
state-submitted = Gesendet
state-awaiting-approval = Wartet auf Freigabe
state-approved = Freigegeben
state-applying = Wird ausgeführt
state-fulfilled = Ausgeführt
state-rejected = Abgelehnt
state-withdrawn = Zurückgezogen
state-expired = Abgelaufen
state-failed = Fehlgeschlagen
action-create = Neu
action-change = Änderung
action-renew = Verlängerung
action-adopt = Übernahme
action-delete = Löschung
category-databases = Datenbanken
category-queues = Warteschlangen und Streams
category-clusters = Cluster
category-storage = Speicher
category-other = Anderes
phase-draft = Entwurf
phase-deprecated = Läuft aus
phase-ending = Endet bald
phase-ended = Beendet
plane-cordoned = Nimmt nichts Neues an
plane-ready = Bereit
plane-connecting = Verbindet sich
plane-unreachable = Nicht erreichbar
plane-misconfigured = Falsch eingerichtet

# Counts.
count-claims =
    { $count ->
        [one] { $count } Ressource
       *[other] { $count } Ressourcen
    }
count-offerings =
    { $count ->
        [one] { $count } Angebot
       *[other] { $count } Angebote
    }

# Prices.
price-month = im Monat
price-same = wie bisher
price-more = { $amount } mehr als bisher
price-less = { $amount } weniger als bisher
price-replaces = statt { $amount } { $period }
price-ends = nicht länger

# Where an offering is in its life.
lifecycle-draft = { $offering } ist ein Entwurf: Nur Plattform-Admins sehen es im Katalog und können es beantragen.
lifecycle-ended = { $offering } ist am { $day } ausgelaufen.
lifecycle-ends = { $offering } läuft aus und endet am { $day }.
lifecycle-deprecated = { $offering } läuft aus.
lifecycle-claim-ended = Diese Ressource bleibt, bis jemand sie löscht. Verlassen Sie sich aber nicht mehr auf sie.
lifecycle-claim-ends = Diese Ressource läuft bis dahin weiter und bleibt, bis jemand sie löscht.
lifecycle-none-new = Es gibt keine neuen Ressourcen mehr; bestehende können Sie ändern.
lifecycle-none-new-ended = Es gibt keine neuen Ressourcen mehr; bestehende bleiben.
lifecycle-ends-on = Endet am { $day }.
lifecycle-ended-on = Beendet am { $day }.
lifecycle-instead = Nehmen Sie stattdessen { $other }.

# Pages of a list.
pager-nothing = Nichts auf dieser Seite
pager-range-of = { $first }–{ $last } von { $total }
pager-range = { $first } bis { $last }
pager-previous = Zurück
pager-next = Weiter
pager-label = Seiten
filters = Filter
all = Alle
only-mine = Nur meine
new-request = Neuer Antrag
look-through-catalog = Im Katalog umsehen
take-away-filter = Nehmen Sie einen Filter weg, um mehr zu sehen.

# Tables of claims and requests.
head-name = Name
head-health = Zustand
head-offering = Angebot
head-version = Version
head-plan = Plan
head-environment = Umgebung
head-plane = Control Plane
head-age = Alter
head-request = Antrag
head-state = Stand
head-requested-by = Beantragt von
head-moved = Geändert
select-all = Alle auf dieser Seite auswählen
select-one = { $name } auswählen
last-seen = Zuletzt gesehen { $when }
ran-out = Abgelaufen
renew-or-delete = Verlängern oder löschen
offering-ended-on = Das Angebot endete am { $day }.
offering-ends-on = Das Angebot endet am { $day }.

# Health within a sentence.
is-pending = in Arbeit
is-ready = bereit
is-degraded = gestört
is-paused = angehalten
is-deleting = wird gelöscht
is-gone = nicht mehr da
is-unreachable = nicht erreichbar
is-unknown = unbekannt
