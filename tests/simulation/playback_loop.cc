#include "tests/simulation/playback_loop.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <deque>
#include <memory>
#include <optional>
#include <random>

#include "server/sinks/null_sink.h"
#include "tests/simulation/virtual_client.h"

namespace earshot {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr int kRate = 8000;
constexpr milliseconds kTick{5};  // PlayoutPool
// In no step with packets and pulls.
constexpr microseconds kSample{19700};
constexpr milliseconds kPingInterval{1000};
constexpr seconds kSettled{60};
constexpr nanoseconds kNever = nanoseconds::max();

// What a client has said, on its way.
struct Message {
  enum class Kind { kPacket, kSkip, kPause, kResume, kEnd, kPing };
  nanoseconds arrival{0};
  Kind kind = Kind::kPacket;
  int64_t first_frame = 0;
  int64_t frame_count = 0;
  int64_t capture_ns = 0;
  PingReport ping;
};

struct Report {
  nanoseconds arrival{0};
  ProgressReport progress;
};

double Milliseconds(nanoseconds duration) {
  return static_cast<double>(duration.count()) / 1e6;
}

// By how much a thread wakes late: mostly little, once in a thousand times a
// few ms.
class ThreadLateness {
 public:
  explicit ThreadLateness(uint32_t seed) : random_(seed) {}

  nanoseconds Next() {
    double late_ms = 0.08 * exponential_(random_);
    if (uniform_(random_) < 0.001) late_ms += 4 * uniform_(random_);
    return nanoseconds(static_cast<int64_t>(late_ms * 1e6));
  }

 private:
  std::mt19937 random_;
  std::exponential_distribution<double> exponential_;
  std::uniform_real_distribution<double> uniform_;
};

class Loop {
 public:
  explicit Loop(const LoopSpec& spec)
      : spec_(spec),
        forward_(spec.forward, spec.blackouts, spec.seed * 4 + 1),
        backward_(spec.backward, spec.blackouts, spec.seed * 4 + 2),
        client_late_(spec.seed * 4 + 3),
        server_late_(spec.seed * 4 + 4),
        random_(spec.seed),
        session_(spec.config),
        sink_(kRate, 1),
        client_(kRate, kRate * spec.packet.count() / 1000,
                {[this](int64_t first, int64_t count) {
                   Send(Message::Kind::kPacket, first, count);
                 },
                 [this](int64_t first, int64_t count) {
                   Send(Message::Kind::kSkip, first, count);
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

  void Send(Message::Kind kind, int64_t first_frame = 0,
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
  Session session_;
  const uint64_t call_ = session_.Attach(0, ServerTime(nanoseconds(0)))->call;
  NullSink sink_;
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
  std::deque<Message> messages_;
  std::deque<Report> reports_;

  std::vector<double> leads_;
  double ppm_sum_ = 0;
  double ppm_squares_ = 0;
  LoopResult result_;
};

void Loop::Send(Message::Kind kind, int64_t first_frame, int64_t frame_count) {
  Message message;
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
  const Message message = messages_.front();
  messages_.pop_front();
  const MonotonicTime now = ServerTime(t_);
  Refusal refusal = Refusal::None();
  switch (message.kind) {
    case Message::Kind::kPacket:
      refusal = session_.AddPacket(
          call_, message.first_frame, message.frame_count,
          std::string(static_cast<size_t>(message.frame_count) * 2, '\1'),
          message.capture_ns, now);
      break;
    case Message::Kind::kSkip:
      refusal =
          session_.AddSkip(call_, message.first_frame, message.frame_count,
                           SkipReason::kUnspecified, now);
      break;
    case Message::Kind::kPause:
      refusal = session_.Pause(call_, now);
      break;
    case Message::Kind::kResume:
      refusal = session_.Resume(call_, now);
      break;
    case Message::Kind::kEnd:
      refusal = session_.End(call_, message.first_frame, now);
      break;
    case Message::Kind::kPing:
      refusal = session_.Ping(call_, message.ping);
      break;
  }
  if (refusal.ok()) return;
  std::fprintf(stderr, "refused: %s\n", refusal.message.c_str());
  result_.refused = true;
}

// The play-out thread.
void Loop::Tick() {
  const MonotonicTime now = ServerTime(t_);
  if (spec_.card_chunk > milliseconds(0)) {
    std::vector<float> out(
        static_cast<size_t>(kRate * spec_.card_chunk.count() / 1000));
    session_.PlayOut(absl::MakeSpan(out), now);
  } else {
    sink_.Tick(now);
  }
  session_.Tick(nanoseconds(0), now);
  last_pull_ = t_;
  tick_due_ += spec_.card_chunk > milliseconds(0) ? spec_.card_chunk : kTick;
  // On the server's clock; its lateness makes no drift.
  tick_ = nanoseconds(
              std::llround(tick_due_.count() / (1 + spec_.drift_ppm * 1e-6))) +
          server_late_.Next();
  tick_ = std::max(tick_, t_ + microseconds(1));
  if (const auto progress = session_.TakeProgress(call_, now);
      progress.has_value()) {
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
  Send(Message::Kind::kPing);
}

void Loop::Sample() {
  sample_ += kSample;
  const SessionStats stats = session_.Stats(ServerTime(t_));
  if (t_ <= kSettled) {
    result_.underruns_first_minute = stats.total.underruns.total();
    return;
  }
  result_.target_ms = stats.target_margin_ms;
  if (paused_) return;
  // The sink's clock goes on between its pulls.
  const double since_ms =
      stats.state == SessionState::kPlaying
          ? std::min(Milliseconds(t_ - last_pull_),
                     Milliseconds(std::max(kTick, spec_.card_chunk)))
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
    Send(Message::Kind::kResume);
  } else {
    paused_ = true;
    client_.Stop(ClientTime(t_));
    Send(Message::Kind::kPause);
  }
  wake_ = NextWake();
}

LoopResult Loop::Run() {
  EpochParams params;
  params.epoch = 1;
  params.rate_hz = kRate;
  params.channels = 1;
  params.codec = MediaCodec::kPcmS16le;
  params.low_latency = spec_.low_latency;
  (void)session_.Begin(call_, params, ServerTime(t_));
  sink_.Start(&session_, ServerTime(t_));
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
    Send(Message::Kind::kSkip, client_.sent(),
         client_.produced() - client_.sent());
  }
  Send(Message::Kind::kEnd, client_.produced());
  while (!messages_.empty() || !session_.EpochPlayed()) {
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
  const SessionStats stats = session_.Stats(ServerTime(t_));
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

void LoopResult::Merge(const LoopResult& other) {
  const auto worsen = [](auto& mine, const auto& theirs) {
    mine = std::max(mine, theirs);
  };
  underruns_first_minute += other.underruns_first_minute;
  underruns_later += other.underruns_later;
  causes += other.causes;
  worsen(lead_p5_ms, other.lead_p5_ms);
  worsen(lead_p50_ms, other.lead_p50_ms);
  worsen(lead_p95_ms, other.lead_p95_ms);
  worsen(worst_error_ms, other.worst_error_ms);
  if (std::abs(other.steering_mean_ppm) > std::abs(steering_mean_ppm)) {
    steering_mean_ppm = other.steering_mean_ppm;
  }
  worsen(steering_sd_ppm, other.steering_sd_ppm);
  worsen(target_ms, other.target_ms);
  worsen(at_floor_after_s, other.at_floor_after_s);
  worsen(skipped_frames, other.skipped_frames);
  worsen(stalled_ms, other.stalled_ms);
  if (other.unaccounted_frames != 0) {
    unaccounted_frames = other.unaccounted_frames;
  }
  refused = refused || other.refused;
}

std::string LoopResult::Line(const std::string& name) const {
  char line[512];
  std::snprintf(
      line, sizeof(line),
      "RESULT simulation.%s underruns_first_minute=%lld underruns_later=%lld "
      "network_late=%lld source_starved=%lld outage=%lld "
      "server_overload=%lld "
      "lead_p5_ms=%.1f lead_p50_ms=%.1f lead_p95_ms=%.1f target_ms=%.1f "
      "worst_error_ms=%.1f steering_ppm=%.1f steering_sd_ppm=%.1f "
      "at_floor_after_s=%.1f skipped_frames=%lld stalled_ms=%.0f "
      "unaccounted=%lld",
      name.c_str(), static_cast<long long>(underruns_first_minute),
      static_cast<long long>(underruns_later),
      static_cast<long long>(causes.network_late),
      static_cast<long long>(causes.source_starved),
      static_cast<long long>(causes.outage),
      static_cast<long long>(causes.server_overload), lead_p5_ms, lead_p50_ms,
      lead_p95_ms, target_ms, worst_error_ms, steering_mean_ppm,
      steering_sd_ppm, at_floor_after_s, static_cast<long long>(skipped_frames),
      stalled_ms, static_cast<long long>(unaccounted_frames));
  return line;
}

}  // namespace earshot
