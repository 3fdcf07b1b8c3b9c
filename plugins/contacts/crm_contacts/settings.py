"""Settings of contacts."""

from __future__ import annotations

from crm_core.api import N_, Boolean, LongText, SettingDef, Text

PUBLIC_MAIL_DOMAINS = """
aol.com, bbox.fr, bluewin.ch, fastmail.com, free.fr, freenet.de, gmail.com, gmx.at, gmx.ch, gmx.com, gmx.de, gmx.fr,
gmx.net, googlemail.com, hotmail.be, hotmail.co.uk, hotmail.com, hotmail.de, hotmail.fr, hotmail.it, icloud.com,
inbox.com, laposte.net, libero.it, live.be, live.com, live.fr, mac.com, mail.com, mail.ru, me.com, msn.com, neuf.fr,
numericable.fr, orange.fr, outlook.be, outlook.com, outlook.de, outlook.fr, posteo.de, proton.me, protonmail.com,
qq.com, rocketmail.com, seznam.cz, sfr.fr, skynet.be, t-online.de, telenet.be, tutanota.com, voila.fr, wanadoo.fr,
web.de, yahoo.co.uk, yahoo.com, yahoo.de, yahoo.es, yahoo.fr, yahoo.it, yandex.com, yandex.ru, ymail.com, zoho.com
""".strip().replace("\n", " ")

SETTINGS = (
    SettingDef(
        key="private",
        type=Boolean(),
        label=N_("New contacts are private"),
        default=True,
        help=N_("Only owner, managers and salespeople see a new contact, until someone opens it to all"),
    ),
    SettingDef(
        key="public_mail_domains",
        type=LongText(20_000),
        label=N_("Public mail providers"),
        default=PUBLIC_MAIL_DOMAINS,
        help=N_("Contacts with an address there are not linked for it; separate the domains by commas"),
    ),
    SettingDef(
        key="map_url",
        type=Text(500),
        label=N_("Address of the map"),
        default="https://www.google.com/maps/search/?api=1&query={address}",
        help=N_("{address} stands for the postal address; without it contacts show no link"),
    ),
)
