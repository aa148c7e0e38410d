// Many streams at once in real time, as devices would send them, but at the
// least cost: one thread, packets that were coded before. Until SIGTERM comes.
//
// Its standard output has a line `feeding ...` once all streams were answered,
// or as many as are taken; and one at the end, of what was sent.
#include <sys/epoll.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <boost/program_options.hpp>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/benchmark/streams/coded_chord.h"
#include "tests/benchmark/streams/feeder.h"
#include "tests/benchmark/streams/h2_connection.h"

namespace earshot {
namespace {

using Clock = std::chrono::steady_clock;

struct Settings {
  std::string server;  // the path of a UNIX socket
  int streams = 1;
  int connections = 0;  // 0: one for each
  int packet_ms = 10;
  int add_per_second = 0;  // 0: all at once
  int silent = 0;          // the last ones
  std::string say = "sound";
  bool silent_server = false;
};

double Milliseconds(std::chrono::nanoseconds duration) {
  return static_cast<double>(duration.count()) / 1e6;
}

double CpuSeconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) +
           static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

class Feeding {
 public:
  explicit Feeding(const Settings& settings)
      : settings_(settings),
        packet_frames_(settings.packet_ms * 48),
        packets_(CodedChord(packet_frames_)),
        epoll_(epoll_create1(EPOLL_CLOEXEC)) {}

  // Until a signal comes.
  int Run(const sigset_t& signals) {
    // Streams take turns within a packet's time, as guests are not in step.
    const auto turns = static_cast<size_t>(settings_.packet_ms);
    const timespec at_once{0, 0};
    const auto began = Clock::now();
    auto next = began;
    for (size_t turn = 0; sigtimedwait(&signals, nullptr, &at_once) < 0;
         turn = (turn + 1) % turns) {
      std::this_thread::sleep_until(next);
      const auto now = Clock::now();
      latest_ = std::max(latest_, now - next);
      if (!Add(now - began, now)) return 1;
      Read();
      for (size_t i = turn; i < feeders_.size(); i += turns) {
        if (!feeders_[i]->Turn(packets_, now)) ++queued_;
      }
      next += std::chrono::milliseconds(1);
      Tell(now, began);
    }
    return 0;
  }

  void Sum() const {
    int64_t packets = 0;
    int64_t stalled = 0;
    int64_t over = 0;
    for (const auto& feeder : feeders_) {
      packets += feeder->packets();
      stalled += feeder->stalled();
      if (feeder->over()) ++over;
    }
    std::printf(
        "packets=%ld stalled=%ld queued=%ld latest_ms=%.1f over=%ld "
        "cpu_s=%.2f\n",
        packets, stalled, queued_, Milliseconds(latest_), over, CpuSeconds());
    std::fflush(stdout);
  }

 private:
  // As many streams as there should be by now; no more once one was refused.
  bool Add(std::chrono::nanoseconds since, MonotonicTime now) {
    if (refused_ != nullptr) return true;
    auto wanted = static_cast<size_t>(settings_.streams);
    if (settings_.add_per_second > 0) {
      wanted = std::min(wanted, static_cast<size_t>(Milliseconds(since) / 1e3 *
                                                    settings_.add_per_second));
    }
    while (feeders_.size() < wanted) {
      H2Connection* connection = ConnectionOf(feeders_.size());
      if (connection == nullptr) return false;
      const auto number = static_cast<int>(feeders_.size());
      feeders_.push_back(std::make_unique<Feeder>(
          connection, number, packet_frames_, SaysOf(number),
          !settings_.silent_server, now));
      connection->Flush();
    }
    return true;
  }

  Feeder::Says SaysOf(int number) const {
    if (settings_.say == "nothing") return Feeder::Says::kNothing;
    return settings_.say == "silence" ||
                   number >= settings_.streams - settings_.silent
               ? Feeder::Says::kSilence
               : Feeder::Says::kSound;
  }

  H2Connection* ConnectionOf(size_t number) {
    const auto shared = static_cast<size_t>(settings_.connections);
    if (shared > 0 && number >= shared) {
      return connections_[number % shared].get();
    }
    auto connection = std::make_unique<H2Connection>(settings_.server);
    if (connection->fd() < 0) {
      std::fprintf(stderr, "feeders: cannot connect to %s\n",
                   settings_.server.c_str());
      return nullptr;
    }
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = connection.get();
    epoll_ctl(epoll_, EPOLL_CTL_ADD, connection->fd(), &event);
    connections_.push_back(std::move(connection));
    return connections_.back().get();
  }

  void Read() {
    std::array<epoll_event, 256> events;
    const int count =
        epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 0);
    for (int i = 0; i < count; ++i) {
      auto* connection =
          static_cast<H2Connection*>(events[static_cast<size_t>(i)].data.ptr);
      connection->Read();
      connection->Flush();
    }
  }

  // Once all have been answered, or one was refused.
  void Tell(MonotonicTime now, MonotonicTime began) {
    if (told_) return;
    for (; answered_ < feeders_.size(); ++answered_) {
      const Feeder& feeder = *feeders_[answered_];
      if (feeder.over()) {
        refused_ = &feeder;
        break;
      }
      if (!feeder.answered() && !settings_.silent_server) return;
      longest_ = std::max(longest_, now - feeder.began());
    }
    if (refused_ == nullptr &&
        answered_ < static_cast<size_t>(settings_.streams)) {
      return;
    }
    told_ = true;
    std::printf(
        "feeding streams=%zu after_ms=%.1f longest_ms=%.1f refusal=%s\n",
        answered_, Milliseconds(now - began), Milliseconds(longest_),
        refused_ != nullptr ? refused_->end().c_str() : "-");
    std::fflush(stdout);
  }

  const Settings settings_;
  const int packet_frames_;
  const std::vector<std::string> packets_;
  const int epoll_;
  std::vector<std::unique_ptr<Feeder>> feeders_;  // outlive the connections
  std::vector<std::unique_ptr<H2Connection>> connections_;
  size_t answered_ = 0;  // from the first on
  const Feeder* refused_ = nullptr;
  bool told_ = false;
  int64_t queued_ = 0;  // behind what the server was slow to read
  std::chrono::nanoseconds latest_{0};   // a turn began
  std::chrono::nanoseconds longest_{0};  // from a stream's start to its answer
};

int Run(const Settings& settings) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  Feeding feeding(settings);
  const int result = feeding.Run(signals);
  feeding.Sum();
  return result;
}

int Main(int argc, char** argv) {
  namespace po = boost::program_options;
  Settings settings;
  po::options_description options("Flags");
  auto add = options.add_options();
  add("server", po::value(&settings.server)->required(),
      "the path of a UNIX socket");
  add("streams", po::value(&settings.streams), "how many");
  add("connections", po::value(&settings.connections),
      "that they share; 0: each has its own");
  add("packet-ms", po::value(&settings.packet_ms), "of sound in a packet");
  add("add-per-second", po::value(&settings.add_per_second),
      "streams, until one is refused; 0: all at once");
  add("silent", po::value(&settings.silent),
      "of the streams, the last ones: they say silence");
  add("say", po::value(&settings.say), "sound, silence or nothing");
  add("silent-server", po::bool_switch(&settings.silent_server),
      "it answers nothing");
  try {
    po::variables_map values;
    po::store(po::parse_command_line(argc, argv, options), values);
    po::notify(values);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "feeders: %s\n", error.what());
    return 2;
  }
  return Run(settings);
}

}  // namespace
}  // namespace earshot

int main(int argc, char** argv) { return earshot::Main(argc, argv); }
