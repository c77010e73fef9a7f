# The page of a request, and approvals.
keys-off = Tasten mit einem Buchstaben ausschalten
keys-on = Tasten mit einem Buchstaben einschalten
request-go-to-claim = Zur Ressource
request-withdraw = Antrag zurückziehen
request-waits-for = Wartet auf { $who }
request-and = { $one } und { $other }
request-asked = gestellt { $when }
request-expires = läuft ab { $when }
request-again = Noch einmal beantragen
request-decision = Entscheidung
request-comment = Kommentar
request-send-comment = Kommentieren
request-needed-to-reject = nötig zum Ablehnen
request-reads-this = { $name } liest das.
request-approve = Freigeben
request-reject = Ablehnen
request-key-approves = { $keys } gibt frei
request-key-rejects = { $keys } lehnt ab
request-what-happened = Was geschehen ist
request-add-comment = Kommentar hinzufügen
request-everybody-reads = Alle, die diesen Antrag sehen, lesen das.
request-step-failed = Fehlgeschlagen
request-step-now = Jetzt
request-step-done = Erledigt
request-step-to-come = Kommt noch
request-nothing-differs = Nichts: Es ist genau { $against }.
request-what-differs = Unterschiede, verglichen mit: { $against }
request-take-over = Übernimmt { $fields } von anderen, die es gesetzt haben.
request-what = Was beantragt ist
request-manifest = Das ganze Manifest
request-manifest-frozen = Was freigegeben und ausgeführt wird, unverändert seit dem Senden.
request-the-manifest = das Manifest
request-the-manifest-of = das Manifest von { $claim }
request-rules = Regeln, die eine Freigabe verlangen
quota = Kontingent
request-when = Wann
request-expires-head = Läuft ab
request-if-nobody = Wenn vorher niemand entscheidet.
request-for = Für
price = Preis

# Steps of a request.
step-requested = Beantragt
step-approved = Freigegeben
step-rejected = Abgelehnt
step-approval-undone = Freigegeben und zurückgenommen
step-rejection-undone = Abgelehnt und zurückgenommen
step-waits = Wartet auf Freigabe
step-apply = Auf der Control Plane ausführen
step-delete = Auf der Control Plane löschen
step-applied = Auf der Control Plane ausgeführt
step-deleted = Auf der Control Plane gelöscht
step-refused = Von einer Richtlinie abgelehnt
step-withdrawn = Zurückgezogen
step-expired = Abgelaufen: Niemand hat rechtzeitig entschieden
step-failed = Fehlgeschlagen
step-blocked = So geht es nicht weiter
step-commented = Kommentiert

# What a request waits for, or why it ended.
status-seconds = Wird in wenigen Sekunden ausgeführt: Bis dahin kann die Freigabe zurückgenommen werden
status-applying = Wird auf der Control Plane ausgeführt
status-rejected = Abgelehnt von { $name }
status-rejected-why = Abgelehnt von { $name }: { $comment }
status-expired = Niemand hat rechtzeitig entschieden. Beantragen Sie es noch einmal, wenn Sie es noch brauchen.

# What changes are compared with.
against-live = was jetzt läuft
against-was-live = was damals lief
against-defaults = die Vorgaben
against-plan = der Plan { $plan }

# Approvals.
approvals-nobody = Niemand wartet auf Sie
approvals-nobody-hint = Anträge, die Ihre Zustimmung brauchen, erscheinen hier von selbst. Wer am längsten wartet, steht oben.
approvals-nobody-sentence = Niemand wartet auf Sie.
approvals-list = Anträge, die auf Sie warten
approvals-key-move = weiter, zurück
approvals-key-approve = freigeben
approvals-key-reject = ablehnen
approvals-key-undo = rückgängig
approvals-action-of = { $action } von { $offering }
approvals-why-you = Warum Sie gefragt werden
approvals-note-from = Notiz von { $name }
approvals-comments = Kommentare
approvals-quota = Kontingent mit diesem Antrag
approvals-price = Preis:{ " " }
approvals-all-waiting = Alle Anträge, die warten
approvals-asked = { $name } hat { $when } gefragt
approvals-all-about = Alles zu diesem Antrag
approvals-next = Den nächsten öffnen
approvals-comment-anyway = Trotzdem kommentieren.
approvals-taken-back = { $name } hat den Antrag zurückgezogen: Es gibt nichts mehr zu entscheiden.
approvals-you-approved = Sie haben ihn freigegeben.
approvals-approved = { $name } hat ihn freigegeben.
approvals-you-rejected = Sie haben ihn abgelehnt.
approvals-rejected = { $name } hat ihn abgelehnt.
approvals-refused = Eine Richtlinie hat ihn abgelehnt: Es gibt nichts mehr zu entscheiden.
approvals-expired = Er ist abgelaufen: Niemand hat rechtzeitig entschieden.
approvals-none-needed = Es braucht keine Entscheidung.
track-first = { $name }: der erste Antrag hier
track-applied = { $name }: { $applied } von { $ended } ausgeführt
track-rejected = { $count } abgelehnt
track-failed = { $count } fehlgeschlagen
track-claims = { $requests }. Ressourcen hier: { $claims }
track-health = { $count } { $health }

# Quota and control plane, beside a request.
quota-of = { $resource } von { $tenant }
quota-nearly-full = Fast voll:{ " " }
quota-effect = { $used } von { $limit }
quota-too-much = { $used } von { $limit }: { $more } zu viel
quota-less = { $used } von { $limit } (−{ $takes })
quota-more = { $used } von { $limit } (+{ $takes })
quota-with-others =
    { $count ->
        [one] Mit dem anderen, der wartet: { $total }
       *[other] Mit den { $count } anderen, die warten: { $total }
    }
quota-with-others-too-much =
    { $count ->
        [one] Mit dem anderen, der wartet: { $total }, das ist zu viel
       *[other] Mit den { $count } anderen, die warten: { $total }, das ist zu viel
    }
placement-in-region = in { $region }
placement-as-well = sie wäre genauso gut
placement-why-not = Warum keine andere?
approval-none = Keine nötig: Es geht sofort los.

# A request as a sentence.
sentence =
    { $action ->
        [create] { $offering }
        [create-an] { $offering }
        [change] Änderung an { $offering }
        [renew] Verlängerung von { $offering }
        [adopt] Übernahme von { $offering }
       *[delete] Löschung von { $offering }
    }{ $has_plan ->
        [yes] , { $plan },
       *[no] { "" }
    }{ $has_name ->
        [yes] { " " }mit dem Namen { $name }
       *[no] { "" }
    } in { $tenant }/{ $environment }{ $has_plane ->
        [yes] { " " }auf { $plane }
       *[no] { "" }
    }{ $has_until ->
        [yes] , bis { $until }
       *[no] { "" }
    }
