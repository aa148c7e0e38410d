#include "client/cli/play_command.h"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "client/cli/doctor/way.h"
#include "client/cli/progress_line.h"
#include "client/cli/read_ahead.h"
#include "client/cli/sound_file.h"
#include "client/cli/terminal.h"
#include "client/codec_options.h"
#include "client/encoder_factory.h"
#include "client/remote_player.h"

namespace earshot {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kExitOk = 0;
constexpr int kExitFailure = 1;
constexpr int kExitUsage = 2;

// How long a service may take to answer before there is nothing to wait for.
constexpr seconds kConnectPatience{5};
// How long it may take to play what was sent.
constexpr seconds kDrainPatience{10};
// How long the service may take to say goodbye.
constexpr milliseconds kGoodbye{300};
constexpr milliseconds kProgressInterval{100};
// Read ahead of the clock, like a guest's ring.
constexpr int kRingMs = 200;
// Read at a time: what comes through a slow pipe is played when it comes.
constexpr int kPieceMs = 10;

void Complain(const std::string& what) {
  std::fprintf(stderr, "earshot: %s\n", what.c_str());
}

// Feeds a file to a RemotePlayer at its pace.
class Playback {
 public:
  Playback(const PlayFlags& flags, std::shared_ptr<SoundFile> file)
      : flags_(flags),
        file_(std::move(file)),
        on_terminal_(isatty(STDERR_FILENO) != 0),
        due_timer_(loop_),
        progress_timer_(loop_),
        patience_(loop_),
        signals_(loop_, SIGINT, SIGTERM) {}

  int Run();

 private:
  enum class State {
    kConnecting,  // -> kPlaying: connected; -> kOver: patience ended
    kPlaying,     // -> kDraining: the file or the user's patience ended
    kDraining,    // -> kOver: drained, or patience ended
    kOver,
  };

  void WaitForSignal();
  void OnSignal();
  void OnEvent();
  void Begin();
  void Feed();
  void Fill();
  void ReleaseNow();
  void Finish(int code);
  void ShowProgress();
  std::string WhyNoAnswer() const;
  int64_t Queued() const {
    return static_cast<int64_t>(queue_.size() - queue_start_) /
           file_->channels();
  }
  int64_t RingFrames() const {
    return int64_t{file_->rate_hz()} * kRingMs / 1000;
  }
  static MonotonicTime Now() { return std::chrono::steady_clock::now(); }

  const PlayFlags& flags_;
  const std::shared_ptr<SoundFile> file_;  // the reading thread's, too
  const bool on_terminal_;
  boost::asio::io_context loop_;
  boost::asio::steady_timer due_timer_;
  boost::asio::steady_timer progress_timer_;
  boost::asio::steady_timer patience_;
  boost::asio::signal_set signals_;
  std::unique_ptr<RemotePlayer> player_;
  std::unique_ptr<ReadAhead> ahead_;

  State state_ = State::kConnecting;
  std::vector<float> queue_;  // read and not yet due, from queue_start_
  size_t queue_start_ = 0;
  bool file_over_ = false;
  bool started_ = false;  // the clock runs
  bool stopped_ = false;  // by the user
  bool feeding_ = false;
  int64_t delay_frames_ = 0;
  int exit_code_ = kExitFailure;
};

int Playback::Run() {
  RemotePlayer::Options options;
  options.server = flags_.playback.server();
  options.security = flags_.playback.connection().security();
  options.stream = "vms/" + flags_.playback.vm() + "/streams/" +
                   std::to_string(flags_.stream);
  options.client = "earshot/" EARSHOT_VERSION;
  options.codec = flags_.playback.codec();
  options.low_latency = flags_.playback.low_latency();
  auto player = RemotePlayer::Create(std::move(options), loop_.get_executor());
  if (!player.ok()) {
    Complain(std::string(player.status().message()));
    return kExitUsage;
  }
  player_ = *std::move(player);
  player_->set_on_due([this] { OnEvent(); });
  patience_.expires_after(kConnectPatience);
  patience_.async_wait([this](const boost::system::error_code& error) {
    if (error || state_ != State::kConnecting) return;
    Complain(WhyNoAnswer());
    Finish(kExitFailure);
  });
  WaitForSignal();
  const int piece = std::max(1, file_->rate_hz() * kPieceMs / 1000);
  ahead_ = std::make_unique<ReadAhead>(
      [file = file_, piece] { return file->Read(piece); },
      static_cast<size_t>(RingFrames()) * file_->channels(),
      loop_.get_executor(), [this] { Feed(); });
  ShowProgress();
  loop_.run();
  return exit_code_;
}

// Looks at the way to the service, which takes a moment.
std::string Playback::WhyNoAnswer() const {
  const std::string& servers = flags_.playback.server();
  const std::string first = servers.substr(0, servers.find(','));
  const std::string fault =
      FaultOfWay(first, flags_.playback.connection().security());
  if (!fault.empty()) return Printable(fault);
  return Printable("no answer from " + servers + ": " +
                   std::string(player_->last_error().message()));
}

void Playback::WaitForSignal() {
  signals_.async_wait([this](const boost::system::error_code& error, int) {
    if (error) return;
    OnSignal();
    WaitForSignal();
  });
}

// The first one lets the service play what it has; a second does not wait.
void Playback::OnSignal() {
  stopped_ = true;
  if (state_ == State::kPlaying) {
    ReleaseNow();
  } else if (state_ == State::kOver) {
    loop_.stop();
  } else {
    Finish(kExitOk);
  }
}

void Playback::OnEvent() {
  switch (state_) {
    case State::kConnecting:
      if (player_->connected()) Begin();
      break;
    case State::kPlaying:
      Feed();
      break;
    case State::kDraining:
      if (player_->stats().drained) {
        Finish(kExitOk);
      }
      break;
    case State::kOver:
      if (!player_->connected()) loop_.stop();
      break;
  }
}

void Playback::Begin() {
  PlayerFormat format;
  format.rate_hz = file_->rate_hz();
  format.channels = file_->channels();
  format.buffer_frames = static_cast<int>(RingFrames());
  format.positions = file_->positions();
  if (absl::Status status = player_->Prepare(format, Now()); !status.ok()) {
    Complain(flags_.file + ": " + std::string(status.message()));
    Finish(kExitFailure);
    return;
  }
  state_ = State::kPlaying;
  Feed();
}

void Playback::Fill() {
  if (file_over_ || Queued() > RingFrames() / 2) return;
  queue_.erase(queue_.begin(),
               queue_.begin() + static_cast<ptrdiff_t>(queue_start_));
  queue_start_ = 0;
  file_over_ = !ahead_->Take(queue_);
}

void Playback::Feed() {
  // Writing may tell of an event.
  if (feeding_ || state_ != State::kPlaying) return;
  feeding_ = true;
  const MonotonicTime now = Now();
  Fill();
  if (!started_ && (Queued() > 0 || file_over_)) {
    started_ = true;
    player_->Start(now);
  }
  const int64_t produced = player_->stats().produced;
  const int64_t due = player_->DuePosition(produced + Queued(), now) - produced;
  if (due > 0) {
    const size_t samples = static_cast<size_t>(due) * file_->channels();
    player_->Write(absl::MakeConstSpan(queue_).subspan(queue_start_, samples),
                   now);
    queue_start_ += samples;
  }
  delay_frames_ = player_->DelayFrames(now);
  feeding_ = false;
  if (Queued() == 0) {
    due_timer_.cancel();
    // Or more is still to be read.
    if (file_over_) ReleaseNow();
    return;
  }
  due_timer_.expires_at(
      player_->NextDue(player_->stats().produced + Queued(), now));
  due_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) Feed();
  });
}

void Playback::ReleaseNow() {
  state_ = State::kDraining;
  due_timer_.cancel();
  player_->Release(Now());
  // A call that broke is resumed meanwhile.
  patience_.expires_after(kDrainPatience);
  patience_.async_wait([this](const boost::system::error_code& error) {
    if (error || state_ != State::kDraining) return;
    Complain(player_->connected()
                 ? "the service has not played what it was sent"
                 : "the service was lost before it had played all: " +
                       std::string(player_->last_error().message()));
    Finish(kExitFailure);
  });
}

void Playback::Finish(int code) {
  if (state_ == State::kOver) return;
  const bool began = state_ != State::kConnecting;
  state_ = State::kOver;
  const PlayerStats stats = player_->stats();
  const bool whole = stats.skipped == 0 && stats.lost == 0;
  exit_code_ = code == kExitOk && !whole && !stopped_ ? kExitFailure : code;
  if (on_terminal_) std::fputs("\r\033[K", stderr);
  if (began) {
    std::puts(
        SummaryLine(stats, flags_.file, flags_.playback.server(), delay_frames_)
            .c_str());
  }
  patience_.expires_after(kGoodbye);
  patience_.async_wait([this](const boost::system::error_code& error) {
    if (!error) loop_.stop();
  });
  player_->Close(Now());
  if (!player_->connected()) loop_.stop();
}

void Playback::ShowProgress() {
  if (!on_terminal_ || state_ == State::kOver) return;
  const std::string line =
      state_ == State::kConnecting
          ? "connecting to " + flags_.playback.server()
          : ProgressLine(player_->stats(), file_->frames(), delay_frames_);
  std::fprintf(stderr, "\r\033[K%s", line.c_str());
  std::fflush(stderr);
  progress_timer_.expires_after(kProgressInterval);
  progress_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) ShowProgress();
  });
}

}  // namespace

int RunPlay(const PlayFlags& flags) {
  auto file =
      SoundFile::Open(flags.file, flags.raw_rate_hz, flags.raw_channels);
  if (!file.ok()) {
    Complain(std::string(file.status().message()));
    return kExitFailure;
  }
  const CodecOptions& codec = flags.playback.codec();
  if (auto encoder = CreatePacketEncoder(
          codec, PacketRate(codec.codec, (*file)->rate_hz()),
          (*file)->channels(), (*file)->positions());
      !encoder.ok()) {
    Complain(flags.file + ": " + std::string(encoder.status().message()));
    return kExitFailure;
  }
  Playback playback(flags, std::shared_ptr<SoundFile>(*std::move(file)));
  return playback.Run();
}

}  // namespace earshot
