"""What fictional people are made of: names with accents, streets, towns, trades. Nobody real is meant."""

from __future__ import annotations


def _words(text: str, mark: str | None = None) -> tuple[str, ...]:
    return tuple(text.split(mark))


FIRST = _words(
    "Aliénor Björn Chloé Désirée Élodie François Gaëlle Hélène Inès Joël Kévin Loïc Maïwenn Noémie Océane Pénélope "
    "Quentin Rémi Solène Thérèse Ulysse Véronique Wenceslas Xénia Yaël Zoé Ana Bruno Carla Dario Emma Felix Greta "
    "Hugo Ida Jonas Katarzyna Łukasz Mikołaj Nils Olga Pavel Rosa Søren Tomáš Ursula Viktor Wanda Ximena Yusuf Zdeněk "
    "Ådne Çelik Şirin Ñusta Ömer Ágnes Éva István Jürgen Käthe Müge Réka Zoltán Aino Berit Caio Duarte Edda Freya"
)

SYLLABLES = _words(
    "ba bel bri cal cor da del dor e fal fen fri ga gal gor hal hen hil i jar jol ka kel ker kor la len lor ma mel "
    "mir mor na nel nor o pal pen por qua ra rel ric ro sal sen sol ta tel tir tor u val ven vil vor wen wil ya zel "
    "zor é ü ø ñ"
)
"""Surnames are made of these: many, each rare, as the surnames of a country are."""

COMMON = _words(
    "Martin Bernard Müller Schmidt Novák García Rossi Kowalski Andersson Nielsen Silva Popescu Nagy Jansen Dubois "
    "Lefèvre Moreau Weiß Çelik Jørgensen"
)
"""One person in four has one of these instead."""

TRADES = _words("Fonderie Atelier Boulangerie Werft Druckerei Officina Tannerie Verrerie Reederei Molino Huta Kelterei")
LEGAL = _words("SA SARL GmbH AB SpA ApS Kft Lda s.r.o. Ltd")
STREETS = _words(
    "rue des Érables|Lindenweg|via dei Tigli|calle del Olmo|Storgatan|allée du Noyer|ulica Polna|Fő utca", "|"
)
TOWNS = (
    ("29460", "Kermabec", "FR"), ("35999", "Saint-Éloi-du-Pré", "FR"), ("69998", "Montclair", "FR"),
    ("79997", "Schönhalde", "DE"), ("20996", "Niederförde", "DE"), ("00995", "Borgo Sereno", "IT"),
    ("28994", "Villaclara", "ES"), ("11493", "Björkvik", "SE"), ("00-992", "Jasnogóra Mała", "PL"),
    ("1991", "Kővár", "HU"),
)  # fmt: skip
JOBS = _words(
    "Head of purchasing|Site manager|Accountant|Directrice générale|Vertriebsleiter|Office manager|Technicienne|"
    "Sales assistant|Responsable qualité|Engineer",
    "|",
)
TAGS = _words("vip fair newsletter reseller dormant beta")
