// Uses the guest's sound card in ways that aplay has no option for; runs in the
// guest. All on hw:0,0, 48 kHz, stereo, S16.
//
//   guest-cycles open COUNT
//     Opens and closes the card COUNT times; in turn it is closed as soon as it
//     is open, with parameters set, with its first half ring written, while it
//     plays, dropped, and drained.
//   guest-cycles pause FILE COUNT
//     Plays what follows a WAV header of 44 bytes, and pauses COUNT times for
//     100 ms on the way.
//
// Ends with 0 if every call did what it should; says what did not.
#include <alsa/asoundlib.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RATE = 48000, CHANNELS = 2, PERIODS = 4, PAUSE_US = 100000 };
enum { SHORT_PERIOD = 480, LONG_PERIOD = 2400 };

static void require(int result, const char* what) {
  if (result >= 0) return;
  fprintf(stderr, "guest-cycles: %s: %s\n", what, snd_strerror(result));
  exit(1);
}

static snd_pcm_t* open_card(void) {
  snd_pcm_t* pcm;
  require(snd_pcm_open(&pcm, "hw:0,0", SND_PCM_STREAM_PLAYBACK, 0), "open");
  return pcm;
}

// The card starts by itself once so many frames are written.
static void set_parameters(snd_pcm_t* pcm, snd_pcm_uframes_t period,
                           snd_pcm_uframes_t start_at) {
  snd_pcm_hw_params_t* hardware;
  snd_pcm_hw_params_alloca(&hardware);
  require(snd_pcm_hw_params_any(pcm, hardware), "parameters");
  require(snd_pcm_hw_params_set_access(pcm, hardware,
                                       SND_PCM_ACCESS_RW_INTERLEAVED),
          "access");
  require(snd_pcm_hw_params_set_format(pcm, hardware, SND_PCM_FORMAT_S16_LE),
          "format");
  require(snd_pcm_hw_params_set_channels(pcm, hardware, CHANNELS), "channels");
  require(snd_pcm_hw_params_set_rate(pcm, hardware, RATE, 0), "rate");
  require(snd_pcm_hw_params_set_period_size(pcm, hardware, period, 0),
          "period");
  require(snd_pcm_hw_params_set_buffer_size(pcm, hardware, PERIODS * period),
          "buffer");
  require(snd_pcm_hw_params(pcm, hardware), "hw_params");
  snd_pcm_sw_params_t* software;
  snd_pcm_sw_params_alloca(&software);
  require(snd_pcm_sw_params_current(pcm, software), "sw_params");
  require(snd_pcm_sw_params_set_start_threshold(pcm, software, start_at),
          "start_threshold");
  require(snd_pcm_sw_params(pcm, software), "sw_params");
}

static void write_frames(snd_pcm_t* pcm, const short* samples, long frames) {
  while (frames > 0) {
    const snd_pcm_sframes_t done = snd_pcm_writei(pcm, samples, frames);
    require((int)done, "write");
    samples += done * CHANNELS;
    frames -= done;
  }
}

static int open_often(int count) {
  enum { HALF = SHORT_PERIOD * PERIODS / 2 };
  static short noise[HALF * CHANNELS];
  for (size_t at = 0; at < HALF * CHANNELS; ++at)
    noise[at] = (short)(at * 2654435761U >> 20);
  for (int turn = 0; turn < count; ++turn) {
    snd_pcm_t* pcm = open_card();
    const int depth = turn % 6;
    if (depth >= 1) set_parameters(pcm, SHORT_PERIOD, INT_MAX);
    if (depth == 2) write_frames(pcm, noise, HALF);
    if (depth >= 3) {
      write_frames(pcm, noise, HALF);
      require(snd_pcm_start(pcm), "start");
    }
    if (depth == 4) require(snd_pcm_drop(pcm), "drop");
    if (depth == 5) require(snd_pcm_drain(pcm), "drain");
    require(snd_pcm_close(pcm), "close");
  }
  return 0;
}

static int pause_often(const char* path, int count) {
  FILE* file = fopen(path, "rb");
  if (!file || fseek(file, 0, SEEK_END) != 0) {
    perror(path);
    return 1;
  }
  const long frames = (ftell(file) - 44) / (CHANNELS * (long)sizeof(short));
  fseek(file, 44, SEEK_SET);
  short* samples = malloc(frames * CHANNELS * sizeof(short));
  if (fread(samples, CHANNELS * sizeof(short), frames, file) !=
      (size_t)frames) {
    fprintf(stderr, "guest-cycles: %s is too short\n", path);
    return 1;
  }
  fclose(file);
  snd_pcm_t* pcm = open_card();
  set_parameters(pcm, LONG_PERIOD, PERIODS * LONG_PERIOD);
  for (int part = 0; part <= count; ++part) {
    const long from = frames * part / (count + 1);
    const long to = frames * (part + 1) / (count + 1);
    write_frames(pcm, samples + from * CHANNELS, to - from);
    if (part == count) break;
    require(snd_pcm_pause(pcm, 1), "pause");
    usleep(PAUSE_US);
    require(snd_pcm_pause(pcm, 0), "resume");
  }
  require(snd_pcm_drain(pcm), "drain");
  require(snd_pcm_close(pcm), "close");
  free(samples);
  return 0;
}

int main(int argc, char** argv) {
  if (argc == 3 && strcmp(argv[1], "open") == 0)
    return open_often(atoi(argv[2]));
  if (argc == 4 && strcmp(argv[1], "pause") == 0)
    return pause_often(argv[2], atoi(argv[3]));
  fprintf(stderr, "usage: guest-cycles open COUNT | pause FILE COUNT\n");
  return 2;
}
