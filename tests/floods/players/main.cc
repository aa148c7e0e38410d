// Plays many streams at once in real time, as honest devices would, until
// SIGTERM comes: what a flood must not harm. Its standard output has one line,
// `playing`, once all of them play; and one at each SIGUSR1 from then on, of
// how punctual it was itself since the last, as nobody else can make that good.
#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/program_options.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "client/remote_player.h"

namespace earshot {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kRate = 48000;
constexpr std::chrono::milliseconds kTurn(5);

// A source that always has more, and is never late.
class Source {
 public:
  explicit Source(std::unique_ptr<RemotePlayer> player)
      : player_(std::move(player)) {}

  void Turn(MonotonicTime now) {
    if (!playing_) {
      if (!player_->connected()) return;
      playing_ = player_->Prepare({.rate_hz = kRate, .channels = 1}, now).ok();
      if (!playing_) return;
      player_->Start(now);
    }
    const int64_t due =
        player_->DuePosition(std::numeric_limits<int64_t>::max() / 2, now);
    if (due <= written_) return;
    sound_.resize(static_cast<size_t>(due - written_), 0.25F);
    player_->Write(sound_, now);
    written_ = due;
  }

  bool playing() const { return playing_; }

 private:
  std::unique_ptr<RemotePlayer> player_;
  std::vector<float> sound_;
  int64_t written_ = 0;
  bool playing_ = false;
};

// How late the turns came.
class Punctuality {
 public:
  void Add(std::chrono::nanoseconds late) {
    ++turns_;
    if (late > kTurn) ++late_;
    worst_ = std::max(worst_, late);
  }

  // Says it, and begins anew.
  void Tell() {
    std::printf("turns=%d late=%d worst_ms=%.1f\n", turns_, late_,
                std::chrono::duration<double, std::milli>(worst_).count());
    std::fflush(stdout);
    *this = Punctuality();
  }

 private:
  int turns_ = 0;
  int late_ = 0;  // by more than a turn
  std::chrono::nanoseconds worst_{0};
};

int Run(const std::string& server, int streams) {
  boost::asio::io_context loop;
  std::vector<Source> sources;
  for (int i = 0; i < streams; ++i) {
    PlayerOptions options;
    options.server = server;
    options.stream = "vms/honest" + std::to_string(i) + "/streams/0";
    options.client = "players/1";
    options.codec.codec = AudioCodec::kPcmS16Le;
    auto player = RemotePlayer::Create(options, loop.get_executor());
    if (!player.ok()) {
      std::fprintf(stderr, "players: %s\n",
                   std::string(player.status().message()).c_str());
      return 1;
    }
    sources.emplace_back(*std::move(player));
  }
  boost::asio::signal_set signals(loop, SIGTERM, SIGINT);
  signals.async_wait(
      [&loop](const boost::system::error_code&, int) { loop.stop(); });
  Punctuality punctuality;
  boost::asio::signal_set questions(loop, SIGUSR1);
  std::function<void()> answer = [&] {
    questions.async_wait([&](const boost::system::error_code& error, int) {
      if (error) return;
      punctuality.Tell();
      answer();
    });
  };
  answer();
  boost::asio::steady_timer timer(loop);
  auto next = Clock::now();
  bool told = false;
  std::function<void()> turn = [&] {
    bool all = true;
    punctuality.Add(Clock::now() - next);
    for (Source& source : sources) {
      source.Turn(Clock::now());
      all = all && source.playing();
    }
    if (all && !std::exchange(told, true)) {
      std::puts("playing");
      std::fflush(stdout);
    }
    next += kTurn;
    timer.expires_at(next);
    timer.async_wait([&turn](const boost::system::error_code& error) {
      if (!error) turn();
    });
  };
  turn();
  loop.run();
  return 0;
}

int Main(int argc, char** argv) {
  namespace po = boost::program_options;
  std::string server;
  int streams = 50;
  po::options_description options("Flags");
  options.add_options()("server", po::value(&server)->required(), "where")(
      "streams", po::value(&streams), "how many");
  try {
    po::variables_map values;
    po::store(po::parse_command_line(argc, argv, options), values);
    po::notify(values);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "players: %s\n", error.what());
    return 2;
  }
  return Run(server, streams);
}

}  // namespace
}  // namespace earshot

int main(int argc, char** argv) { return earshot::Main(argc, argv); }
