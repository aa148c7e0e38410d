#include "client/playback_stream.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <random>
#include <utility>

#include "client/connection_trouble.h"

namespace earshot {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

// A server's play-out comes in ticks: it may have played so much more.
constexpr milliseconds kTick{5};

// When a channel that tries again to connect is looked at, each time after
// twice as long: 315 ms in all, for which a far host may be connected to.
constexpr milliseconds kFirstLook{5};
constexpr milliseconds kLastLook{160};

}  // namespace

PlaybackStream::PlaybackStream(ServerTargets targets,
                               const boost::asio::any_io_executor& executor,
                               Options options, Listener& listener)
    : executor_(executor),
      options_(std::move(options)),
      listener_(listener),
      targets_(std::move(targets)),
      backoff_(options_.backoff, std::random_device()()),
      refused_wait_(options_.refused_backoff, std::random_device()()),
      timer_(executor),
      lookup_(executor, targets_, [this] { OnLookedUp(); }),
      elsewhere_(executor, targets_, options_.backoff,
                 [this] { OpenElsewhere(); }) {}

PlaybackStream::~PlaybackStream() = default;

// --- Calls.

void PlaybackStream::Open() {
  if (call_ != nullptr) return;
  if (targets_.IsUnknown()) {
    awaits_address_ = true;
    lookup_.Start();
    return;
  }
  Connect();
}

void PlaybackStream::Close() {
  closing_ = true;
  elsewhere_.Stop();
  if (next_ != nullptr) GiveUpMove();
  timer_.cancel();
  if (open_) {
    call_->SetPlaying(false);
    call_->Finish();
  } else {
    call_.reset();
  }
}

v1::Open PlaybackStream::MakeOpen(const SendLog::Point& point) const {
  v1::Open open;
  open.set_stream(options_.stream);
  open.set_client(options_.client);
  open.mutable_labels()->insert(options_.labels.begin(), options_.labels.end());
  open.set_probe(options_.probe);
  open.set_epoch(point.epoch);
  open.set_next_frame(point.frame);
  return open;
}

void PlaybackStream::Connect() {
  // What it said last had traveled for no longer than this.
  restart_ = log_.PlanRestart(options_.call.clock(), last_round_trip_ + kTick,
                              paused_at_, listener_.QuietEnd());
  v1::Open open = MakeOpen(restart_);
  if (!pre_rolled_) open.set_resume_token(resume_token_);
  call_ = std::make_unique<StreamCall>(
      targets_.channel(), executor_, options_.call, open, checker_,
      static_cast<StreamCall::Listener&>(*this));
}

void PlaybackStream::WaitAndConnect(std::chrono::microseconds wait) {
  waiting_since_ = std::chrono::steady_clock::now();
  Wait(wait);
}

// However often a source begins, the attempts do not come closer than they
// would if it had played all the time.
void PlaybackStream::Hurry() {
  if (!waiting_since_ || !Wanted()) return;
  const auto now = std::chrono::steady_clock::now();
  const nanoseconds wait = std::max<nanoseconds>(
      *waiting_since_ + backoff_.Next() - now, WaitForTarget());
  if (now + wait >= timer_.expiry()) return;
  Wait(std::chrono::duration_cast<std::chrono::microseconds>(wait));
}

void PlaybackStream::Wait(std::chrono::microseconds wait) {
  timer_.expires_after(wait);
  timer_.async_wait([this, alive = std::weak_ptr<int>(alive_)](
                        const boost::system::error_code& error) {
    if (!error && !alive.expired() && call_ == nullptr && !closing_) Knock();
  });
}

void PlaybackStream::Knock() {
  waiting_since_.reset();
  // What is known is tried meanwhile.
  lookup_.Start();
  if (targets_.IsUnknown()) {
    awaits_address_ = true;
    return;
  }
  targets_.RenewIfFilesChanged();
  // Backoff governs. gRPC's own waits reach two minutes where a name cannot be
  // resolved, and half a minute where it is to be resolved anew.
  grpc::experimental::ChannelResetConnectionBackoff(targets_.channel().get());
  LookAndConnect(kFirstLook);
}

void PlaybackStream::OnLookedUp() {
  if (!awaits_address_ || call_ != nullptr || closing_) return;
  awaits_address_ = false;
  if (!targets_.IsUnknown()) {
    Connect();
    return;
  }
  const absl::Status reason =
      absl::UnavailableError("no address of " + targets_.address());
  if (failures_++ == 0) {
    spdlog::warn("stream not opened stream={} reason=\"{}\"", options_.stream,
                 std::string(reason.message()));
  }
  targets_.Rotate();
  WaitAndConnect(backoff_.Next(Wanted()));
  listener_.OnLost(reason);
}

void PlaybackStream::LookAndConnect(milliseconds wait) {
  // A channel that has failed fails every call until it is connected.
  if (wait > kLastLook ||
      targets_.channel()->GetState(false) != GRPC_CHANNEL_TRANSIENT_FAILURE) {
    Connect();
    return;
  }
  timer_.expires_after(wait);
  timer_.async_wait([this, wait, alive = std::weak_ptr<int>(alive_)](
                        const boost::system::error_code& error) {
    if (!error && !alive.expired() && call_ == nullptr && !closing_) {
      LookAndConnect(2 * wait);
    }
  });
}

void PlaybackStream::OnOpened(StreamCall& call, const v1::Opened& opened) {
  if (&call == next_.get()) {
    next_opened_ = opened;
    TryMove();
    return;
  }
  if (&call != call_.get()) return;
  if (opened.resumed() &&
      !log_.Resume(opened.received_epoch(), opened.received_frame(),
                   opened.received_end())) {
    resume_token_.clear();
    OnCallOver(absl::InvalidArgumentError(
        "opened.received_frame: it is none where anything ended"));
    return;
  }
  spdlog::info("stream open stream={} server={} resumed={}", options_.stream,
               targets_.address(), opened.resumed());
  TakeOpened(opened);
  if (opened.resumed()) {
    said_paused_.reset();
    credit_.Resume();
    if (log_.said_epoch() != credit_epoch_) {
      // Its Begin was lost: the one before had been granted all that was said.
      credit_epoch_ = log_.said_epoch();
      credit_.Begin(log_.furthest_said(), 0);
    }
    // The server has all of them, and tells of those from the one on that Open
    // named.
    const uint64_t named = std::min(restart_.epoch, opened.received_epoch());
    if (named > 1) {
      log_.OnDrained(named - 1);
      listener_.OnLoss({named - 1, 0, true});
    }
  } else {
    for (const SendLog::Loss& loss : log_.Restart(restart_)) {
      listener_.OnLoss(loss);
    }
  }
  if (listener_.IsStale()) log_.DropUnsaid();
  Pump();
  listener_.OnOpen(opened.resumed());
}

void PlaybackStream::TakeOpened(const v1::Opened& opened) {
  open_ = true;
  failures_ = 0;
  refused_wait_.Reset();
  trouble_.clear();
  going_away_ = false;
  confirming_ping_ = 0;
  pre_rolled_.reset();
  said_paused_ = false;
  resume_token_ = opened.resume_token();
  initial_window_ms_ = opened.limits().initial_window_ms();
  // Before anything is played.
  volume_.OnOpened(opened.resumed());
  SyncVolume();
}

void PlaybackStream::OnProgress(StreamCall& call,
                                const v1::Progress& progress) {
  if (&call != call_.get()) {
    const auto tail = FindTail(call);
    if (tail == tails_.end()) return;
    if (!tail->cut || progress.epoch() != tail->last_epoch) {
      listener_.OnProgress(progress);
    }
    return;
  }
  if (confirming_ping_ != 0 && progress.has_ping_id() &&
      progress.ping_id() >= confirming_ping_) {
    confirming_ping_ = 0;
    log_.Confirm();
  }
  if (progress.has_ping_id() && volume_.OnEcho(progress.ping_id())) {
    listener_.OnVolume();
  }
  SyncVolume();
  if (pre_rolled_ && (progress.epoch() > pre_rolled_->epoch ||
                      (progress.epoch() == pre_rolled_->epoch &&
                       progress.received_frame() > pre_rolled_->frame))) {
    pre_rolled_.reset();
  }
  log_.OnProgress(progress, options_.call.clock());
  if (progress.epoch() != 0 && progress.epoch() == log_.said_epoch() &&
      credit_.Grant(progress.granted_frame())) {
    Pump();
  }
  listener_.OnProgress(progress);
}

void PlaybackStream::OnDrained(StreamCall& call, const v1::Drained& drained) {
  if (&call == call_.get()) {
    log_.OnDrained(drained.epoch());
    Pump();
  } else {
    const auto tail = FindTail(call);
    if (tail == tails_.end()) return;
    if (tail->cut && drained.epoch() == tail->last_epoch) return;
  }
  listener_.OnDrained(drained);
}

void PlaybackStream::OnVolume(StreamCall& call, const v1::Volume& said) {
  const PlayerVolume volume{said.gain_db(), said.mute()};
  if (&call == next_.get()) {
    next_volume_ = volume;
  } else if (&call == call_.get() && volume_.OnVolume(volume)) {
    listener_.OnVolume();
  }
}

void PlaybackStream::OnPingDue(StreamCall& call) { Ping(call); }

uint64_t PlaybackStream::Ping(StreamCall& call) {
  return call.Ping(clock_ppm_, source_delay_ + UnsaidDelay());
}

// What waits for a grant.
nanoseconds PlaybackStream::UnsaidDelay() const {
  if (log_.all_said() || log_.said_epoch() != log_.newest_epoch() ||
      log_.rate_hz() <= 0) {
    return nanoseconds(0);
  }
  const int64_t frames =
      std::max<int64_t>(log_.end() - log_.said_position(), 0);
  return std::chrono::microseconds(frames * 1000000 / log_.rate_hz());
}

std::list<PlaybackStream::Tail>::iterator PlaybackStream::FindTail(
    const StreamCall& call) {
  return std::find_if(tails_.begin(), tails_.end(),
                      [&](const Tail& t) { return t.call.get() == &call; });
}

void PlaybackStream::OnOver(StreamCall& call, const absl::Status& reason) {
  if (&call == call_.get()) {
    OnCallOver(reason);
  } else if (&call == next_.get()) {
    spdlog::info("not opened elsewhere stream={} server={} reason=\"{}\"",
                 options_.stream, targets_.address(), reason.ToString());
    RememberRetry(call);
    GiveUpMove();
  } else if (const auto tail = FindTail(call); tail != tails_.end()) {
    OnTailOver(tail);
  }
}

void PlaybackStream::OnTailOver(std::list<Tail>::iterator tail) {
  const SendLog::Loss loss{tail->cut ? tail->last_epoch - 1 : tail->last_epoch,
                           0, true};
  tails_.erase(tail);
  listener_.OnLoss(loss);
}

void PlaybackStream::OnCallOver(const absl::Status& reason) {
  // One call pushed out by another, again and again: two clients have the same
  // name, and the quicker they are the worse it gets.
  const bool resumes = call_->useful() && !absl::IsAborted(reason);
  if (resumes) backoff_.Reset();
  if (closing_) {
    spdlog::info("stream closed stream={}", options_.stream);
  } else if (std::string trouble = TroubleOf(reason, targets_.address());
             !trouble.empty() && trouble != trouble_) {
    trouble_ = std::move(trouble);
    spdlog::warn(
        "stream not opened stream={} server={} trouble=\"{}\" "
        "reason=\"{}\"",
        options_.stream, targets_.address(), trouble_, reason.ToString());
  } else if (open_ || failures_ == 0) {
    spdlog::warn("stream lost stream={} reason=\"{}\"", options_.stream,
                 reason.ToString());
  } else {
    spdlog::debug("stream not opened stream={} reason=\"{}\"", options_.stream,
                  reason.ToString());
  }
  held_grant_ = granted();
  if (call_->round_trip()) last_round_trip_ = *call_->round_trip();
  if (open_) checker_ = call_->checker();
  // It went back on what was said: there is nothing to go on with.
  if (absl::IsInvalidArgument(reason)) resume_token_.clear();
  RememberRetry(*call_);
  // Servers behind a name come and go.
  std::erase_if(not_before_, [now = options_.call.clock()](const auto& one) {
    return one.second <= now;
  });
  if (IsRefusal(reason)) {
    MonotonicTime& time = not_before_[targets_.address()];
    time = std::max(time, options_.call.clock() + refused_wait_.Next());
  }
  if (!open_ || going_away_) targets_.Rotate();
  if (going_away_) targets_.Renew();
  ++failures_;
  open_ = going_away_ = false;
  call_.reset();
  next_.reset();
  elsewhere_.Stop();
  log_.SetBarrier(std::nullopt);
  // The window is half a second: what it covers is worth a quick try.
  const auto wait = backoff_.Next(Wanted()) / (resumes ? 4 : 1);
  WaitAndConnect(std::max(wait, WaitForTarget()));
  listener_.OnLost(reason);
}

// What the server said of when to come back: spread, for it says so to many.
void PlaybackStream::RememberRetry(const StreamCall& call) {
  if (!call.retry_delay().has_value()) return;
  not_before_[targets_.address()] =
      options_.call.clock() + backoff_.AtLeast(*call.retry_delay());
}

std::chrono::microseconds PlaybackStream::WaitForTarget() const {
  const auto time = not_before_.find(targets_.address());
  if (time == not_before_.end()) return {};
  return std::chrono::duration_cast<std::chrono::microseconds>(
      time->second - options_.call.clock());
}

std::optional<nanoseconds> PlaybackStream::round_trip() const {
  if (call_ == nullptr) return std::nullopt;
  return call_->round_trip();
}

// --- What is said.

void PlaybackStream::Begin(const v1::Begin& begin) {
  log_.Begin(begin);
  // A call that was just lost will be there again before it is missed.
  held_grant_ =
      failures_ <= 1 ? begin.format().rate_hz() * initial_window_ms_ / 1000 : 0;
  paused_at_.reset();
  Hurry();
  Pump();
}

void PlaybackStream::AddPacket(const PacketEncoder::Packet& packet,
                               MonotonicTime captured) {
  log_.AddPacket(packet, captured);
  Pump();
}

void PlaybackStream::AddSilence(int64_t first_frame) {
  log_.AddSilence(first_frame);
  Pump();
}

void PlaybackStream::AddSkip(int64_t first_frame, int64_t frame_count,
                             v1::Skip::Reason reason) {
  log_.AddSkip(first_frame, frame_count, reason);
  Pump();
}

void PlaybackStream::SetPaused(bool paused, MonotonicTime now) {
  paused_at_.reset();
  if (paused) paused_at_ = now;
  Hurry();
  Pump();
}

void PlaybackStream::End(int64_t end_frame) {
  log_.End(end_frame);
  Pump();
}

int64_t PlaybackStream::granted() const {
  const bool known = open_ && log_.said_epoch() != 0 &&
                     log_.said_epoch() == log_.newest_epoch();
  return known ? credit_.granted_frame() : held_grant_;
}

bool PlaybackStream::Plays() const {
  return log_.in_epoch() && log_.said_epoch() == log_.newest_epoch() &&
         !paused_at_;
}

void PlaybackStream::Pump() {
  if (!open_) return;
  while (const auto message = log_.Next()) {
    if (message->needed_grant > credit_.granted_frame()) break;
    SayNext(*message);
  }
  SyncPause();
  call_->SetPlaying(Plays());
  TryMove();
}

void PlaybackStream::SayNext(const SendLog::Message& message) {
  auto request = call_->NewRequest();
  log_.Say(*request);
  if (message.kind == SendLog::Kind::kBegin) {
    credit_.Begin(message.end, message.rate_hz * initial_window_ms_ / 1000);
    credit_epoch_ = message.epoch;
    said_paused_ = false;
    if (request->begin().pre_roll_frames() > 0) {
      pre_rolled_ = {message.epoch, message.end};
    }
  }
  credit_.Skip(message.skipped);
  call_->Send(std::move(request), message.end);
  if (message.ends_silence) {
    confirming_ping_ = Ping(*call_);
  } else if (message.kind == SendLog::Kind::kBegin && !call_->round_trip()) {
    Ping(*call_);
  }
}

void PlaybackStream::SetVolume(const PlayerVolume& volume) {
  volume_.Set(volume);
  SyncVolume();
}

void PlaybackStream::SyncVolume() {
  if (!open_ || !volume_.due()) return;
  if (volume_.TakeUnsaid()) {
    auto request = call_->NewRequest();
    v1::Volume& volume = *request->mutable_set_volume()->mutable_volume();
    volume.set_gain_db(volume_.volume().gain_db);
    volume.set_mute(volume_.volume().mute);
    call_->Send(std::move(request));
  }
  volume_.OnAsked(Ping(*call_));
}

// Pause freezes the server's clock at once, so it waits for nothing.
void PlaybackStream::SyncPause() {
  const bool paused = paused_at_.has_value();
  if (!log_.in_epoch() || log_.said_epoch() != log_.newest_epoch() ||
      said_paused_ == paused) {
    return;
  }
  auto request = call_->NewRequest();
  if (paused) {
    request->mutable_pause();
  } else {
    request->mutable_resume();
  }
  call_->Send(std::move(request));
  said_paused_ = paused;
}

}  // namespace earshot
