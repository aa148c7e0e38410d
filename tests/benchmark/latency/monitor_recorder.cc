// Listens to sinks of a PulseAudio server, all in one process, so that whatever
// listening itself costs is the same for each. The server is that of
// PULSE_SERVER. Says, a line each, with the sink's name:
//   impulse SINK ID NS    the piece that holds an impulse's begin was read then
//   break SINK NS GAP_MS JUMP_MS  the carrier was gone, or has jumped
//   heard SINK NS         the carrier was heard for the first time
//   stall NS MS           the machine did not let this process run for so long
//   monitor_recorder FRAGMENT_MS SINK...
#include <pulse/pulseaudio.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/benchmark/latency/carrier_watch.h"
#include "tests/benchmark/latency/impulse_detector.h"
#include "tests/benchmark/latency/impulse_signal.h"
#include "tests/benchmark/latency/sent_log.h"

namespace earshot {
namespace {

constexpr size_t kFrameBytes = kImpulseChannels * sizeof(float);
// As long as ImpulseDetector may look back, and more.
constexpr int64_t kRemembered = kImpulseRate / 5;
constexpr double kStallMs = 8;

// What is heard of one sink.
class Listener {
 public:
  explicit Listener(std::string sink) : sink_(std::move(sink)) {}

  const std::string& sink() const { return sink_; }

  void OnPiece(absl::Span<const float> piece, int64_t now_ns) {
    pieces_.push_back({end_, now_ns});
    while (pieces_.front().first_frame < end_ - kRemembered) {
      pieces_.pop_front();
    }
    for (size_t i = 0; i + 1 < piece.size(); i += 2, ++end_) {
      if (const auto found = detector_.Add(piece[i])) {
        std::printf("impulse %s %d %lld\n", sink_.c_str(), found->id,
                    static_cast<long long>(TimeOf(found->first_frame)));
      }
      if (const auto found = watch_.Add(piece[i + 1])) {
        std::printf("break %s %lld %.1f %.2f\n", sink_.c_str(),
                    static_cast<long long>(now_ns), found->gap_ms,
                    found->jump_ms);
      }
    }
    if (heard_ || !watch_.heard()) return;
    heard_ = true;
    std::printf("heard %s %lld\n", sink_.c_str(),
                static_cast<long long>(now_ns));
  }

 private:
  struct Piece {
    int64_t first_frame;
    int64_t time_ns;
  };

  // When the piece with this frame was read.
  int64_t TimeOf(int64_t frame) const {
    int64_t time_ns = pieces_.front().time_ns;
    for (const Piece& piece : pieces_) {
      if (piece.first_frame > frame) break;
      time_ns = piece.time_ns;
    }
    return time_ns;
  }

  const std::string sink_;
  ImpulseDetector detector_;
  CarrierWatch watch_;
  bool heard_ = false;
  int64_t end_ = 0;  // frames taken
  std::deque<Piece> pieces_;
};

// Says when the machine stands still, for then everything has gaps.
void WatchMachine() {
  constexpr std::chrono::milliseconds kSleep(5);
  while (true) {
    const int64_t before_ns = NowNs();
    std::this_thread::sleep_for(kSleep);
    const double late_ms = 1e-6 * static_cast<double>(NowNs() - before_ns) -
                           static_cast<double>(kSleep.count());
    if (late_ms < kStallMs) continue;
    std::printf("stall %lld %.0f\n", static_cast<long long>(before_ns),
                late_ms);
  }
}

struct Recorder {
  int fragment_ms;
  std::vector<std::unique_ptr<Listener>> listeners;
  pa_mainloop* loop;
};

void OnReadable(pa_stream* stream, size_t /*bytes*/, void* data) {
  auto& listener = *static_cast<Listener*>(data);
  const int64_t now_ns = NowNs();
  while (pa_stream_readable_size(stream) > 0) {
    const void* piece = nullptr;
    size_t size = 0;
    pa_stream_peek(stream, &piece, &size);
    if (piece != nullptr) {
      listener.OnPiece(absl::MakeConstSpan(static_cast<const float*>(piece),
                                           size / sizeof(float)),
                       now_ns);
    }
    if (size > 0) pa_stream_drop(stream);
  }
}

void OnStream(pa_stream* stream, void* data) {
  const auto& listener = *static_cast<Listener*>(data);
  const pa_stream_state_t state = pa_stream_get_state(stream);
  if (state == PA_STREAM_READY) {
    std::printf("listening %s fragment_bytes=%u\n", listener.sink().c_str(),
                pa_stream_get_buffer_attr(stream)->fragsize);
  } else if (!PA_STREAM_IS_GOOD(state)) {
    std::printf("lost %s\n", listener.sink().c_str());
  }
}

void OnContext(pa_context* context, void* data) {
  auto& recorder = *static_cast<Recorder*>(data);
  const pa_context_state_t state = pa_context_get_state(context);
  if (!PA_CONTEXT_IS_GOOD(state)) pa_mainloop_quit(recorder.loop, 1);
  if (state != PA_CONTEXT_READY) return;
  const pa_sample_spec format = {PA_SAMPLE_FLOAT32LE, kImpulseRate,
                                 kImpulseChannels};
  for (const auto& listener : recorder.listeners) {
    pa_stream* stream = pa_stream_new(context, "monitor", &format, nullptr);
    pa_stream_set_read_callback(stream, OnReadable, listener.get());
    pa_stream_set_state_callback(stream, OnStream, listener.get());
    pa_buffer_attr buffer = {};
    buffer.maxlength = buffer.tlength = buffer.minreq = buffer.prebuf =
        static_cast<uint32_t>(-1);
    buffer.fragsize =
        recorder.fragment_ms * (kImpulseRate / 1000) * kFrameBytes;
    pa_stream_connect_record(stream, (listener->sink() + ".monitor").c_str(),
                             &buffer, PA_STREAM_ADJUST_LATENCY);
  }
}

int Run(int fragment_ms, const std::vector<std::string>& sinks) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  Recorder recorder{fragment_ms, {}, pa_mainloop_new()};
  for (const std::string& sink : sinks) {
    recorder.listeners.push_back(std::make_unique<Listener>(sink));
  }
  pa_context* context =
      pa_context_new(pa_mainloop_get_api(recorder.loop), "monitors");
  pa_context_set_state_callback(context, OnContext, &recorder);
  pa_context_connect(context, nullptr, PA_CONTEXT_NOAUTOSPAWN, nullptr);
  std::thread(WatchMachine).detach();
  int result = 0;
  pa_mainloop_run(recorder.loop, &result);
  std::fprintf(stderr, "the sound server: %s\n",
               pa_strerror(pa_context_errno(context)));
  return result;
}

}  // namespace
}  // namespace earshot

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "monitor_recorder FRAGMENT_MS SINK...\n");
    return 2;
  }
  return earshot::Run(std::atoi(argv[1]),
                      std::vector<std::string>(argv + 2, argv + argc));
}
