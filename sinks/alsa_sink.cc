#include "sinks/alsa_sink.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sinks/frame_time.h"

namespace earshot {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr milliseconds kBeforeReopen{1000};
// So that Stop() is noticed though a card hangs.
constexpr milliseconds kWait{20};
// What is in the buffer at the end is given this long.
constexpr milliseconds kMostToDrain{30};
// Cards are some hundred ppm fast at most. A PCM that takes all at once, such
// as one that writes a file, has no clock, and is held to this one.
constexpr double kFastest = 1.001;

microseconds Period(CardLatency latency) {
  switch (latency) {
    case CardLatency::kLow:
      return microseconds(2500);
    case CardLatency::kUsual:
      break;
    case CardLatency::kRelaxed:
      return microseconds(10000);
  }
  return microseconds(5000);
}

}  // namespace

AlsaSink::AlsaSink(std::string pcm, int rate_hz, ChannelLayout layout,
                   CardLatency latency, std::chrono::milliseconds patience)
    : pcm_(std::move(pcm)),
      rate_hz_(rate_hz),
      layout_(std::move(layout)),
      period_(Period(latency)),
      pull_(rate_hz, static_cast<int>(layout_.size()), patience) {}

AlsaSink::~AlsaSink() { Stop(); }

void AlsaSink::Start(SoundSource* source, MonotonicTime now) {
  pull_.SetCardThere(true);
  pull_.Start(source, now);
  thread_ = std::thread([this] { Run(); });
}

void AlsaSink::Tick(MonotonicTime now) { pull_.Tick(now); }

void AlsaSink::Stop() {
  pull_.Stop();
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(sink_mutex_);
    stop_ = true;
  }
  stopped_.notify_all();
  thread_.join();
}

std::chrono::nanoseconds AlsaSink::latency() const {
  return pull_.paced() ? std::chrono::nanoseconds(0) : latency_.latency();
}

std::string AlsaSink::problem() const {
  {
    const std::lock_guard lock(sink_mutex_);
    if (!problem_.empty()) return problem_;
  }
  return pull_.paced() ? "ALSA's " + pcm_ + " takes no sound: it hangs" : "";
}

void AlsaSink::Run() {
  do {
    absl::StatusOr<std::unique_ptr<AlsaCard>> card =
        AlsaCard::Open(pcm_, rate_hz_, layout_, period_);
    absl::Status status = card.status();
    if (card.ok()) {
      SetProblem("");
      pull_.SetCardThere(true);
      status = Play(card->get());
      if ((*card)->underruns() > 0) {
        spdlog::info("sound card ran dry pcm={} times={}", pcm_,
                     (*card)->underruns());
      }
    }
    latency_.Reset();
    pull_.SetCardThere(false);
    if (!status.ok()) {
      SetProblem(absl::StrCat("ALSA's ", pcm_, ": ",
                              std::string(status.message()), "; trying again"));
    }
  } while (Sleep(kBeforeReopen));
}

absl::Status AlsaSink::Play(AlsaCard* card) {
  std::vector<float> samples;
  MonotonicTime start = std::chrono::steady_clock::now();
  int64_t written = 0;
  int64_t underruns = 0;
  while (Sleep(std::chrono::nanoseconds(0))) {
    const absl::StatusOr<int64_t> room = card->Wait(kWait);
    if (!room.ok()) return room.status();
    if (*room == 0) continue;
    const MonotonicTime now = std::chrono::steady_clock::now();
    const auto earliest = std::chrono::nanoseconds(static_cast<int64_t>(
        static_cast<double>(
            DurationOf(std::max<int64_t>(0, written - card->buffer_frames()),
                       rate_hz_)
                .count()) /
        kFastest));
    if (now < start + earliest && !Sleep(start + earliest - now)) break;
    samples.resize(static_cast<size_t>(*room) * layout_.size());
    pull_.Fill(absl::MakeSpan(samples), std::chrono::steady_clock::now());
    const absl::Status status = card->Write(samples);
    if (!status.ok()) return status;
    latency_.Add(card->Delay(), DurationOf(*room, rate_hz_));
    written += *room;
    const int64_t more =
        card->underruns() - std::exchange(underruns, card->underruns());
    underruns_ += more;
    if (more > 0) {
      start = now;  // its buffer is filled anew
      written = 0;
    }
  }
  std::this_thread::sleep_for(
      std::min<std::chrono::nanoseconds>(card->Delay(), kMostToDrain));
  return absl::OkStatus();
}

void AlsaSink::SetProblem(std::string problem) {
  const std::lock_guard lock(sink_mutex_);
  if (problem == problem_) return;
  problem_ = std::move(problem);
  if (problem_.empty()) {
    spdlog::info("sound card is back pcm={}", pcm_);
  } else {
    spdlog::warn("sound card lost pcm={} error=\"{}\"", pcm_, problem_);
  }
}

bool AlsaSink::Sleep(std::chrono::nanoseconds time) {
  std::unique_lock lock(sink_mutex_);
  return !stopped_.wait_for(lock, time, [this] { return stop_; });
}

}  // namespace earshot
