// Plays the impulse signal into a sink of a PulseAudio server, as a program
// does that wants little delay: it writes what the server asks for, when it
// asks. The server is that of PULSE_SERVER.
//   pulse_source SINK BUFFER_MS SEED
#include <pulse/pulseaudio.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/benchmark/latency/impulse_signal.h"
#include "tests/benchmark/latency/sent_log.h"

namespace earshot {
namespace {

constexpr size_t kFrameBytes = kImpulseChannels * sizeof(int16_t);

struct Player {
  std::string sink;
  int buffer_ms;
  ImpulseSignal signal;
  pa_mainloop* loop;
  pa_stream* stream;
};

void OnWritable(pa_stream* stream, size_t bytes, void* data) {
  auto& player = *static_cast<Player*>(data);
  std::vector<int16_t> block(bytes / kFrameBytes * kImpulseChannels);
  const std::vector<Impulse> impulses =
      player.signal.Render(absl::MakeSpan(block));
  LogSent(impulses, NowNs());
  pa_stream_write(stream, block.data(), block.size() * sizeof(int16_t), nullptr,
                  0, PA_SEEK_RELATIVE);
}

void OnUnderflow(pa_stream* /*stream*/, void* /*data*/) {
  std::fprintf(stderr, "underflow %lld\n", static_cast<long long>(NowNs()));
}

void OnStream(pa_stream* stream, void* data) {
  const pa_stream_state_t state = pa_stream_get_state(stream);
  if (state == PA_STREAM_READY) {
    const pa_buffer_attr* buffer = pa_stream_get_buffer_attr(stream);
    std::fprintf(stderr, "playing tlength=%u minreq=%u prebuf=%u\n",
                 buffer->tlength, buffer->minreq, buffer->prebuf);
  } else if (!PA_STREAM_IS_GOOD(state)) {
    pa_mainloop_quit(static_cast<Player*>(data)->loop, 1);
  }
}

void OnContext(pa_context* context, void* data) {
  auto& player = *static_cast<Player*>(data);
  const pa_context_state_t state = pa_context_get_state(context);
  if (!PA_CONTEXT_IS_GOOD(state)) pa_mainloop_quit(player.loop, 1);
  if (state != PA_CONTEXT_READY) return;
  const pa_sample_spec format = {PA_SAMPLE_S16LE, kImpulseRate,
                                 kImpulseChannels};
  player.stream = pa_stream_new(context, "impulses", &format, nullptr);
  pa_stream_set_write_callback(player.stream, OnWritable, &player);
  pa_stream_set_underflow_callback(player.stream, OnUnderflow, &player);
  pa_stream_set_state_callback(player.stream, OnStream, &player);
  pa_buffer_attr buffer = {};
  buffer.maxlength = buffer.minreq = buffer.prebuf = buffer.fragsize =
      static_cast<uint32_t>(-1);
  buffer.tlength = player.buffer_ms * (kImpulseRate / 1000) * kFrameBytes;
  pa_stream_connect_playback(player.stream, player.sink.c_str(), &buffer,
                             PA_STREAM_ADJUST_LATENCY, nullptr, nullptr);
}

int Run(const std::string& sink, int buffer_ms, uint32_t seed) {
  pa_mainloop* loop = pa_mainloop_new();
  Player player{sink, buffer_ms, ImpulseSignal(seed), loop, nullptr};
  pa_context* context = pa_context_new(pa_mainloop_get_api(loop), "impulses");
  pa_context_set_state_callback(context, OnContext, &player);
  pa_context_connect(context, nullptr, PA_CONTEXT_NOAUTOSPAWN, nullptr);
  int result = 0;
  pa_mainloop_run(loop, &result);
  std::fprintf(stderr, "the sound server: %s\n",
               pa_strerror(pa_context_errno(context)));
  return result;
}

}  // namespace
}  // namespace earshot

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "pulse_source SINK BUFFER_MS SEED\n");
    return 2;
  }
  return earshot::Run(argv[1], std::atoi(argv[2]),
                      std::strtoul(argv[3], nullptr, 10));
}
