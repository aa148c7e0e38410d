"""A little tune, as of a music box."""
import numpy

RATE = 48000
BEAT = 0.3  # seconds
# (beat, note in semitones from A4, how loud); a melody and what accompanies it.
MELODY = [(0, 3, 1), (1, 7, .8), (2, 10, .9), (3, 15, 1), (4.5, 14, .7), (5, 10, .8),
          (6, 12, 1), (7, 8, .7), (8, 7, .9), (9, 10, .8), (10, 5, .9), (11, 7, .7),
          (12, 3, 1), (13, 7, .6), (13.5, 10, .6), (14, 15, .9), (16, 19, .5)]
ACCOMPANIMENT = [(0, -21, .8), (2, -9, .5), (4, -14, .8), (6, -16, .8), (8, -21, .7), (9, -9, .4),
                 (10, -14, .8), (11, -4, .4), (12, -21, .9), (14, -9, .5), (16, -5, .4)]


def _tone(semitones, loudness):
    """A struck tone that decays, the higher the sooner; with a few overtones."""
    pitch = 440 * 2**(semitones / 12)
    time = numpy.arange(int(RATE * 3)) / RATE
    tone = sum(share * numpy.sin(2 * numpy.pi * pitch * multiple * time)
               * numpy.exp(-time * (1.2 + multiple * pitch / 400))
               for multiple, share in ((1, 1), (2, .35), (3.01, .12), (5.4, .05)))
    attack = numpy.minimum(time / 0.004, 1)
    # To nothing at its end.
    return loudness * tone * attack * numpy.minimum((3 - time) / 0.5, 1)


def make():
    """The tune, as S16 samples of shape (frames, 2)."""
    last = max(beat for beat, _, _ in MELODY + ACCOMPANIMENT)
    sound = numpy.zeros((int(RATE * (last * BEAT + 3.2)), 2))
    for notes, pan, sway in ((MELODY, .55, .25), (ACCOMPANIMENT, .4, -.15)):
        for beat, semitones, loudness in notes:
            place = pan + sway * numpy.sin(beat)
            tone = _tone(semitones, loudness)
            at = int(RATE * beat * BEAT)
            sound[at:at + len(tone), 0] += tone * numpy.sqrt(1 - place)
            sound[at:at + len(tone), 1] += tone * numpy.sqrt(place)
    # The far wall answers, on the other side.
    echo = int(RATE * 0.17)
    sound[echo:] += 0.22 * sound[:-echo, ::-1]
    return numpy.rint(sound / numpy.abs(sound).max() * 0.7 * 32767).astype(numpy.int16)
