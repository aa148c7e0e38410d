#include "client/cli/doctor/probe_stream.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cmath>
#include <future>
#include <memory>
#include <numbers>
#include <utility>
#include <vector>

namespace earshot {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// As PlaybackStream needs at most until it knows that a try has failed.
constexpr seconds kOpenPatience{6};
constexpr seconds kDrainPatience{5};
constexpr milliseconds kGoodbye{500};
// Before the end, so that the stream is still open when the server is asked.
constexpr milliseconds kLookBeforeEnd{300};
constexpr int kRateHz = 48000;
constexpr int kChannels = 2;
constexpr int kRingFrames = kRateHz / 5;
constexpr double kToneHz = 440;
constexpr double kAmplitude = 0.05;

// Plays the tone at its pace. Thread: the loop.
class Probe {
 public:
  Probe(PlayerOptions options, milliseconds length,
        const std::function<std::optional<v1::Stream>()>& look)
      : options_(std::move(options)),
        frames_(kRateHz / 1000 * length.count()),
        look_(look),
        due_timer_(loop_),
        patience_(loop_) {}

  ProbeResult Run() {
    options_.probe = true;
    auto player = RemotePlayer::Create(options_, loop_.get_executor());
    if (!player.ok()) {
      result_.opened = player.status();
      return result_;
    }
    player_ = *std::move(player);
    player_->set_on_due([this] { OnEvent(); });
    result_.opened = absl::DeadlineExceededError("the server does not answer");
    After(kOpenPatience, [this] {
      if (state_ != State::kConnecting) return;
      if (!player_->last_error().ok()) result_.opened = player_->last_error();
      loop_.stop();
    });
    loop_.run();
    if (looked_.valid()) result_.seen = looked_.get();
    return result_;
  }

 private:
  enum class State { kConnecting, kPlaying, kDraining, kOver };

  static MonotonicTime Now() { return std::chrono::steady_clock::now(); }

  void After(milliseconds time, std::function<void()> what) {
    patience_.expires_after(time);
    patience_.async_wait(
        [what = std::move(what)](const boost::system::error_code& error) {
          if (!error) what();
        });
  }

  void OnEvent() {
    if (state_ == State::kConnecting && player_->connected()) Begin();
    if (state_ == State::kPlaying) Feed();
    if (state_ == State::kDraining && player_->stats().drained) End();
    if (state_ == State::kOver && !player_->connected()) loop_.stop();
  }

  void Begin() {
    result_.opened = absl::OkStatus();
    PlayerFormat format;
    format.rate_hz = kRateHz;
    format.channels = kChannels;
    format.buffer_frames = kRingFrames;
    if (absl::Status status = player_->Prepare(format, Now()); !status.ok()) {
      result_.opened = status;
      loop_.stop();
      return;
    }
    patience_.cancel();
    state_ = State::kPlaying;
    player_->Start(Now());
  }

  void Feed() {
    if (feeding_) return;  // writing may tell of an event
    feeding_ = true;
    const MonotonicTime now = Now();
    const int64_t produced = player_->stats().produced;
    const int64_t due = player_->DuePosition(frames_, now) - produced;
    if (due > 0) {
      player_->Write(Tone(produced, due), now);
      result_.lead_ms =
          static_cast<double>(player_->DelayFrames(now)) * 1000 / kRateHz;
    }
    feeding_ = false;
    const int64_t left = frames_ - player_->stats().produced;
    if (left <= kRateHz / 1000 * kLookBeforeEnd.count() && !looked_.valid()) {
      looked_ = std::async(std::launch::async, look_);
    }
    if (left <= 0) {
      Drain();
      return;
    }
    due_timer_.expires_at(player_->NextDue(frames_, now));
    due_timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error && state_ == State::kPlaying) Feed();
    });
  }

  std::vector<float> Tone(int64_t first, int64_t frames) const {
    std::vector<float> samples;
    for (int64_t i = first; i < first + frames; ++i) {
      const double angle =
          2 * std::numbers::pi * kToneHz * static_cast<double>(i) / kRateHz;
      samples.insert(samples.end(), kChannels,
                     static_cast<float>(kAmplitude * std::sin(angle)));
    }
    return samples;
  }

  void Drain() {
    state_ = State::kDraining;
    due_timer_.cancel();
    After(kDrainPatience, [this] { End(); });
    player_->Release(Now());
  }

  void End() {
    if (state_ == State::kOver) return;
    state_ = State::kOver;
    result_.stats = player_->stats();
    result_.drained = result_.stats.drained;
    result_.seconds = static_cast<double>(frames_) / kRateHz;
    After(kGoodbye, [this] { loop_.stop(); });
    player_->Close(Now());
  }

  PlayerOptions options_;
  const int64_t frames_;
  const std::function<std::optional<v1::Stream>()>& look_;
  boost::asio::io_context loop_;
  boost::asio::steady_timer due_timer_;
  boost::asio::steady_timer patience_;
  std::unique_ptr<RemotePlayer> player_;
  State state_ = State::kConnecting;
  bool feeding_ = false;
  std::future<std::optional<v1::Stream>> looked_;
  ProbeResult result_;
};

}  // namespace

ProbeResult RunProbe(PlayerOptions options, milliseconds length,
                     const std::function<std::optional<v1::Stream>()>& look) {
  return Probe(std::move(options), length, look).Run();
}

}  // namespace earshot
