#include "sinks/pulse_player.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

namespace earshot {
namespace {

// The end of the process does not wait longer for a sound card.
constexpr std::chrono::milliseconds kMostToWait{300};

}  // namespace

PulsePlayer::PulsePlayer()
    : connection_([this] {
        for (const auto& stream : streams_) stream->ConnectionChanged();
      }) {}

PulsePlayer::~PulsePlayer() {
  const MonotonicTime now = std::chrono::steady_clock::now();
  std::this_thread::sleep_until(std::min(heard_, now + kMostToWait));
  const LoopLock lock(connection_);
  streams_.clear();
}

void PulsePlayer::Connect() {
  std::call_once(connect_once_, [this] { connection_.Start(); });
}

PulseStream* PulsePlayer::Play(const PulseStreamSpec& spec,
                               std::shared_ptr<CardPull> pull) {
  Connect();
  const LoopLock lock(connection_);
  PulseStream* found = nullptr;
  for (const auto& stream : streams_) {
    if (stream->attached() || stream->spec().name != spec.name) continue;
    if (stream->spec() == spec) {
      found = stream.get();
    } else {
      stream->Retire();
    }
  }
  if (found == nullptr) {
    auto expired = [this](PulseStream* old) {
      streams_.remove_if(
          [old](const auto& stream) { return stream.get() == old; });
    };
    streams_.push_back(
        std::make_unique<PulseStream>(&connection_, spec, std::move(expired)));
    found = streams_.back().get();
  }
  found->Attach(std::move(pull));
  return found;
}

int64_t PulsePlayer::GiveBack(PulseStream* stream) {
  const LoopLock lock(connection_);
  heard_ = std::max(heard_,
                    std::chrono::steady_clock::now() + 2 * stream->latency());
  const int64_t underflows = stream->underflows();
  stream->Detach();
  return underflows;
}

std::string PulsePlayer::ProblemOf(const PulseStream& stream) const {
  std::string problem = connection_.problem();
  return problem.empty() ? stream.problem() : problem;
}

}  // namespace earshot
