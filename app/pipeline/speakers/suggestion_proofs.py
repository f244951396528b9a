"""Rule 10, checking: which names that a model suggests are proven by the speakers' own words (M1 to M6, M8).

What follows from them is in `suggestions`. Source: transcript.md, section 5.11.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.pipeline.speakers.naming import Naming
from app.pipeline.speakers.self_references import SelfReference, Words, find_self_references
from app.pipeline.speakers.tokens import HONORIFICS, fold, tokenize
from app.pipeline.speakers.utterances import Utterance
from app.pipeline.speakers.word_lists import COMMON_WORDS, GENERIC_NAMES, STOP_WORDS
from app.pipeline.transcript import Confidence, LabelSource, Speaker, SpeakerRole
from app.providers.protocols import NameSuggestion

MAX_NAME_CHARS = 60
MIN_QUOTE_TOKENS = 2

_SURE_ENOUGH = (Confidence.HIGH, Confidence.MEDIUM)


@dataclass(frozen=True, slots=True)
class ProvenName:
    """A name that a speaker bears, `position` tokens into what he or she says, and the role that is suggested with it.

    `words` are those of the name, without honorifics and organisation. `is_told`: rule 2 knows it already.
    """

    speaker_id: str
    position: int
    words: Words
    name: str
    role: SpeakerRole
    is_told: bool


def is_open(speaker: Speaker) -> bool:
    """Tell whether a suggestion may say something about a real speaker (M1); HIGH is never touched."""
    is_unresolved = (
        speaker.role is SpeakerRole.UNKNOWN or _told_name(speaker) is None or speaker.confidence is Confidence.LOW
    )
    return is_unresolved and speaker.confidence is not Confidence.HIGH


def find_proven_names(naming: Naming, suggestions: Sequence[NameSuggestion]) -> list[ProvenName]:
    """At most one name per speaker, in the order of the speakers.

    Of several suggestions, the name said first, and the longer one when two begin alike; their order does not matter.
    """
    best: dict[str, ProvenName] = {}
    for suggestion in _without_twins(suggestions):
        proven = _prove(naming, suggestion)
        if proven is not None:
            best[proven.speaker_id] = min(proven, best.get(proven.speaker_id, proven), key=_rank)
    return [best[speaker_id] for speaker_id in naming.real if speaker_id in best]


def _rank(proven: ProvenName) -> tuple[int, int, bool, str, str]:
    return proven.position, -len(proven.words), proven.role is SpeakerRole.UNKNOWN, proven.role, proven.name


def _without_twins(suggestions: Sequence[NameSuggestion]) -> Iterator[NameSuggestion]:
    """M8: one name for several speakers is nobody's."""
    bearers: dict[Words, set[str]] = defaultdict(set)
    for suggestion in suggestions:
        bearers[_core(suggestion.name)].add(suggestion.speaker_id)
    return (suggestion for suggestion in suggestions if len(bearers[_core(suggestion.name)]) == 1)


def _prove(naming: Naming, suggestion: NameSuggestion) -> ProvenName | None:
    """Check M1 to M6; None when the suggestion is not to be used."""
    if suggestion.speaker_id not in naming.real or suggestion.confidence not in _SURE_ENOUGH:
        return None
    speaker, core = naming.speakers[suggestion.speaker_id], _core(suggestion.name)
    if not is_open(speaker) or not _is_name(suggestion.name, core):
        return None
    found = _find_in_own_words(naming, suggestion)
    if found is None:
        return None
    position, spoken = found
    told = _told_name(speaker)
    if told is None:
        name = _spell(spoken, " ".join(suggestion.name.split()))
    else:
        name, core = told, _core(told.partition(" (")[0])
        if core[:1] != _core(spoken)[:1]:
            # Whoever has told a name has that name, and no other.
            return None
    role = SpeakerRole(suggestion.role) if suggestion.role in tuple(SpeakerRole) else SpeakerRole.UNKNOWN
    return ProvenName(speaker.speaker_id, position, core, name, role, is_told=told is not None)


def _spell(spoken: str, suggested: str) -> str:
    """As it was said; recognisers that write no capitals leave it to the model to know where a name has them."""
    return suggested if spoken == spoken.lower() and fold(spoken) == fold(suggested) else spoken


def _told_name(speaker: Speaker) -> str | None:
    """The name that a speaker has already; a phone label is none."""
    return None if speaker.label_source is LabelSource.PHONE_FALLBACK else speaker.display_name


def _words(text: str) -> Words:
    return tuple(token.word for token in tokenize(text))


def _core(name: str) -> Words:
    return tuple(word for word in _words(name) if word not in HONORIFICS)


def _is_name(name: str, core: Words) -> bool:
    """M6, and no word that rule 2 knows for something else than a name ("I'm sorry")."""
    if not core or len(" ".join(name.split())) > MAX_NAME_CHARS or any(map(str.isdigit, name)):
        return False
    is_stop_word = core[0] in STOP_WORDS and core[0] not in COMMON_WORDS
    return any(map(str.isalpha, name)) and not is_stop_word and core[0] != "speaker" and not set(core) <= GENERIC_NAMES


def _find_in_own_words(naming: Naming, suggestion: NameSuggestion) -> tuple[int, str] | None:
    """M3 to M5: where, in tokens, and how a speaker first says the name as his or her own within the quote."""
    name, quote = _words(suggestion.name), _words(suggestion.quote)
    if len(quote) < MIN_QUOTE_TOKENS:
        return None
    spoken: list[str] = []
    references: list[tuple[int, Utterance, SelfReference]] = []
    for utterance in naming.utterances:
        if utterance.speaker_id == suggestion.speaker_id:
            found = find_self_references(utterance, name)
            references += [(len(spoken), utterance, reference) for reference in found]
            spoken += [token.word for token in utterance.tokens]
    places = [at for at in range(len(spoken) - len(quote) + 1) if tuple(spoken[at : at + len(quote)]) == quote]
    for offset, utterance, reference in references:
        start, end = offset + reference.start, offset + reference.end
        # The whole name lies within the quote, which is more than M4 asks for.
        if any(at <= start and end <= at + len(quote) for at in places):
            return offset + reference.name_start, utterance.spoken(reference.name_start, reference.name_end)
    return None
