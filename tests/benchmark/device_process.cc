// What the real device process costs while it plays one stream, beside bare
// libopus coding the same samples in the same run, and what device and server
// hold in memory. libopus stands there twice: in one go, its caches warm; and a
// packet every 10 ms, as a device has to. Real time: the sound is SECONDS long.
//   device_process [SECONDS]
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "opus/opus.h"
#include "tests/integration/playback_rig.h"
#include "tests/integration/sound_guest.h"
#include "tests/integration/test_sound.h"

namespace earshot {
namespace {

constexpr int kRate = 48000;
constexpr int kChannels = 2;
constexpr int kPacketFrames = 480;

double Seconds(clockid_t clock) {
  timespec time = {};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * time.tv_nsec;
}

double CpuSeconds(pid_t pid) {
  clockid_t clock = 0;
  clock_getcpuclockid(pid, &clock);
  return Seconds(clock);
}

int ResidentKb(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  std::string word;
  while (status >> word) {
    int kb = 0;
    if (word == "VmRSS:" && status >> kb) return kb;
  }
  return 0;
}

// The CPU that bare libopus takes for the samples, `paced` or in one go.
double BareEncode(const std::vector<int16_t>& samples, int complexity,
                  bool paced) {
  int error = OPUS_OK;
  OpusEncoder* encoder = opus_encoder_create(
      kRate, kChannels, OPUS_APPLICATION_RESTRICTED_LOWDELAY, &error);
  opus_encoder_ctl(encoder, OPUS_SET_BITRATE(128000));
  opus_encoder_ctl(encoder, OPUS_SET_COMPLEXITY(complexity));
  unsigned char payload[1500];
  std::vector<float> pcm(kPacketFrames * kChannels);
  auto due = std::chrono::steady_clock::now();
  const double before = Seconds(CLOCK_THREAD_CPUTIME_ID);
  for (size_t at = 0; at + pcm.size() <= samples.size(); at += pcm.size()) {
    due += std::chrono::milliseconds(10);
    if (paced) std::this_thread::sleep_until(due);
    for (size_t i = 0; i < pcm.size(); ++i) pcm[i] = samples[at + i] / 32768.0f;
    if (opus_encode_float(encoder, pcm.data(), kPacketFrames, payload,
                          sizeof(payload)) < 0) {
      std::abort();
    }
  }
  const double cpu = Seconds(CLOCK_THREAD_CPUTIME_ID) - before;
  opus_encoder_destroy(encoder);
  return cpu;
}

void Require(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::exit(1);
}

void Measure(const PlaybackRig& rig, pid_t server, const char* codec,
             int complexity, int seconds) {
  const TestSound sound =
      MakeTestSound(kSndFormatS16, kChannels, seconds * kRate);
  const std::string vm = codec + std::to_string(complexity);
  const auto device =
      rig.StartDevice(vm, {"--codec=" + std::string(codec),
                           "--complexity=" + std::to_string(complexity)});
  Require(rig.WaitForOpen(vm));
  auto guest = SoundGuest::Connect(rig.SocketPath(vm));
  Require(guest.status());
  const double floor = BareEncode(sound.expected, complexity, false);
  const double before = CpuSeconds(device->pid());
  Require((*guest)->Begin({}, sound.bytes));
  Require((*guest)->PlayOn());
  const double cpu = CpuSeconds(device->pid()) - before;
  const int device_kb = ResidentKb(device->pid());
  const int server_kb = ResidentKb(server);
  Require((*guest)->End());
  const double paced = BareEncode(sound.expected, complexity, true);
  const double ms = 1e3 / seconds;
  std::printf("%-5s %10d %10.2f %10.2f %10.2f %10.1f %10.1f\n", codec,
              complexity, ms * cpu, ms * paced, ms * floor, device_kb / 1024.0,
              server_kb / 1024.0);
  std::printf(
      "RESULT benchmark.device_process codec=%s complexity=%d "
      "cpu_ms_per_s=%.3f libopus_paced_ms_per_s=%.3f libopus_ms_per_s=%.3f "
      "ratio_paced=%.3f ratio=%.3f device_rss_kb=%d server_rss_kb=%d\n",
      codec, complexity, ms * cpu, ms * paced, ms * floor, cpu / paced,
      cpu / floor, device_kb, server_kb);
}

}  // namespace
}  // namespace earshot

int main(int argc, char** argv) {
  const int seconds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 5;
  earshot::PlaybackRig rig;
  const pid_t server = rig.StartServer().pid();
  std::printf("%-5s %10s %10s %10s %10s %10s %10s\n", "codec", "complexity",
              "device", "libopus", "libopus", "device", "server");
  std::printf("%-5s %10s %10s %10s %10s %10s %10s\n", "", "", "ms/s",
              "paced ms/s", "warm ms/s", "MiB", "MiB");
  earshot::Measure(rig, server, "opus", 5, seconds);
  earshot::Measure(rig, server, "opus", 10, seconds);
  earshot::Measure(rig, server, "pcm", 10, seconds);
  return 0;
}
