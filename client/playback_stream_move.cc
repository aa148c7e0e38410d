// PlaybackStream: how it leaves a server that wants it to go away.
#include <spdlog/spdlog.h>

#include <boost/system/error_code.hpp>
#include <chrono>
#include <utility>

#include "client/playback_stream.h"

namespace earshot {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

// Opening takes a round trip over the new connection. What is said meanwhile
// reaches up to the change-over, so that it costs nothing.
constexpr milliseconds kOpenTime{40};
// Past the change-over nothing is said until the stream is open elsewhere: not
// for longer than the server's margin can bear.
constexpr milliseconds kOpenPatience{500};
constexpr milliseconds kMovePatience{1000};

}  // namespace

void PlaybackStream::OnGoAway(StreamCall& call, const v1::GoAway& go_away) {
  if (&call != call_.get() || !open_ || going_away_ || closing_) return;
  spdlog::info("the server wants us to leave stream={} reason={} in_ms={}",
               options_.stream, v1::GoAway::Reason_Name(go_away.reason()),
               go_away.deadline_ms());
  going_away_ = true;
  moves_tried_ = 0;
  redialer_.LookUp();
  elsewhere_.Connect();
}

// Between two packets that are still to come; between those that were and those
// that are still to come where none come, or the first plan failed.
SendLog::Point PlaybackStream::PlanMove() {
  int64_t frame = log_.end();
  if (Plays() && moves_tried_ == 0) {
    const nanoseconds time =
        kOpenTime + 2 * round_trip().value_or(nanoseconds(0));
    frame = std::max(frame, log_.in_silence() ? listener_.QuietEnd() : 0) +
            time.count() / 1000 * log_.rate_hz() / 1000000;
  } else if (log_.in_silence()) {
    frame = std::max(frame, listener_.QuietEnd());
  }
  return {log_.newest_epoch(),
          log_.in_epoch() ? log_.PacketStartFrom(frame) : log_.end()};
}

void PlaybackStream::OpenElsewhere() {
  if (!open_ || next_ != nullptr) return;
  move_ = PlanMove();
  ++moves_tried_;
  log_.SetBarrier(move_);
  StreamCall::Options options = options_.call;
  options.open_patience = kOpenPatience;
  // The epoch that the call has to go on with, if it is still under way.
  const SendLog::Point named = log_.in_epoch() ? move_ : SendLog::Point();
  next_volume_.reset();
  next_ = std::make_unique<StreamCall>(
      targets_.channel(), executor_, std::move(options), MakeOpen(named),
      ResponseChecker(), static_cast<StreamCall::Listener&>(*this));
  // The epoch may stand still before it comes there.
  move_timer_.expires_after(kMovePatience);
  move_timer_.async_wait([this, alive = std::weak_ptr<int>(alive_)](
                             const boost::system::error_code& error) {
    if (!error && !alive.expired() && next_ != nullptr) GiveUpMove();
  });
}

void PlaybackStream::TryMove() {
  if (next_ == nullptr || !next_->is_open()) return;
  switch (log_.AtBarrier(listener_.QuietEnd())) {
    case SendLog::BarrierState::kReached:
      Move();
      break;
    case SendLog::BarrierState::kMissed:
      GiveUpMove();
      break;
    case SendLog::BarrierState::kBefore:
      break;
  }
}

void PlaybackStream::Move() {
  Tail tail;
  tail.last_epoch = move_.epoch;
  tail.cut =
      log_.said_epoch() == move_.epoch && move_.epoch != 0 && !log_.end_said();
  if (tail.cut) {
    auto end = call_->NewRequest();
    end->mutable_end()->set_end_frame(move_.frame);
    call_->Send(std::move(end));
  }
  call_->SetPlaying(false);
  call_->Finish();
  tail.call = std::exchange(call_, std::move(next_));
  tails_.push_back(std::move(tail));

  held_grant_ = granted();
  log_.MoveTo(move_);
  spdlog::info("stream moved stream={} server={} epoch={} position={}",
               options_.stream, targets_.address(), move_.epoch, move_.frame);
  move_timer_.cancel();
  elsewhere_.Stop();
  TakeOpened(next_opened_);
  const bool other_volume =
      next_volume_.has_value() && volume_.OnVolume(*next_volume_);
  Pump();
  listener_.OnOpen(false);
  if (other_volume) listener_.OnVolume();
}

void PlaybackStream::GiveUpMove() {
  move_timer_.cancel();
  next_.reset();
  log_.SetBarrier(std::nullopt);
  // Where there is one target only, it is that which may want to be left alone.
  if (!closing_) {
    redialer_.LookUp();
    elsewhere_.Connect(targets_.size() == 1 ? redialer_.WaitForTarget()
                                            : std::chrono::microseconds(0));
  }
  Pump();
}

}  // namespace earshot
