"""Language names of transcription engines and their ISO-639-1 codes.

Source: transcript.md, section 1; pipeline.md, section 3.4.
"""

import re

_CODES_OF_NAMES = """
af afrikaans; am amharic; ar arabic; as assamese; az azerbaijani; ba bashkir; be belarusian; bg bulgarian; bn bengali;
bo tibetan; br breton; bs bosnian; ca catalan valencian; cs czech; cy welsh; da danish; de german; el greek; en english;
es spanish castilian; et estonian; eu basque; fa persian; fi finnish; fo faroese; fr french; gl galician; gu gujarati;
ha hausa; he hebrew; hi hindi; hr croatian; ht haitian; hu hungarian; hy armenian; id indonesian; is icelandic;
it italian; ja japanese; jv javanese; ka georgian; kk kazakh; km khmer; kn kannada; ko korean; la latin;
lb luxembourgish letzeburgesch; ln lingala; lo lao; lt lithuanian; lv latvian; mg malagasy; mi maori; mk macedonian;
ml malayalam; mn mongolian; mr marathi; ms malay; mt maltese; my myanmar burmese; ne nepali; nl dutch flemish;
nn nynorsk; no norwegian; oc occitan; pa punjabi panjabi; pl polish; ps pashto pushto; pt portuguese;
ro romanian moldavian moldovan; ru russian; sa sanskrit; sd sindhi; si sinhala sinhalese; sk slovak; sl slovenian;
sn shona; so somali; sq albanian; sr serbian; su sundanese; sv swedish; sw swahili; ta tamil; te telugu; tg tajik;
th thai; tk turkmen; tl tagalog; tr turkish; tt tatar; uk ukrainian; ur urdu; uz uzbek; vi vietnamese; yi yiddish;
yo yoruba; zh chinese mandarin cantonese
"""
"""The names are those of Whisper's tokenizer; a name of two words ("haitian creole") is told by its first."""

_BY_NAME = {
    name: code for code, *names in (entry.split() for entry in _CODES_OF_NAMES.split(";")) for name in (code, *names)
}
_NAMES = {code: names[0] for code, *names in (entry.split() for entry in _CODES_OF_NAMES.split(";"))}
_NAMES |= {"ht": "haitian creole", "nb": "norwegian"}
_OTHER_CODES = {"iw": "he", "jw": "jv", "in": "id", "yue": "zh"}
_CODE = re.compile(r"([a-z]{2})(?:[-_][a-z0-9]+)*")


def get_language_code(language: str | None) -> str | None:
    """The ISO-639-1 code of a language's English name or code, in any case, with or without region.

    None for what is neither, and for languages without such a code.
    """
    if language is None or not language.strip():
        return None
    folded = language.strip().casefold()
    known = _OTHER_CODES.get(folded) or _BY_NAME.get(folded.split()[0])
    if known is not None:
        return known
    match = _CODE.fullmatch(folded)
    return None if match is None else _OTHER_CODES.get(match[1], match[1])


def get_language_name(code: str) -> str | None:
    """Whisper's name of an ISO-639-1 code, in lower case; the code in any case, with or without region.

    None for what is no such code, and for languages that Whisper does not know.
    """
    match = _CODE.fullmatch(code.strip().casefold())
    return None if match is None else _NAMES.get(_OTHER_CODES.get(match[1], match[1]))
