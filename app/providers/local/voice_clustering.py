"""How many voices there are, and which of them each frame belongs to.

Sounds differ far more than voices do, but they change many times a second, and a voice lasts. So the frames are first
clustered by what changes slowly (slow feature analysis). Then two Gaussian mixtures compete for them, with a penalty
on changes (a hidden Markov model of two states), and are re-trained on what they won. More than two voices are found
by telling the frames of each of the two apart once more.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture

from app.providers.local.voice_frames import Floats

Labels = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_SEED = 0  # the same recording always gives the same turns

_WINDOW_FRAMES = 40
_WINDOW_HOP_FRAMES = 10
_SLOW_FEATURES = 2
_SHRINKAGE = 0.1  # of the covariance of changes: half a minute of speech does not hold every sound of both voices
_MIN_VOICED_FRAMES = 150  # less than 1.5 s of voice cannot be told apart
_MIN_FRAMES_PER_VOICE = 60

_COMPONENTS = 8
_MAX_TRAINING_FRAMES = 20_000  # more do not make the models better, only slower
_ROUNDS = 3
_SETTLED_SHARE = 0.001

_BLOCK_FRAMES = 10  # who speaks is decided every 0.1 s
_CHANGE_PENALTY = 40.0  # in nats; frames are far from independent, so their likelihoods are too sure
_CHANGE_PENALTY_AT_PAUSE = 12.0

_MIN_GAIN_PER_FRAME = -0.17
"""How much better two models must be than one of twice the size: a log-likelihood ratio in nats per frame, after Ajmera
and Wooters (2003). Measured: two voices over -0.11, one voice under -0.2, except on snippets of a few seconds."""

_MIN_GAIN_OF_LITTLE_PER_FRAME = -0.3
_MIN_GAIN_OF_LITTLE = 80.0
"""In less than 6 s of voice, what one voice happens to say may look like two: the sum of both is asked for, the second
divided by the frames. Measured on snippets of 3.5 to 5 s of one voice: 28 of 172 taken for two instead of 50, and
as many errors as before on those of two voices."""

_MIN_GAIN_OF_MORE_PER_FRAME = 0.0
"""The same for telling one of two voices apart once more. Measured: when it is two people mostly over 0.04, when it is
one under -0.1."""
_MIN_VOICED_FRAMES_OF_MORE = 1500  # of 8 s of a telephone call, one voice may gain 0.3


@dataclass(frozen=True, slots=True)
class FrameSequence:
    """The frames of all speech, in order.

    `is_voiced`: those to learn from; `stretch`: the number of the stretch of speech that each belongs to.
    """

    coefficients: Floats
    is_voiced: Flags
    stretch: Labels


def tell_voices_apart(frames: FrameSequence, max_voices: int) -> Labels:
    """The voice of each frame, from 0 on; all 0 when there is no good evidence of a second voice.

    Two is what a call has, so a third and a fourth voice take stronger evidence. There are never more than four.
    """
    labels = _tell_two_apart(frames, _min_gain(int(frames.is_voiced.sum())))
    count = int(labels.max(initial=0)) + 1
    for voice in range(count if count == 2 else 0):
        if count >= max_voices:
            break
        own = labels == voice
        if (own & frames.is_voiced).sum() < _MIN_VOICED_FRAMES_OF_MORE:
            continue
        parts = _tell_two_apart(_choose(frames, own), _MIN_GAIN_OF_MORE_PER_FRAME)
        labels[own] = np.where(parts == 1, count, voice)
        count += int(parts.max(initial=0))
    return labels


def _min_gain(voiced_frames: int) -> float:
    """The gain per frame that two voices take, higher when there is little voice to judge by."""
    return max(
        _MIN_GAIN_PER_FRAME,
        _MIN_GAIN_OF_LITTLE_PER_FRAME + _MIN_GAIN_OF_LITTLE / max(voiced_frames, _MIN_VOICED_FRAMES),
    )


def _choose(frames: FrameSequence, chosen: Flags) -> FrameSequence:
    return FrameSequence(frames.coefficients[chosen], frames.is_voiced[chosen], frames.stretch[chosen])


def _tell_two_apart(frames: FrameSequence, min_gain: float) -> Labels:
    """0 or 1 for each frame; all 0 when two models are not worth `min_gain` more than one."""
    one_voice = np.zeros(len(frames.coefficients), dtype=np.int64)
    if frames.is_voiced.sum() < _MIN_VOICED_FRAMES:
        return one_voice
    voiced = frames.coefficients[frames.is_voiced]
    voiced = (voiced - voiced.mean(axis=0)) / voiced.std(axis=0)
    labels = _first_labels(voiced, frames.is_voiced)
    for _ in range(_ROUNDS):
        models = _train_both(voiced, labels[frames.is_voiced])
        if models is None:
            return one_voice
        scores = np.zeros(len(labels))
        scores[frames.is_voiced] = models[1].score_samples(voiced) - models[0].score_samples(voiced)
        before, labels = labels, _smooth(scores, frames.stretch)
        if np.mean(before != labels) < _SETTLED_SHARE:
            break
    gain = _gain_of_two(voiced, labels[frames.is_voiced])
    return labels if gain is not None and gain >= min_gain else one_voice


def _first_labels(voiced: Floats, is_voiced: Flags) -> Labels:
    """Cluster windows of 0.4 s by their slow features; a frame follows the majority of the windows that it is in."""
    windows = KMeans(2, n_init=10, random_state=_SEED).fit_predict(_slow_features(_window_means(voiced)))
    hops_per_window = _WINDOW_FRAMES // _WINDOW_HOP_FRAMES
    votes = np.convolve(2 * windows - 1, np.ones(hops_per_window))  # per hop: of the windows that cover it
    of_frame = np.minimum(np.arange(len(voiced)) // _WINDOW_HOP_FRAMES, len(votes) - 1)
    labels = np.zeros(len(is_voiced), dtype=np.int64)
    labels[is_voiced] = votes[of_frame] > 0
    return labels


def _window_means(voiced: Floats) -> Floats:
    starts = np.arange(0, len(voiced) - _WINDOW_FRAMES + 1, _WINDOW_HOP_FRAMES)
    sums = np.concatenate((np.zeros((1, voiced.shape[1])), np.cumsum(voiced, axis=0)))
    means = (sums[starts + _WINDOW_FRAMES] - sums[starts]) / _WINDOW_FRAMES
    return np.asarray((means - means.mean(axis=0)) / (means.std(axis=0) + 1e-9), dtype=np.float64)


def _slow_features(windows: Floats) -> Floats:
    """The directions that vary most over the call for how little they change from one window to the next."""
    lag = _WINDOW_FRAMES // _WINDOW_HOP_FRAMES
    changes = (windows[lag:] - windows[:-lag]) / np.sqrt(2)
    fast = changes.T @ changes / len(changes)
    fast = (1 - _SHRINKAGE) * fast + _SHRINKAGE * np.eye(len(fast)) * np.trace(fast) / len(fast)
    _, directions = eigh(windows.T @ windows / len(windows), fast)  # in ascending order
    return np.asarray(windows @ directions[:, -_SLOW_FEATURES:], dtype=np.float64)


def _train_both(voiced: Floats, labels: Labels) -> tuple[GaussianMixture, GaussianMixture] | None:
    """A model per voice; None when one of them has too few frames."""
    parts = [voiced[labels == label] for label in (0, 1)]
    if min(map(len, parts)) < _MIN_FRAMES_PER_VOICE:
        return None
    return _train(parts[0], _COMPONENTS), _train(parts[1], _COMPONENTS)


def _train(frames: Floats, components: int) -> GaussianMixture:
    step = -(-len(frames) // _MAX_TRAINING_FRAMES)
    mixture = GaussianMixture(components, covariance_type="diag", reg_covar=1e-3, random_state=_SEED)
    return mixture.fit(frames[::step])


def _gain_of_two(voiced: Floats, labels: Labels) -> float | None:
    """Log-likelihood per frame of a model per voice, less that of one model with as many components in all."""
    models = _train_both(voiced, labels)
    if models is None:
        return None
    one = _train(voiced, 2 * _COMPONENTS).score_samples(voiced).sum()
    two = sum(float(model.score_samples(voiced[labels == label]).sum()) for label, model in enumerate(models))
    return float((two - one) / len(voiced))


def _smooth(scores: Floats, stretch: Labels) -> Labels:
    """The best sequence of voices (Viterbi). `scores` are log-likelihood ratios: positive speaks for voice 1."""
    count = -(-len(scores) // _BLOCK_FRAMES)
    blocks = np.pad(scores, (0, count * _BLOCK_FRAMES - len(scores))).reshape(count, _BLOCK_FRAMES).sum(axis=1)
    is_new_stretch = np.diff(stretch[::_BLOCK_FRAMES]) != 0
    penalties = np.where(is_new_stretch, _CHANGE_PENALTY_AT_PAUSE, _CHANGE_PENALTY)
    best = [0.0, float(blocks[0])]
    came_from: list[tuple[int, int]] = []
    for score, penalty in zip(blocks[1:].tolist(), penalties.tolist(), strict=True):
        origins = (int(best[1] - penalty > best[0]), int(best[1] >= best[0] - penalty))
        best = [
            max(best[0], best[1] - penalty),
            max(best[1], best[0] - penalty) + score,
        ]
        came_from.append(origins)
    path = [int(best[1] > best[0])]
    for origins in reversed(came_from):
        path.append(origins[path[-1]])
    return np.repeat(np.array(path[::-1], dtype=np.int64), _BLOCK_FRAMES)[: len(scores)]
