"""The frames of a voice, apart from what makes them and what works on them, which takes large libraries."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class VoiceFrames:
    """Frames of 10 ms of one piece, in order: coefficients (n, 19), log energies (n,) and centres in seconds (n,)."""

    coefficients: Floats
    energies: Floats
    times: Floats
