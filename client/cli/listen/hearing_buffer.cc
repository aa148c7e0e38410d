#include "client/cli/listen/hearing_buffer.h"

#include <algorithm>
#include <cmath>

#include "sinks/frame_time.h"

namespace earshot {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

// Beside what the network and the card's pulls ask for: what VariedRate looks
// ahead, and scheduling: what a machine stands still now and then.
constexpr milliseconds kSpare{15};
constexpr milliseconds kMostWanted{500};
// Further behind, sound is left out.
constexpr milliseconds kMostBehind{700};
constexpr std::chrono::seconds kMostHeld{3};
// A card's first pulls only fill its buffer: they get silence, and say nothing
// of those to come.
constexpr milliseconds kFilling{250};
// 0.3 % are 5 cents, which nobody hears come and go.
constexpr double kMostVaried = 0.003;
// Of what it is behind, a fifth is made good each second.
constexpr double kGain = 0.2;
// The card's pulls come in jerks: the error is smoothed over so many seconds.
constexpr double kSmoothing = 1.0;
// So that a gap does not click.
constexpr int64_t kFadeFrames = 96;
constexpr nanoseconds kGainRamp = milliseconds(10);

double Seconds(nanoseconds duration) {
  return static_cast<double>(duration.count()) / 1e9;
}

}  // namespace

HearingBuffer::HearingBuffer(int rate_hz, int channels)
    : rate_hz_(rate_hz),
      channels_(static_cast<size_t>(channels)),
      last_(channels_),
      varied_(channels, [this](absl::Span<float> in) { Feed(in); }) {}

void HearingBuffer::Add(absl::Span<const float> pcm, bool in_time,
                        MonotonicTime now) {
  if (pcm.empty()) return;
  const std::lock_guard lock(hearing_mutex_);
  if (runs_.empty() || runs_.back().ended) {
    runs_.emplace_back();
    clock_.StartRun();
  }
  Run& run = runs_.back();
  clock_.OnArrival(DurationOf(run.end, rate_hz_), in_time, now);
  run.clock = clock_;
  run.pcm.insert(run.pcm.end(), pcm.begin(), pcm.end());
  run.end += static_cast<int64_t>(pcm.size() / channels_);
  Bound();
}

// Where nothing is pulled, what is oldest goes.
void HearingBuffer::Bound() {
  int64_t frames = 0;
  for (const Run& run : runs_) frames += run.end - run.begin;
  const int64_t most = FramesIn(kMostHeld, rate_hz_);
  while (frames > most) {
    Run& run = runs_.front();
    const int64_t have = run.end - run.begin;
    const int64_t dropped = std::min(have, frames - most);
    Drop(run, dropped);
    stats_.late_frames += dropped;
    frames -= dropped;
    if (dropped < have || runs_.size() == 1) break;
    runs_.pop_front();
    playing_ = false;
  }
}

void HearingBuffer::EndRun() {
  const std::lock_guard lock(hearing_mutex_);
  if (!runs_.empty()) runs_.back().ended = true;
}

void HearingBuffer::SetGain(float gain) {
  const std::lock_guard lock(hearing_mutex_);
  wanted_gain_ = gain;
}

PlayOutResult HearingBuffer::PlayOut(absl::Span<float> out, MonotonicTime now) {
  const std::lock_guard lock(hearing_mutex_);
  const auto frames = static_cast<int64_t>(out.size() / channels_);
  if (!first_pull_.has_value()) first_pull_ = now;
  if (now - *first_pull_ < kFilling) {
    std::fill(out.begin(), out.end(), 0.0f);
    return {0, frames};
  }
  // Several pulls at one time are one.
  pull_frames_ = now == last_pull_ ? pull_frames_ + frames
                                   : std::max(frames, pull_frames_ * 99 / 100);
  if (!playing_) StartFront(now);
  if (playing_) Steer(now);
  last_pull_ = now;
  varied_.Pull(out);
  Louder(out);
  return {0, frames};
}

HearingStats HearingBuffer::TakeStats() {
  const std::lock_guard lock(hearing_mutex_);
  HearingStats stats = stats_;
  stats_.peak = 0;
  stats.ppm = (ratio_ - 1) * 1e6;
  if (!runs_.empty()) {
    const Run& run = runs_.front();
    stats.buffered = DurationOf(run.end - run.begin, rate_hz_);
    stats.wanted = Wanted(run);
  }
  return stats;
}

nanoseconds HearingBuffer::Wanted(const Run& run) const {
  const nanoseconds pull = DurationOf(pull_frames_, rate_hz_);
  return std::min<nanoseconds>(run.clock.lateness() + pull + kSpare,
                               kMostWanted);
}

// The first run begins when it is time; what would be late is left out.
void HearingBuffer::StartFront(MonotonicTime now) {
  while (!runs_.empty()) {
    Run& run = runs_.front();
    const auto start = run.clock.start();
    if (!start.has_value() || now < *start + Wanted(run)) return;
    const int64_t due = FramesIn(now - *start - Wanted(run), rate_hz_);
    if (due > run.begin) {
      Drop(run, std::min(due, run.end) - run.begin);
      fades_in_ = true;
    }
    faded_ = fades_in_ ? 0 : kFadeFrames;
    if (!run.pcm.empty() || !run.ended) {
      playing_ = true;
      starved_ = false;
      starved_frames_ = 0;
      error_ = 0;
      return;
    }
    runs_.pop_front();
  }
}

void HearingBuffer::Steer(MonotonicTime now) {
  Run& run = runs_.front();
  const auto start = run.clock.start();
  if (!start.has_value()) return;
  const nanoseconds behind =
      now - *start - Wanted(run) - DurationOf(run.begin, rate_hz_);
  if (behind > kMostBehind && !run.pcm.empty()) {
    const int64_t have = run.end - run.begin;
    const int64_t leave_out = std::min(have, FramesIn(behind, rate_hz_));
    Drop(run, leave_out);
    stats_.late_frames += leave_out;
    fades_in_ = true;
    faded_ = 0;
    error_ = 0;
    return;
  }
  const double passed = std::clamp(Seconds(now - last_pull_), 0.0, kSmoothing);
  error_ += (Seconds(behind) - error_) * passed / kSmoothing;
  ratio_ = 1 + std::clamp(error_ * kGain, -kMostVaried, kMostVaried);
  varied_.SetRatio(ratio_);
}

void HearingBuffer::Drop(Run& run, int64_t frames) {
  run.pcm.erase(run.pcm.begin(),
                run.pcm.begin() + frames * static_cast<ptrdiff_t>(channels_));
  run.begin += frames;
}

void HearingBuffer::Feed(absl::Span<float> in) {
  while (!in.empty()) {
    if (playing_) {
      Run& run = runs_.front();
      if (!run.pcm.empty()) {
        const size_t samples = std::min(in.size(), run.pcm.size());
        FeedFrom(run, in.first(samples));
        in.remove_prefix(samples);
        continue;
      }
      if (run.ended) {
        runs_.pop_front();
        playing_ = false;
        fades_in_ = false;
      } else if (!starved_) {
        starved_ = true;
        starved_frames_ = 0;
      }
      faded_ = 0;
    }
    Fade(in);
    if (starved_)
      starved_frames_ += static_cast<int64_t>(in.size() / channels_);
    return;
  }
}

void HearingBuffer::FeedFrom(Run& run, absl::Span<float> in) {
  if (starved_) {
    ++stats_.gaps;
    stats_.gap_frames += starved_frames_;
    starved_ = false;
    fades_in_ = true;
    faded_ = 0;
  }
  std::copy_n(run.pcm.begin(), in.size(), in.begin());
  const auto frames = static_cast<int64_t>(in.size() / channels_);
  Drop(run, frames);
  stats_.heard_frames += frames;
  for (size_t at = 0; fades_in_ && at < in.size(); at += channels_, ++faded_) {
    if (faded_ >= kFadeFrames) break;
    const float factor = static_cast<float>(faded_) / kFadeFrames;
    for (float& sample : in.subspan(at, channels_)) sample *= factor;
  }
  std::copy(in.end() - static_cast<ptrdiff_t>(channels_), in.end(),
            last_.begin());
}

// Lets the last frame die away.
void HearingBuffer::Fade(absl::Span<float> in) {
  for (size_t at = 0; at < in.size(); at += channels_) {
    for (size_t channel = 0; channel < channels_; ++channel) {
      last_[channel] *= 0.95f;
      if (std::abs(last_[channel]) < 1e-5f) last_[channel] = 0;
      in[at + channel] = last_[channel];
    }
  }
}

void HearingBuffer::Louder(absl::Span<float> out) {
  const float step = 1.0f / static_cast<float>(std::max<int64_t>(
                                1, FramesIn(kGainRamp, rate_hz_)));
  for (size_t at = 0; at < out.size(); at += channels_) {
    gain_ += std::clamp(wanted_gain_ - gain_, -step, step);
    for (float& sample : out.subspan(at, channels_)) {
      sample *= gain_;
      stats_.peak = std::max(stats_.peak, std::abs(sample));
    }
  }
}

}  // namespace earshot
