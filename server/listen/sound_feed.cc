#include "server/listen/sound_feed.h"

#include <algorithm>
#include <utility>

namespace earshot {

void SoundFeed::Add(Played played) {
  using Kind = Played::Kind;
  const std::lock_guard lock(feed_mutex_);
  if (Repeats(played)) return;
  newest_due_ = std::max(newest_due_, played.due);
  quiet_.reset();
  switch (played.kind) {
    case Kind::kEpoch:
      epoch_ = played.params;
      epoch_begin_ = end_.load() + 1;
      break;
    case Kind::kEnd:
      epoch_.reset();
      break;
    case Kind::kPacket:
      ++packets_;
      break;
    case Kind::kSilence:
    case Kind::kStandstill:
      quiet_ = played;
      break;
    case Kind::kSkip:
      break;
  }
  const MonotonicTime due = played.due;
  Push({due, std::move(played), std::nullopt});
  Forget();
}

void SoundFeed::Tick(const FeedStatus& status, MonotonicTime now) {
  const std::lock_guard lock(feed_mutex_);
  const bool louder = status.volume != status_.volume;
  status_ = status;
  newest_due_ = std::max(newest_due_, now);
  if (louder) Push({now, std::nullopt, VolumeMessage(status.volume)});
  if (!readers_.empty() && now >= next_clock_) {
    next_clock_ = now + kClockInterval;
    Forget();  // also where nothing is played for long
    Push({now, std::nullopt,
          ClockMessage(status.state, status.sink_latency, now)});
  }
}

void SoundFeed::Close(std::string reason) {
  const std::lock_guard lock(feed_mutex_);
  if (close_reason_.has_value()) return;
  close_reason_ = reason;
  Push({newest_due_, std::nullopt, StreamClosedMessage(reason)});
}

size_t SoundFeed::readers() const {
  const std::lock_guard lock(feed_mutex_);
  return readers_.size();
}

size_t SoundFeed::kept() const {
  const std::lock_guard lock(feed_mutex_);
  return events_.size();
}

void SoundFeed::AddReader(const Place* place) {
  const std::lock_guard lock(feed_mutex_);
  readers_.push_back(place);
}

void SoundFeed::RemoveReader(const Place* place) {
  const std::lock_guard lock(feed_mutex_);
  std::erase(readers_, place);
  Forget();
}

std::vector<ListenMessage> SoundFeed::Read(Place* place, MonotonicTime now) {
  const std::lock_guard lock(feed_mutex_);
  if (!place->joined || place->next < first()) return Snapshot(place, now);
  if (place->next == end_.load()) return {};
  Event& event = events_[static_cast<size_t>(place->next - first())];
  ++place->next;
  place->closed = close_reason_.has_value() && place->next == end_.load();
  if (event.played.has_value()) {
    if (event.played->kind == Played::Kind::kPacket) ++place->packets;
    if (!event.message.has_value()) {
      event.message = MessageOf(*event.played);
      event.played->payload = {};  // it is in there
    }
  }
  return {*event.message};
}

void SoundFeed::Push(Event event) {
  events_.push_back(std::move(event));
  end_.fetch_add(1, std::memory_order_release);
}

// What is too old for all who may want it.
void SoundFeed::Forget() {
  while (events_.size() > 1) {
    const auto age = newest_due_ - events_.front().time;
    if (age <= kPreRoll || (age <= kPatience && !ReadByAll(first()))) return;
    events_.pop_front();
  }
}

// Looks at the readers only once those have read on that it knew of: with each
// tenth event or so.
bool SoundFeed::ReadByAll(uint64_t number) {
  if (number < slowest_) return true;
  slowest_ = end_.load();
  for (const Place* place : readers_) {
    if (place->joined) slowest_ = std::min(slowest_, place->next);
  }
  return number < slowest_;
}

// It goes on being quiet, for the same reason.
bool SoundFeed::Repeats(const Played& played) const {
  return quiet_.has_value() && quiet_->kind == played.kind &&
         quiet_->state == played.state;
}

std::vector<ListenMessage> SoundFeed::Snapshot(Place* place,
                                               MonotonicTime now) {
  std::vector<ListenMessage> messages;
  const uint64_t next = PreRollStart();
  const int64_t packets = PacketsBefore(next);
  if (place->joined) {
    messages.push_back(MovedForwardMessage(packets - place->packets));
  }
  *place = {/*joined=*/true, next, packets};
  slowest_ = std::min(slowest_, next);
  messages.push_back(ClockMessage(status_.state, status_.sink_latency, now));
  messages.push_back(VolumeMessage(status_.volume));
  if (epoch_.has_value()) {
    Played start;
    start.kind = Played::Kind::kEpoch;
    start.params = *epoch_;
    messages.push_back(MessageOf(start));
    // It has been quiet for longer than the ring remembers.
    if (quiet_.has_value() && quiet_->due < newest_due_ - kPreRoll) {
      messages.push_back(MessageOf(*quiet_));
    }
  }
  if (close_reason_.has_value()) {
    messages.push_back(StreamClosedMessage(*close_reason_));
    place->next = end_.load();
    place->closed = true;
  }
  return messages;
}

// The first event of the epoch that is not older than the pre-roll.
uint64_t SoundFeed::PreRollStart() const {
  if (!epoch_.has_value()) return end_.load();
  uint64_t start = std::max(first(), epoch_begin_);
  while (start < end_.load()) {
    const Event& event = events_[static_cast<size_t>(start - first())];
    if (event.played.has_value() &&
        event.played->due >= newest_due_ - kPreRoll) {
      break;
    }
    ++start;
  }
  return start;
}

int64_t SoundFeed::PacketsBefore(uint64_t number) const {
  return packets_ -
         std::count_if(
             events_.begin() + static_cast<ptrdiff_t>(number - first()),
             events_.end(), [](const Event& event) {
               return event.played.has_value() &&
                      event.played->kind == Played::Kind::kPacket;
             });
}

}  // namespace earshot
