#include "client/playback_stream.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "client/connection_trouble.h"

namespace earshot {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

// A server's play-out comes in ticks: it may have played so much more.
constexpr milliseconds kTick{5};

}  // namespace

PlaybackStream::PlaybackStream(ServerTargets targets,
                               const boost::asio::any_io_executor& executor,
                               Options options, Listener& listener)
    : executor_(executor),
      options_(std::move(options)),
      listener_(listener),
      targets_(std::move(targets)),
      redialer_(executor, targets_,
                {.backoff = options_.backoff,
                 .refused_backoff = options_.refused_backoff,
                 .clock = options_.call.clock},
                static_cast<Redialer::Listener&>(*this)),
      elsewhere_(executor, targets_, options_.backoff, options_.look,
                 [this] { OpenElsewhere(); }),
      move_timer_(executor) {}

PlaybackStream::~PlaybackStream() = default;

void PlaybackStream::Open() {
  if (call_ == nullptr) redialer_.Dial();
}

void PlaybackStream::Close() {
  closing_ = true;
  elsewhere_.Stop();
  if (next_ != nullptr) GiveUpMove();
  redialer_.Stop();
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

void PlaybackStream::OnDial() {
  if (call_ != nullptr) return;
  // What it said last had traveled for no longer than this.
  restart_ = log_.PlanRestart(options_.call.clock(), last_round_trip_ + kTick,
                              paused_at_, listener_.QuietEnd());
  v1::Open open = MakeOpen(restart_);
  if (!pre_rolled_) open.set_resume_token(resume_token_);
  call_ = std::make_unique<StreamCall>(
      targets_.channel(), executor_, options_.call, open, checker_,
      static_cast<StreamCall::Listener&>(*this));
}

void PlaybackStream::OnNoAddress() {
  const absl::Status reason =
      absl::UnavailableError("no address of " + targets_.address());
  if (failures_++ == 0) {
    spdlog::warn("stream not opened stream={} reason=\"{}\"", options_.stream,
                 std::string(reason.message()));
  }
  targets_.Rotate();
  redialer_.DialAgain(Wanted());
  listener_.OnLost(reason);
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
  redialer_.OnAccepted();
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
    HeedRetry(call);
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
  if (resumes) redialer_.OnUseful();
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
  HeedRetry(*call_);
  if (IsRefusal(reason)) redialer_.OnRefused();
  if (!open_ || going_away_) targets_.Rotate();
  if (going_away_) targets_.Renew();
  ++failures_;
  open_ = going_away_ = false;
  call_.reset();
  next_.reset();
  elsewhere_.Stop();
  move_timer_.cancel();
  log_.SetBarrier(std::nullopt);
  redialer_.DialAgain(Wanted(), resumes);
  listener_.OnLost(reason);
}

void PlaybackStream::HeedRetry(const StreamCall& call) {
  if (call.retry_delay()) redialer_.PutOff(*call.retry_delay());
}

std::optional<nanoseconds> PlaybackStream::round_trip() const {
  if (call_ == nullptr) return std::nullopt;
  return call_->round_trip();
}

}  // namespace earshot
