#include "tests/simulation/playback_loop.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <optional>
#include <random>

#include "tests/simulation/thread_lateness.h"
#include "tests/simulation/virtual_client.h"
#include "tests/simulation/virtual_server.h"

namespace earshot {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr int kRate = 8000;
// In no step with packets and pulls.
constexpr microseconds kSample{19700};
constexpr milliseconds kPingInterval{1000};
constexpr seconds kSettled{60};
constexpr nanoseconds kNever = nanoseconds::max();

struct Report {
  nanoseconds arrival{0};
  ProgressReport progress;
};

double Milliseconds(nanoseconds duration) {
  return static_cast<double>(duration.count()) / 1e6;
}

class Loop {
 public:
  explicit Loop(const LoopSpec& spec)
      : spec_(spec),
        forward_(spec.forward, spec.blackouts, spec.seed * 4 + 1),
        backward_(spec.backward, spec.blackouts, spec.seed * 4 + 2),
        client_late_(spec.seed * 4 + 3),
        server_late_(spec.seed * 4 + 4),
        random_(spec.seed),
        server_(kRate, spec.config, spec.low_latency, spec.card_chunk,
                ServerTime(nanoseconds(0))),
        client_(kRate, kRate * spec.packet.count() / 1000,
                {[this](int64_t first, int64_t count) {
                   Send(ClientMessage::Kind::kPacket, first, count);
                 },
                 [this](int64_t first, int64_t count) {
                   Send(ClientMessage::Kind::kSkip, first, count);
                 }}) {}

  LoopResult Run();

 private:
  // Both clocks, at a time since the start.
  MonotonicTime ClientTime(nanoseconds t) const {
    return MonotonicTime(std::chrono::hours(1)) + t + leapt_;
  }
  MonotonicTime ServerTime(nanoseconds t) const {
    return MonotonicTime(std::chrono::hours(100)) + t +
           nanoseconds(std::llround(t.count() * spec_.drift_ppm * 1e-6));
  }

  void Send(ClientMessage::Kind kind, int64_t first_frame = 0,
            int64_t frame_count = 0);
  void WakeClient();
  nanoseconds NextWake();
  void Arrive();
  void Tick();
  void Hear();
  void Sample();
  void Ping();
  void NextCommand();
  nanoseconds NextCommandTime() const;
  void Drain();
  void Finish();
  // In which interval t_ is, if any.
  std::optional<nanoseconds> EndOf(const std::vector<Interval>& intervals,
                                   nanoseconds t) const;

  const LoopSpec spec_;
  NetworkPath forward_;
  NetworkPath backward_;
  ThreadLateness client_late_;
  ThreadLateness server_late_;
  std::mt19937 random_;
  std::uniform_real_distribution<double> uniform_;
  VirtualServer server_;
  VirtualClient client_;

  nanoseconds t_{0};
  nanoseconds leapt_{0};
  nanoseconds wake_{0};
  nanoseconds tick_due_{0};
  nanoseconds tick_{0};
  nanoseconds last_pull_{0};
  nanoseconds sample_{0};
  nanoseconds ping_{0};       // the next one
  nanoseconds ping_sent_{0};  // the last one
  PingReport last_ping_;
  size_t next_pause_ = 0;
  bool paused_ = false;
  size_t next_leap_ = 0;
  std::deque<ClientMessage> messages_;
  std::deque<Report> reports_;

  std::vector<double> leads_;
  double ppm_sum_ = 0;
  double ppm_squares_ = 0;
  LoopResult result_;
};

void Loop::Send(ClientMessage::Kind kind, int64_t first_frame,
                int64_t frame_count) {
  ClientMessage message;
  message.arrival = forward_.Arrival(t_);
  message.kind = kind;
  message.first_frame = first_frame;
  message.frame_count = frame_count;
  message.capture_ns = nanoseconds(ClientTime(t_).time_since_epoch()).count();
  message.ping = last_ping_;
  messages_.push_back(message);
}

std::optional<nanoseconds> Loop::EndOf(const std::vector<Interval>& intervals,
                                       nanoseconds t) const {
  for (const Interval& interval : intervals) {
    if (t >= interval.begin && t < interval.end) return interval.end;
  }
  return std::nullopt;
}

// When the client's loop is next awake.
nanoseconds Loop::NextWake() {
  const MonotonicTime now = ClientTime(t_);
  const MonotonicTime due = client_.NextDue(now);
  if (due == MonotonicTime::max()) return kNever;
  const nanoseconds at = t_ + std::max<nanoseconds>(due - now, nanoseconds(0));
  const auto thawed = EndOf(spec_.frozen, at);
  return (thawed ? *thawed : at) + client_late_.Next();
}

void Loop::WakeClient() {
  client_.Wake(ClientTime(t_));
  wake_ = NextWake();
}

void Loop::Arrive() {
  const ClientMessage message = messages_.front();
  messages_.pop_front();
  if (!server_.Hear(message, ServerTime(t_))) result_.refused = true;
}

// The play-out thread.
void Loop::Tick() {
  const auto progress = server_.Tick(ServerTime(t_));
  last_pull_ = t_;
  tick_due_ += server_.tick();
  // On the server's clock; its lateness makes no drift.
  tick_ = nanoseconds(
              std::llround(tick_due_.count() / (1 + spec_.drift_ppm * 1e-6))) +
          server_late_.Next();
  tick_ = std::max(tick_, t_ + microseconds(1));
  if (!progress) return;
  const double error_ms =
      progress->margin_error ? Milliseconds(*progress->margin_error) : 0;
  if (t_ > kSettled) {
    result_.worst_error_ms =
        std::max(result_.worst_error_ms, std::abs(error_ms));
  }
  const nanoseconds floor = spec_.low_latency
                                ? spec_.config.margin.low_latency_floor
                                : spec_.config.margin.floor;
  if (result_.at_floor_after_s < 0 && progress->margin_error &&
      *progress->margin_error + progress->target_margin <=
          floor + milliseconds(1)) {
    result_.at_floor_after_s = Milliseconds(t_) / 1e3;
  }
  if (uniform_(random_) >= spec_.lost_progress) {
    reports_.push_back({backward_.Arrival(t_), *progress});
  }
}

void Loop::Hear() {
  // A loop that stands still hears nothing.
  const auto thawed = EndOf(spec_.frozen, t_);
  if (thawed) {
    for (Report& report : reports_) {
      report.arrival = std::max(report.arrival, *thawed);
    }
    return;
  }
  const ProgressReport progress = reports_.front().progress;
  reports_.pop_front();
  if (progress.ping_id == last_ping_.id) {
    last_ping_.round_trip = t_ - ping_sent_;
  }
  client_.OnProgress(progress.granted_frame, progress.margin_error,
                     progress.target_margin, ClientTime(t_));
  wake_ = NextWake();
}

// It tells what an earlier one has found.
void Loop::Ping() {
  ping_ += kPingInterval;
  ++last_ping_.id;
  last_ping_.clock_ppm = client_.ppm();
  ping_sent_ = t_;
  Send(ClientMessage::Kind::kPing);
}

void Loop::Sample() {
  sample_ += kSample;
  const SessionStats stats = server_.Stats(ServerTime(t_));
  if (t_ <= kSettled) {
    result_.underruns_first_minute = stats.total.underruns.total();
    return;
  }
  result_.target_ms = stats.target_margin_ms;
  if (paused_) return;
  // The sink's clock goes on between its pulls.
  const double since_ms = stats.state == SessionState::kPlaying
                              ? std::min(Milliseconds(t_ - last_pull_),
                                         Milliseconds(server_.tick()))
                              : 0;
  const int64_t lead =
      client_.sent() - client_.skipped() - stats.epoch.played_frames;
  leads_.push_back(static_cast<double>(lead) * 1e3 / kRate - since_ms);
  ppm_sum_ += client_.ppm();
  ppm_squares_ += client_.ppm() * client_.ppm();
}

nanoseconds Loop::NextCommandTime() const {
  nanoseconds next = kNever;
  if (next_pause_ < spec_.pauses.size()) {
    const Interval& pause = spec_.pauses[next_pause_];
    next = paused_ ? pause.end : pause.begin;
  }
  if (next_leap_ < spec_.leaps.size()) {
    next = std::min(next, spec_.leaps[next_leap_]);
  }
  return next;
}

void Loop::NextCommand() {
  if (next_leap_ < spec_.leaps.size() && spec_.leaps[next_leap_] <= t_) {
    ++next_leap_;
    leapt_ += seconds(1);
  } else if (paused_) {
    ++next_pause_;
    paused_ = false;
    client_.Resume(ClientTime(t_));
    Send(ClientMessage::Kind::kResume);
  } else {
    paused_ = true;
    client_.Stop(ClientTime(t_));
    Send(ClientMessage::Kind::kPause);
  }
  wake_ = NextWake();
}

LoopResult Loop::Run() {
  client_.Start(ClientTime(t_),
                kRate * spec_.config.initial_window.count() / 1000);
  wake_ = NextWake();
  while (t_ < spec_.duration) {
    const nanoseconds arrival =
        messages_.empty() ? kNever : messages_.front().arrival;
    const nanoseconds report =
        reports_.empty() ? kNever : reports_.front().arrival;
    t_ = std::max(t_, std::min({wake_, tick_, arrival, report, sample_, ping_,
                                NextCommandTime()}));
    if (arrival <= t_) {
      Arrive();
    } else if (tick_ <= t_) {
      Tick();
    } else if (report <= t_) {
      Hear();
    } else if (wake_ <= t_) {
      WakeClient();
    } else if (sample_ <= t_) {
      Sample();
    } else if (ping_ <= t_) {
      Ping();
    } else {
      NextCommand();
    }
  }
  Drain();
  Finish();
  return result_;
}

// The client says End; what is on its way is played.
void Loop::Drain() {
  if (client_.produced() > client_.sent()) {
    Send(ClientMessage::Kind::kSkip, client_.sent(),
         client_.produced() - client_.sent());
  }
  Send(ClientMessage::Kind::kEnd, client_.produced());
  while (!messages_.empty() || !server_.EpochPlayed()) {
    if (t_ > spec_.duration + seconds(60)) break;
    if (!messages_.empty() && messages_.front().arrival <= tick_) {
      t_ = std::max(t_, messages_.front().arrival);
      Arrive();
    } else {
      t_ = std::max(t_, tick_);
      Tick();
    }
  }
}

void Loop::Finish() {
  const SessionStats stats = server_.Stats(ServerTime(t_));
  result_.underruns_later =
      stats.total.underruns.total() - result_.underruns_first_minute;
  result_.causes = stats.epoch.underruns;
  result_.skipped_frames = stats.total.skipped_frames;
  result_.unaccounted_frames = client_.produced() - stats.total.played_frames -
                               stats.total.skipped_frames;
  result_.stalled_ms = Milliseconds(client_.stalled());
  if (leads_.empty()) return;
  std::sort(leads_.begin(), leads_.end());
  const size_t count = leads_.size();
  result_.lead_p5_ms = leads_[count / 20];
  result_.lead_p50_ms = leads_[count / 2];
  result_.lead_p95_ms = leads_[count - 1 - count / 20];
  const auto n = static_cast<double>(count);
  result_.steering_mean_ppm = ppm_sum_ / n;
  result_.steering_sd_ppm = std::sqrt(
      std::max(0.0, ppm_squares_ / n -
                        result_.steering_mean_ppm * result_.steering_mean_ppm));
}

}  // namespace

LoopResult RunLoop(const LoopSpec& spec) { return Loop(spec).Run(); }

}  // namespace earshot
