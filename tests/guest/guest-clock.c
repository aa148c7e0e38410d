// What a guest's clock and its sound card have to do with each other; runs in
// the guest.
//
//   guest-clock play PERIOD BUFFER SECONDS
//     Plays noise on hw:0,0 (48 kHz, stereo, S16). Then prints a line for each
//     step of the card's position that it saw:
//       step TIME POSITION WRITTEN DELAY
//     TIME in ns of CLOCK_MONOTONIC, at which the kernel saw the step; the
//     others in frames, DELAY as snd_pcm_delay() told it just then. At the end
//     "underruns N".
//   guest-clock now
//     Prints CLOCK_MONOTONIC in ns.
//   guest-clock frozen
//     Wakes up every 5 ms on each processor, until it is killed; prints
//       frozen TIME MS
//     where it woke up 10 ms late or more: when it should have, in s of
//     CLOCK_BOOTTIME, and by how much.
#define _GNU_SOURCE
#include <alsa/asoundlib.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { RATE = 48000, CHANNELS = 2, BEAT_NS = 5000000, LATE_NS = 10000000 };

struct step {
  long long time_ns;
  long position, written, delay;
};

static long long nanoseconds(const struct timespec* time) {
  return time->tv_sec * 1000000000LL + time->tv_nsec;
}

static long long now_ns(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return nanoseconds(&now);
}

static void require(int result, const char* what) {
  if (result >= 0) return;
  fprintf(stderr, "guest-clock: %s: %s\n", what, snd_strerror(result));
  exit(1);
}

static void set_real_time(int priority) {
  struct sched_param parameter = {.sched_priority = priority};
  sched_setscheduler(0, SCHED_FIFO, &parameter);
}

static snd_pcm_t* open_card(snd_pcm_uframes_t period,
                            snd_pcm_uframes_t buffer) {
  snd_pcm_t* pcm;
  require(snd_pcm_open(&pcm, "hw:0,0", SND_PCM_STREAM_PLAYBACK, 0), "open");
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
  require(snd_pcm_hw_params_set_buffer_size(pcm, hardware, buffer), "buffer");
  require(snd_pcm_hw_params(pcm, hardware), "hw_params");
  snd_pcm_sw_params_t* software;
  snd_pcm_sw_params_alloca(&software);
  require(snd_pcm_sw_params_current(pcm, software), "sw_params");
  require(
      snd_pcm_sw_params_set_tstamp_mode(pcm, software, SND_PCM_TSTAMP_ENABLE),
      "time stamps");
  require(snd_pcm_sw_params_set_tstamp_type(pcm, software,
                                            SND_PCM_TSTAMP_TYPE_MONOTONIC),
          "clock");
  require(snd_pcm_sw_params_set_avail_min(pcm, software, period), "avail_min");
  require(snd_pcm_sw_params_set_start_threshold(pcm, software, buffer),
          "start_threshold");
  require(snd_pcm_sw_params(pcm, software), "sw_params");
  return pcm;
}

static int play(snd_pcm_uframes_t period, snd_pcm_uframes_t buffer,
                int seconds) {
  set_real_time(20);
  snd_pcm_t* pcm = open_card(period, buffer);
  const long total = (long)seconds * RATE / (long)period * (long)period;
  struct step* steps = calloc(total / period + 16, sizeof(*steps));
  long count = 0, limit = total / period + 16, written = 0, underruns = 0;
  short* noise = malloc(period * CHANNELS * sizeof(*noise));
  unsigned state = 1;
  while (written < total) {
    for (size_t at = 0; at < period * CHANNELS; ++at) {
      state = state * 1664525 + 1013904223;
      noise[at] = (short)((int)(state >> 20) - 2048);
    }
    const snd_pcm_sframes_t done = snd_pcm_writei(pcm, noise, period);
    if (done == -EPIPE) {
      ++underruns;
      require(snd_pcm_recover(pcm, (int)done, 1), "recover");
      continue;
    }
    require((int)done, "write");
    written += done;
    // Not snd_pcm_status(): that would put its own time on a step.
    snd_pcm_uframes_t available;
    snd_htimestamp_t stamp;
    if (snd_pcm_htimestamp(pcm, &available, &stamp) < 0) continue;
    const long position = written - (long)(buffer - available);
    snd_pcm_sframes_t delay;
    if (snd_pcm_delay(pcm, &delay) < 0 || count == limit) continue;
    if (count > 0 && steps[count - 1].position == position) continue;
    steps[count++] =
        (struct step){nanoseconds(&stamp), position, written, delay};
  }
  require(snd_pcm_drain(pcm), "drain");
  snd_pcm_close(pcm);
  for (long at = 0; at < count; ++at)
    printf("step %lld %ld %ld %ld\n", steps[at].time_ns, steps[at].position,
           steps[at].written, steps[at].delay);
  printf("underruns %ld\n", underruns);
  return 0;
}

static void* watch(void* processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET((long)processor, &set);
  sched_setaffinity(0, sizeof(set), &set);
  set_real_time(99);
  long long due = now_ns(CLOCK_BOOTTIME);
  for (;;) {
    due += BEAT_NS;
    const struct timespec until = {due / 1000000000, due % 1000000000};
    clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &until, NULL);
    const long long late = now_ns(CLOCK_BOOTTIME) - due;
    if (late < LATE_NS) continue;
    printf("frozen %.3f %.1f\n", due / 1e9, late / 1e6);
    due += late;
  }
  return NULL;
}

static int watch_all(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (long processor = 1; processor < sysconf(_SC_NPROCESSORS_ONLN);
       ++processor) {
    pthread_t thread;
    pthread_create(&thread, NULL, watch, (void*)processor);
  }
  watch((void*)0);
  return 0;
}

int main(int argc, char** argv) {
  if (argc == 5 && strcmp(argv[1], "play") == 0)
    return play(strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10),
                atoi(argv[4]));
  if (argc == 2 && strcmp(argv[1], "frozen") == 0) return watch_all();
  if (argc == 2 && strcmp(argv[1], "now") == 0)
    return printf("%lld\n", now_ns(CLOCK_MONOTONIC)) < 0;
  fprintf(stderr,
          "usage: guest-clock play PERIOD BUFFER SECONDS | now | frozen\n");
  return 2;
}
