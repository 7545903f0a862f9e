"""Where the words of the pocket world come from: CLDR (babel), num2words, and lists written by hand.

What this module returns is frozen in `words.json`, because the shipped models were trained on it: a newer
CLDR that renames a currency must not put the examination at odds with the models. A test compares the two.
"""

from __future__ import annotations

from typing import Any

LANGUAGE_OF = (
    "JP:ja DE:de FR:fr IT:it PT:pt GR:el RU:ru CN:zh KR:ko TH:th VN:vi EG:ar IR:fa PL:pl SE:sv NO:no DK:da "
    "HU:hu CZ:cs RO:ro BG:bg ID:id KH:km LA:lo GE:ka AM:hy FI:fi IS:is"
)
CURRENCY_OF = (
    "JP:JPY CN:CNY KR:KRW TH:THB VN:VND ID:IDR EG:EGP IR:IRR PL:PLN SE:SEK NO:NOK DK:DKK HU:HUF CZ:CZK "
    "RO:RON MY:MYR MX:MXN IN:INR BD:BDT PK:PKR KE:KES KH:KHR LA:LAK GE:GEL AM:AMD ET:ETB IS:ISK RS:RSD"
)
CAPITAL_OF = (
    "JP:Asia/Tokyo DE:Europe/Berlin FR:Europe/Paris IT:Europe/Rome ES:Europe/Madrid PT:Europe/Lisbon "
    "GR:Europe/Athens RU:Europe/Moscow KR:Asia/Seoul TH:Asia/Bangkok EG:Africa/Cairo IR:Asia/Tehran "
    "PL:Europe/Warsaw SE:Europe/Stockholm NO:Europe/Oslo DK:Europe/Copenhagen HU:Europe/Budapest "
    "CZ:Europe/Prague RO:Europe/Bucharest BG:Europe/Sofia AT:Europe/Vienna BE:Europe/Brussels "
    "FI:Europe/Helsinki IE:Europe/Dublin KE:Africa/Nairobi PE:America/Lima CO:America/Bogota "
    "CU:America/Havana BD:Asia/Dhaka RS:Europe/Belgrade"
)
FILIPINO_NUMBERS = (  # 1 to 20; num2words has no Tagalog
    "isa dalawa tatlo apat lima anim pito walo siyam sampu labing-isa labindalawa labintatlo labing-apat "
    "labinlima labing-anim labimpito labingwalo labinsiyam dalawampu"
)
OPPOSITES = {  # fourteen pairs, in the same order in every language
    "en": "hot-cold big-small new-old fast-slow day-night good-bad black-white rich-poor long-short "
    "strong-weak open-closed high-low wet-dry full-empty",
    "de": "heiß-kalt groß-klein neu-alt schnell-langsam Tag-Nacht gut-schlecht schwarz-weiß reich-arm "
    "lang-kurz stark-schwach offen-geschlossen hoch-niedrig nass-trocken voll-leer",
    "id": "panas-dingin besar-kecil baru-lama cepat-lambat siang-malam baik-buruk hitam-putih kaya-miskin "
    "panjang-pendek kuat-lemah terbuka-tertutup tinggi-rendah basah-kering penuh-kosong",
    "ar": "حار-بارد كبير-صغير جديد-قديم سريع-بطيء نهار-ليل جيد-سيئ أسود-أبيض غني-فقير طويل-قصير قوي-ضعيف "
    "مفتوح-مغلق مرتفع-منخفض رطب-جاف ممتلئ-فارغ",
    "ja": "熱い-冷たい 大きい-小さい 新しい-古い 速い-遅い 昼-夜 良い-悪い 黒-白 豊か-貧しい 長い-短い "
    "強い-弱い 開く-閉じる 高い-低い 湿った-乾いた 満杯-空っぽ",
    "fil": "mainit-malamig malaki-maliit bago-luma mabilis-mabagal araw-gabi mabuti-masama itim-puti "
    "mayaman-mahirap mahaba-maikli malakas-mahina bukas-sarado mataas-mababa basa-tuyo puno-basyo",
}


def _pairs(text: str) -> list[tuple[str, str]]:
    return [(left, right) for left, _, right in (pair.partition(":") for pair in text.split())]


def words(language: str) -> dict[str, Any]:
    """Returns the words of one language, as `words.json` holds them.

    Months and weekdays are taken in their `format` form: the stand-alone ones of `fil` are Japanese in CLDR.
    """
    from babel import Locale

    locale = Locale.parse(language)
    days = locale.days["format"]["wide"]
    countries = sorted({code for code, _ in _pairs(f"{LANGUAGE_OF} {CURRENCY_OF} {CAPITAL_OF}")})
    return {
        "months": [locale.months["format"]["wide"][number] for number in range(1, 13)],
        "days": [days[number] for number in range(7)],  # Monday first
        "numbers": number_words(language),
        "countries": {code: locale.territories[code] for code in countries},
        "languages": {code: locale.languages[tag] for code, tag in _pairs(LANGUAGE_OF)},
        "currencies": {code: locale.currencies[unit] for code, unit in _pairs(CURRENCY_OF)},
        "capitals": {code: _city(locale, zone) for code, zone in _pairs(CAPITAL_OF)},
        "opposites": [pair.split("-") for pair in OPPOSITES[language].split()],
    }


def number_words(language: str) -> list[str]:
    """Returns the words for 1 to 20."""
    if language == "fil":
        return FILIPINO_NUMBERS.split()
    from num2words import num2words

    return [num2words(number, lang=language) for number in range(1, 21)]


def _city(locale: Any, zone: str) -> str:
    """CLDR names a time zone's city only where it differs from the zone's own (English) name."""
    named = locale.time_zones.get(zone, {}).get("city")
    return str(named or zone.rpartition("/")[2].replace("_", " "))
