// SendLog: where another call goes on.
#include <algorithm>
#include <chrono>

#include "client/send_log.h"

namespace earshot {
namespace {

using std::chrono::nanoseconds;

// What a decoder needs to hear to be in the encoder's state, as near as one can
// tell (RFC 7845, 4.6).
constexpr int kPreRollMs = 80;
// Bounded, so that it never overflows: no window is that long.
int64_t Frames(nanoseconds time, int rate_hz) {
  const nanoseconds bounded =
      std::clamp<nanoseconds>(time, nanoseconds(0), std::chrono::hours(1));
  return bounded.count() / 1000 * rate_hz / 1000000;
}

}  // namespace

// Whether the item lies before `frame`.
bool SendLog::Before(const Epoch& e, int64_t index, int64_t frame) {
  const Item& item = e.at(index);
  if (item.kind != Kind::kSilence) return item.end <= frame;
  // It lasts until the next.
  return index + 1 < e.end_index() && e.at(index + 1).first <= frame;
}

// Of the first item that does not lie before `frame`.
int64_t SendLog::IndexAt(const Epoch& e, int64_t frame) {
  int64_t index = e.first_index;
  while (index < e.end_index() && Before(e, index, frame)) ++index;
  return index;
}

// Of the first packet of the pre-roll for the sound from `index` on.
int64_t SendLog::PreRollStart(const Epoch& e, int64_t index) {
  const int64_t enough = int64_t{e.rate_hz()} * kPreRollMs / 1000;
  // A codec without a delay has no state.
  if (e.begin.pre_skip_frames() == 0) return index;
  if (index < e.end_index() &&
      (e.at(index).kind == Kind::kSkip || e.at(index).codec_start)) {
    return index;
  }
  int64_t decoded = 0;
  while (index > e.first_index && decoded < enough) {
    const Item& item = e.at(index - 1);
    if (item.kind == Kind::kSkip) break;
    --index;
    decoded += item.decoded_frames;
    if (item.codec_start) break;
  }
  return index;
}

bool SendLog::Resume(uint64_t received_epoch, int64_t received_frame,
                     bool received_end) {
  Confirm();
  begun_ = end_said_ = silent_ = false;
  cursor_epoch_ = 0;
  // What it knows nothing of has to be here from its beginning.
  for (const Epoch& e : epochs_) {
    const bool whole = e.start == 0 && e.first_index == 0 && e.played == 0;
    if (e.id() > received_epoch && !whole) return false;
  }
  // What is not here any more has ended, as every server has heard.
  if (epochs_.empty() || received_epoch < epochs_.front().id()) {
    return received_epoch == 0 || received_end;
  }
  Epoch* e = Find(received_epoch);
  if (e == nullptr || (received_end && !e->ended)) return false;
  // Silence that goes on is not received before it is confirmed.
  if (received_frame < e->start || received_frame > e->said) return false;
  const int64_t index = IndexAt(*e, received_frame);
  if (index < e->end_index()) {
    const Item& item = e->at(index);
    silent_ = index > e->first_index && e->at(index - 1).kind == Kind::kSilence;
    // Packets come whole, and what was played is not here any more.
    if (item.kind == Kind::kPacket && item.first < received_frame) return false;
    if (item.first > received_frame && !silent_) return false;
  }
  cursor_epoch_ = e->id();
  begun_ = true;
  next_index_ = sound_index_ = index;
  position_ = received_frame;
  end_said_ = received_end;
  return true;
}

// Where sound begins that no server has had before `frame`.
int64_t SendLog::RoundUp(const Epoch& e, int64_t frame, int64_t quiet_end) {
  const int64_t index = IndexAt(e, frame);
  if (index == e.end_index()) return frame;
  const Item& item = e.at(index);
  if (item.kind == Kind::kPacket) {
    if (item.first < frame) return item.end;
    // Silence before it need not be played again.
    return item.first;
  }
  if (item.kind == Kind::kSkip || item.first > frame) {
    return std::max(item.first, frame);
  }
  if (index + 1 < e.end_index()) return e.at(index + 1).first;
  // A server's clock may have been ahead: what follows comes there all the
  // same.
  return e.ended ? e.end : std::max(item.first, quiet_end);
}

SendLog::Point SendLog::PlanRestart(MonotonicTime now, nanoseconds slack,
                                    std::optional<MonotonicTime> paused_at,
                                    int64_t quiet_end) const {
  std::optional<MonotonicTime> since;  // of an epoch whose turn it then was
  for (const Epoch& e : epochs_) {
    int64_t bound = e.start;
    const MonotonicTime from = since ? *since : e.played_at;
    if (e.begun) {
      const MonotonicTime until =
          !e.ended && paused_at ? std::min(now, *paused_at) : now;
      bound = std::min(e.said,
                       e.played + Frames(until - from + slack, e.rate_hz()));
      bound = std::max(bound, e.played);
    }
    const int64_t frame = RoundUp(e, bound, quiet_end);
    if (!e.ended || frame < e.end) return {e.id(), frame};
    since =
        from + nanoseconds((e.end - e.played) * 1000000 / e.rate_hz() * 1000);
  }
  if (epochs_.empty()) return {};
  return {epochs_.back().id(), epochs_.back().end};
}

// Frames there that were not skipped.
int64_t SendLog::SoundIn(const Epoch& e, int64_t from, int64_t to) {
  int64_t sound = std::max<int64_t>(to - from, 0);
  for (const Item& item : e.items) {
    if (item.kind != Kind::kSkip) continue;
    sound -= std::max<int64_t>(
        std::min(item.end, to) - std::max(item.first, from), 0);
  }
  return sound;
}

std::vector<SendLog::Loss> SendLog::Restart(const Point& point) {
  std::vector<Loss> losses;
  while (!epochs_.empty() && epochs_.front().id() <= point.epoch) {
    const Epoch& e = epochs_.front();
    if (e.id() == point.epoch && (!e.ended || point.frame < e.end)) break;
    losses.push_back({e.id(), SoundIn(e, e.played, e.end), true});
    DropFront();
  }
  begun_ = end_said_ = silent_ = false;
  cursor_epoch_ = 0;
  if (Epoch* e = Find(point.epoch); e != nullptr) {
    if (const int64_t lost = SoundIn(*e, e->played, point.frame); lost > 0) {
      losses.push_back({e->id(), lost, false});
    }
    StartAt(*e, point.frame);
  }
  return losses;
}

void SendLog::DropUnsaid() {
  if (!in_epoch()) return;
  Epoch& e = epochs_.back();
  const bool at_cursor = e.id() == cursor_epoch_;
  e.end = at_cursor && begun_ ? position_ : e.start;
  int64_t keep =
      at_cursor ? std::max(next_index_, sound_index_) : e.first_index;
  // Silence that has lasted until there, did; a part of a skip was said.
  const bool across = keep < e.end_index() && e.at(keep).first < e.end;
  const bool silence = across && e.at(keep).kind == Kind::kSilence;
  if (across) {
    Item& item = e.items[keep - e.first_index];
    item.end = std::min(item.end, e.end);
    ++keep;
  }
  while (e.end_index() > keep) e.items.pop_back();
  // Silence is said again. Without sound to follow there is nothing to prepare
  // a decoder for.
  if (at_cursor) next_index_ = sound_index_ = silence ? keep - 1 : keep;
  // What was said to an earlier call is not what follows now.
  e.said = std::min(e.said, e.end);
  e.played = std::min(e.played, e.end);
}

void SendLog::MoveTo(const Point& point) {
  while (!epochs_.empty() && epochs_.front().id() < point.epoch) DropFront();
  if (Epoch* e = Find(point.epoch); e != nullptr) {
    // All of it may be the business of the one before, too.
    if (end_said_ || (e->ended && e->end <= point.frame)) {
      DropFront();
    } else {
      StartAt(*e, point.frame);
    }
  }
  begun_ = end_said_ = silent_ = false;
  cursor_epoch_ =
      epochs_.empty() || epochs_.front().id() != point.epoch ? 0 : point.epoch;
  barrier_.reset();
}

void SendLog::StartAt(Epoch& e, int64_t frame) {
  e.start = e.played = frame;
  e.said = std::max(e.said, frame);
  e.end = std::max(e.end, frame);
  e.unconfirmed.reset();
  cursor_epoch_ = e.id();
  sound_index_ = IndexAt(e, frame);
  next_index_ = PreRollStart(e, sound_index_);
}

}  // namespace earshot
